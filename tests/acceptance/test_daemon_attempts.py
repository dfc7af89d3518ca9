"""A record that is always refused: exactly Retry Count requests, then none, until a person reprocesses it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from deploy.local.broker import Broker
from deploy.local.database import Database
from queues.message import encode
from queues.settings import QueueProcessingSettings
from tests.acceptance.daemon_process import run_command
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import PRICING, TOKEN, Connector, Site, change, new_site
from tests.acceptance.store import PRICES
from tests.cases_file import CASES

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE = 60
SHORT_MINUTE = 6
CLOCKS_DIFFER_SECONDS = 0.1
"""The daemon sleeps by one clock and the store writes down another; the bound is a lower one all the same."""


async def test_it_is_attempted_by_the_checks_of_the_worked_examples_and_then_never_again(
    broker_url: str, database_url: str, template_database: str
) -> None:
    # All examples at once: most of their time is waiting for the next check.
    async with asyncio.TaskGroup() as examples:
        for case in CASES["attempts"]:
            settings = QueueProcessingSettings(
                **{name: case[name] for name in ("retry_count", "check_process_time", "process_sleep_time")}
            )
            made = new_site(
                broker_url=broker_url,
                database_url=database_url,
                template_database=template_database,
                settings=settings,
            )
            examples.create_task(follow(case, made), name=str(case))


async def follow(case: dict[str, Any], made: AbstractAsyncContextManager[Site]) -> None:
    """Have one record refused at a site of its own until it is Failed, and hold what happened to the example."""
    # Where runs have one check each, the minutes between them are nothing but waiting: the grid is made finer.
    minute = MINUTE if case["check_process_time"] > SHORT_MINUTE else SHORT_MINUTE
    async with made as site, site.connector(SCHEDULE_INTERVAL=str(minute)) as connector:
        (sku,) = site.skus(1)
        await site.store.reject(sku)
        await connector.collect(PRICING, [change(PRICING, sku)])
        known = {run["id"] for run in await connector.api.items("runs", queue=site.queue(PRICING))}

        await connector.api.post(f"queues/{PRICING}/resume")
        await connector.run(PRICING)
        letter = await connector.letter_of(sku)

        requests = await site.store.requests(PRICES)
        assert len(requests) == case["retry_count"] == letter["attempts"]
        # The dead letter is written with the outcome, the check's own record after it.
        await connector.api.until("runs", partial(tells_of, case["retry_count"]), queue=site.queue(PRICING), limit=500)
        runs = [run for run in await connector.runs(PRICING) if run["id"] not in known]
        attempted = [check["requests"] for run in runs for check in run["checks"]]
        assert attempted[: case["retry_count"]] == [1] * case["retry_count"]
        assert not any(attempted[case["retry_count"] :])
        if were_instant(runs[0], sleep=case["process_sleep_time"]):
            assert [
                (number, position)
                for number, run in enumerate(runs)
                for position, check in enumerate(run["checks"])
                if check["requests"]
            ] == [divided(at, case["process_sleep_time"]) for at in case["attempts_at"]]
        began = datetime.fromisoformat(runs[0]["tick"])
        for request, at in zip(requests, case["attempts_at"], strict=True):
            expected = minute * (at // MINUTE) + at % MINUTE
            assert (request.at - began).total_seconds() >= expected - CLOCKS_DIFFER_SECONDS

        await connector.api.put_settings(check_process_time=1, process_sleep_time=1)
        await connector.run_to_its_end(PRICING)
        await connector.run_to_its_end(PRICING)
        assert len(await site.store.requests(PRICES)) == case["retry_count"]


def tells_of(requests: int, page: Mapping[str, Any]) -> bool:
    """Tell whether the runs of *page* have recorded so many requests."""
    recorded: int = sum(check["requests"] for run in page["items"] for check in run["checks"])
    return recorded >= requests


def were_instant(run: dict[str, Any], *, sleep: int) -> bool:
    """Tell whether the checks of *run* took no time worth mentioning, as those of the examples: else fewer fit in."""
    last = datetime.fromisoformat(run["checks"][-1]["started_at"])
    spent = (last - datetime.fromisoformat(run["tick"])).total_seconds() - sleep * (len(run["checks"]) - 1)
    return spent < sleep / 2


def divided(at: int, sleep: int) -> tuple[int, int]:
    """Give the run and the check of it that stand at second *at* of the example."""
    return at // MINUTE, at % MINUTE // sleep


async def test_no_restart_of_anything_attempts_a_failed_message_and_a_reprocessing_is_one_budget(
    private_broker: Broker, private_database: Database
) -> None:
    async with new_site(
        broker_url=private_broker.url,
        database_url=private_database.url,
        template_database=None,
        settings=QueueProcessingSettings(retry_count=2, check_process_time=1, process_sleep_time=1),
    ) as site:
        (sku,) = site.skus(1)
        event = change(PRICING, sku)
        await site.store.reject(sku)
        async with site.connector(SCHEDULE_INTERVAL="1") as connector:
            await site.publish([event])
            await connector.letter_of(sku)
            await connector.further_runs(PRICING, 1)
            assert await connector.daemon.stop() == 0
        assert len(await site.store.requests(PRICES)) == 2

        async with site.connector(SCHEDULE_INTERVAL="1") as connector:
            await connector.further_runs(PRICING, 2)
            assert len(await site.store.requests(PRICES)) == 2

            await asyncio.to_thread(private_broker.kill)
            await asyncio.to_thread(private_broker.start)
            await connector.further_runs(PRICING, 2)
            assert len(await site.store.requests(PRICES)) == 2

            await asyncio.to_thread(private_database.kill)
            await asyncio.to_thread(private_database.start)
            await connector.api.wait_until_ready()
            await connector.further_runs(PRICING, 2)
            assert len(await site.store.requests(PRICES)) == 2

            # The broker gives an old copy back: its fate is known.
            await site.publish_bytes(PRICING, [encode(event)])
            await connector.wait_until_waiting(PRICING, 0)
            await connector.further_runs(PRICING, 1)
            assert len(await site.store.requests(PRICES)) == 2

            letter = await connector.letter_of(sku)
            await connector.api.post(f"dead-letters/{letter['id']}/reprocess", {"reason": "once more"})
            await connector.api.until(
                f"dead-letters/{letter['id']}", lambda each: each["state"] == "failed" and each["generation"] == 1
            )
            await connector.further_runs(PRICING, 2)
            assert len(await site.store.requests(PRICES)) == 4
            story = await connector.api.get(f"dead-letters/{letter['id']}")
            assert [(each["generation"], each["number"]) for each in story["attempt_log"]] == [
                (0, 1),
                (0, 2),
                (1, 1),
                (1, 2),
            ]


async def failed(connector: Connector, *, retry_count: int) -> tuple[str, int]:
    """Have one record refused until it is Failed; give its SKU and the id of its dead letter."""
    await connector.api.put_settings(retry_count=retry_count, check_process_time=1, process_sleep_time=1)
    (sku,) = connector.site.skus(1)
    await connector.site.store.reject(sku)
    await connector.collect(PRICING, [change(PRICING, sku, price="77.25")])
    for _ in range(retry_count):
        await connector.run_to_its_end(PRICING)
    letter = await connector.letter_of(sku)
    return sku, letter["id"]


async def test_of_ten_who_click_at_once_one_reprocesses_and_nine_are_told_the_live_state(
    connector: Connector,
) -> None:
    sku, letter = await failed(connector, retry_count=2)
    since = await connector.site.store.mark()
    together = asyncio.Barrier(10)

    async def click(person: int) -> Any:  # noqa: ANN401 - an answer, looked at below
        await together.wait()
        return await connector.api.call(
            "POST", f"dead-letters/{letter}/reprocess", document={}, headers={"X-Actor": f"person {person}"}
        )

    answers = await asyncio.gather(*(click(person) for person in range(10)))

    assert sorted(answer.status for answer in answers) == [202] + [409] * 9
    refused = [answer.document for answer in answers if answer.status == 409]
    assert {(each["code"], each["state"]) for each in refused} == {("state_conflict", "reprocessing")}
    for _ in range(4):
        await connector.run_to_its_end(PRICING)
    assert len(await connector.site.store.requests(PRICES, since=since)) == 2
    again = await connector.letter_of(sku)
    assert (again["generation"], again["attempts"]) == (1, 2)
    acts = await connector.site.rows(
        "select actor from audit_log where action = 'dead_letter.reprocessed' and target = $1", str(letter)
    )
    assert len(acts) == 1


async def test_the_command_reprocesses_and_after_the_record_is_mended_it_goes_through(connector: Connector) -> None:
    sku, letter = await failed(connector, retry_count=1)
    site = connector.site
    access = {"CONNECTOR_ADMIN_TOKEN": TOKEN}
    words = (
        "dead-letters",
        "reprocess",
        str(letter),
        "--reason",
        "SKU mended",
        "--url",
        connector.api.address,
        "--json",
    )
    await site.store.accept(sku)
    since = await site.store.mark()

    first = await run_command(access, *words)
    second = await run_command(access, *words)
    await connector.run_to_its_end(PRICING)

    assert (first.code, first.document["requeued"]) == (0, 1)
    assert (second.code, second.document["requeued"]) == (1, 0)
    assert [each.skus for each in await site.store.requests(PRICES, since=since)] == [[sku]]
    mended = await connector.letter_of(sku, state="reprocessed")
    assert (mended["id"], mended["changed_why"]) == (letter, "SKU mended")
    assert (await site.store.product(sku))["prices"]["0"] == 77.25


async def test_the_account_of_a_record_that_was_refused_and_then_taken_is_complete(
    connector: Connector, site: Site
) -> None:
    await connector.api.put_settings(retry_count=3, check_process_time=1, process_sleep_time=1)
    (sku,) = site.skus(1)
    since = await site.store.mark()
    await site.store.reject(sku)
    events = await connector.collect(PRICING, [change(PRICING, sku)])
    await connector.run_to_its_end(PRICING)
    await connector.run_to_its_end(PRICING)
    await site.store.accept(sku)

    await connector.run_to_its_end(PRICING)

    account = await reconcile(site, events, await site.store.requests(PRICES, since=since))
    account.check(retry_count=3, bisected=True)
    assert account.outcomes[sku] == ["refused", "refused", "delivered"]
