"""SIGKILL at every failpoint, singly and in batches; restart, run to quiet: nothing is lost, doubled or overspent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio

from queues.failpoints import POINTS
from queues.message import encode
from tests.acceptance.lives import (
    SETTINGS,
    Load,
    Mode,
    account_of,
    life,
    made,
    publish_load,
    run_to_quiet,
    whole_life,
)
from tests.acceptance.site import PRICING, Connector, Site, change

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """
    What a kill at one point leaves behind, for the record that goes out first.

    Attributes:
        outcomes: of its attempts, in the end; None: either way.
        requests: that carried it.
        of_first: the trap springs for that record; False: for whoever passes first.
        prepare: `outage` makes the check end early, `slow` makes it last, `coalesce` collects before sending.
    """

    outcomes: Sequence[str] | None
    requests: int | None = None
    of_first: bool = True
    prepare: str = ""


UNTOUCHED: Final = Fall(outcomes=["delivered"], requests=1)
WASTED: Final = Fall(outcomes=["unknown", "delivered"], requests=1)
REPEATED: Final = Fall(outcomes=["unknown", "delivered"], requests=2)

FALLS: Final[Mapping[str, Fall]] = {
    "run.begun": replace(UNTOUCHED, of_first=False),
    "check.opened": replace(UNTOUCHED, of_first=False),
    "take.delivered": UNTOUCHED,
    "collect.kept": replace(UNTOUCHED, of_first=False, prepare="coalesce"),
    "claim.uncommitted": UNTOUCHED,
    "claim.committed": WASTED,
    "request.begun": WASTED,
    "request.answering": replace(REPEATED, of_first=False),
    "request.answered": REPEATED,
    "settle.begun": REPEATED,
    "settle.uncommitted": REPEATED,
    "settle.committed": UNTOUCHED,
    "acknowledge.sent": UNTOUCHED,
    "keep.uncommitted": Fall(outcomes=None, of_first=False, prepare="outage"),
    "keep.committed": Fall(outcomes=None, of_first=False, prepare="outage"),
    "check.finished": replace(UNTOUCHED, of_first=False),
    "run.finished": replace(UNTOUCHED, of_first=False),
    "lease.renewed": Fall(outcomes=None, of_first=False, prepare="slow"),
}
OTHERS: Final = {
    "intake.confirmed",
    "intake.remembered",
    "requeue.uncommitted",
    "requeue.committed",
    "collector.stored",
    # The start: tests/acceptance/test_daemon_start.py.
    "start.connected",
    "start.declared",
    # A run of a sync: tests/acceptance/test_daemon_syncs.py.
    "sync.noted",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def quiet_site(site: Site) -> Site:
    """A site whose queues exist, and at which no daemon lives."""
    async with whole_life(site) as connector:
        assert await connector.daemon.stop() == 0
    return site


async def test_every_point_is_swept() -> None:
    assert FALLS.keys() | OTHERS == POINTS.keys()


@pytest.mark.parametrize("mode", ["single", "batch"])
@pytest.mark.parametrize("point", FALLS)
async def test_after_a_kill_everything_meets_its_fate_once(point: str, mode: Mode, quiet_site: Site) -> None:
    fall = FALLS[point]
    load = await prepared(quiet_site, mode, fall.prepare)

    await killed(quiet_site, f"{point}[{load.first}]" if fall.of_first else point)
    await mended(quiet_site, load)
    await run_to_quiet(quiet_site, load.kind)

    account, requests = await account_of(quiet_site, load)
    if fall.outcomes is not None:
        assert account.outcomes[load.first] == fall.outcomes
        assert made(requests, load.first) == fall.requests


@pytest.mark.parametrize("mode", ["single", "batch"])
async def test_a_stop_wherever_it_comes_leaves_no_outcome_unknown(mode: Mode, quiet_site: Site) -> None:
    loads = []
    for point, fall in FALLS.items():
        load = await prepared(quiet_site, mode, fall.prepare)
        loads.append(load)
        where = f"{point}[{load.first}]" if fall.of_first else point
        async with life(quiet_site, traps=f"{where}=terminate") as daemon:
            assert await daemon.exit_code() == 0, point
            assert f"failpoint {point}: terminate" in daemon.text
        await mended(quiet_site, *loads)
    await run_to_quiet(quiet_site, loads[0].kind)

    for point, load in zip(FALLS, loads, strict=True):
        account, _ = await account_of(quiet_site, load)
        told = {outcome for outcomes in account.outcomes.values() for outcome in outcomes}
        assert told <= {"delivered", "refused", "unreachable", "undetermined"}, point


@pytest.mark.parametrize("point", ["intake.confirmed", "intake.remembered"])
async def test_an_event_whose_sender_was_not_answered_may_be_repeated_and_goes_out_once(
    point: str, quiet_site: Site
) -> None:
    (sku,) = quiet_site.skus(1)
    event = change(PRICING, sku)
    async with whole_life(quiet_site, traps=f"{point}=kill", SCHEDULE_INTERVAL="60") as connector:
        await connector.idle(PRICING)
        with pytest.raises(aiohttp.ClientError):
            await post(connector, event_body := encode(event))
        await connector.daemon.exit_code()

    async with whole_life(quiet_site) as connector:
        assert (await post(connector, event_body))["status"] == 202
        await connector.run_to_its_end(PRICING)
        assert await connector.daemon.stop() == 0

    assert await outcomes_of(quiet_site, sku) == [(0, "delivered")]


@pytest.mark.parametrize(("point", "status"), [("requeue.uncommitted", 202), ("requeue.committed", 409)])
async def test_a_click_whose_answer_was_lost_reprocesses_once_however_often_it_is_repeated(
    point: str, status: int, quiet_site: Site
) -> None:
    (sku,) = quiet_site.skus(1)
    await quiet_site.store.reject(sku)
    await quiet_site.put_settings(replace(SETTINGS["single"], retry_count=1))
    await quiet_site.publish([change(PRICING, sku)])
    await run_to_quiet(quiet_site, PRICING)
    await quiet_site.store.accept(sku)
    async with whole_life(quiet_site, traps=f"{point}=kill") as connector:
        letter = await connector.letter_of(sku)
        with pytest.raises(aiohttp.ClientError):
            await reprocess(connector, letter["id"])
        await connector.daemon.exit_code()

    async with whole_life(quiet_site) as connector:
        assert await reprocess(connector, letter["id"]) == status
        await connector.letter_of(sku, state="reprocessed")
        assert await connector.daemon.stop() == 0

    assert await outcomes_of(quiet_site, sku) == [(0, "refused"), (1, "delivered")]


async def test_a_message_nobody_routed_is_one_dead_letter_however_often_it_is_stored(quiet_site: Site) -> None:
    (sku,) = quiet_site.skus(1)
    body = encode(replace(change(PRICING, sku), type="to_magento.nonsense"))
    await quiet_site.publish_bytes("to_magento.nonsense", [body])
    await killed(quiet_site, "collector.stored")

    async with whole_life(quiet_site) as connector:
        await connector.daemon.wait_for("collector.stored")
        assert await connector.daemon.stop() == 0

    letters = await quiet_site.rows("select state, reason, attempts from dead_letters where body = $1", body)
    assert letters == [{"state": "failed", "reason": "unrouted", "attempts": 0}]
    assert await quiet_site.broker.ready(f"{quiet_site.instance}.unrouted") == 0


async def prepared(site: Site, mode: Mode, prepare: str) -> Load:
    """Have a load wait, with the settings and the fault of *prepare*."""
    settings = SETTINGS[mode]
    if prepare == "coalesce":
        settings = replace(settings, coalesce=True)
    if prepare == "outage":
        # Five requests in a row must fail before the check ends: one record each.
        settings = replace(settings, batch_count=1)
        await site.store.fault("down")
    if prepare == "slow":
        await site.store.fault("slow", seconds=0.4)
    await site.put_settings(settings)
    return await publish_load(site, mode)


async def mended(site: Site, *loads: Load) -> None:
    """End the fault; what is refused for good stays so."""
    await site.store.mend()
    await site.store.reject(*(load.refused for load in loads))


async def killed(site: Site, where: str) -> None:
    """Have a daemon that dies at *where*."""
    async with life(site, traps=f"{where}=kill") as daemon:
        assert await daemon.exit_code() == -9
        assert f"failpoint {where.partition('[')[0]}: kill" in daemon.text


async def post(connector: Connector, body: bytes) -> dict[str, Any]:
    """Post an event as its sender does."""
    answer = await connector.api.call(
        "POST", "events", body=body, headers={"Content-Type": "application/cloudevents+json"}
    )
    return {"status": answer.status, **answer.document}


async def reprocess(connector: Connector, letter: int) -> int:
    """Click, and tell the answer's status."""
    answer = await connector.api.call("POST", f"dead-letters/{letter}/reprocess", document={})
    return answer.status


async def outcomes_of(site: Site, sku: str) -> list[tuple[int, str]]:
    """Tell generation and outcome of every attempt of the only message of *sku*."""
    rows = await site.rows(
        "select a.generation, a.outcome from attempts a join ledger using (message_id, generation) "
        "where key = $1 order by a.generation, a.number",
        sku,
    )
    return [(row["generation"], row["outcome"]) for row in rows]
