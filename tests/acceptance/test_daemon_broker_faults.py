"""A broker of the tests' own that raises alarms, takes rights away, loses patience, expires messages and dies."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import pytest_asyncio

from deploy.local.broker import USER, Broker
from queues.message import ChangeEvent, encode
from tests.acceptance.daemon_process import running_daemon
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import INVENTORY, PRICING, Connector, Site, change, changes, new_site
from tests.acceptance.store import PRICES, STOCK
from tests.acceptance.watchdogs import Witness
from tests.services import servers

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALM = "0.8"
"""Of the memory: the watermark as it was."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """Provide a broker of this module."""
    with servers(broker=False, database=False):
        broker = Broker(tmp_path_factory.mktemp("broker"))
        try:
            await asyncio.to_thread(broker.start)
            yield broker
        finally:
            await asyncio.to_thread(broker.stop)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(broker: Broker, database_url: str, template_database: str) -> AsyncIterator[Site]:
    """Provide a site at that broker."""
    async with new_site(broker_url=broker.url, database_url=database_url, template_database=template_database) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def connector(site: Site) -> AsyncIterator[Connector]:
    """Provide a daemon with a run each second."""
    async with site.connector(SCHEDULE_INTERVAL="1") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def settings_of_one_test(connector: Connector) -> AsyncIterator[None]:
    """Start with runs of one check; leave the store as it was found."""
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1)
    yield
    await connector.site.store.mend()


async def control(broker: Broker, *arguments: str) -> str:
    return await asyncio.to_thread(broker.control, *arguments)


async def test_while_an_alarm_blocks_publishers_intake_says_so_and_consuming_goes_on(
    connector: Connector, broker: Broker
) -> None:
    site = connector.site
    witness = Witness.of(connector, "publishing_blocked", "broker")
    since = await site.store.mark()
    waiting = await connector.collect(PRICING, changes(PRICING, site.skus(3)))
    repeated = change(INVENTORY, site.skus(1)[0])

    await control(broker, "set_vm_memory_high_watermark", "absolute", "10MB")
    try:
        refused = await connector.api.call("POST", "events", document=event_document(repeated))
        seen = await witness.raised()
        at_once = await connector.api.call("POST", "events", document=event_document(repeated))
        await connector.api.post(f"queues/{PRICING}/resume")
        await site.store.wait(3, PRICES, since=since)
    finally:
        await control(broker, "set_vm_memory_high_watermark", CALM)
    await witness.cleared()
    accepted = await connector.api.call("POST", "events", document=event_document(repeated))
    await site.store.wait(1, STOCK, since=since)
    for kind in (PRICING, INVENTORY):
        await connector.further_runs(kind, 2)

    assert (refused.status, at_once.status, accepted.status) == (503, 503, 202)
    assert refused.headers["Retry-After"]
    assert seen.status == 503
    assert "alarm" in seen.reason("broker")
    # Two that were refused and one that was accepted: whatever landed of the first two is the same message.
    requests = await site.store.requests(since=since, method="POST")
    (await reconcile(site, [*waiting, repeated], requests)).check(retry_count=1)


async def test_rights_taken_away_at_run_time_are_told_and_the_queue_goes_on_when_they_are_back(
    connector: Connector, broker: Broker
) -> None:
    site, queue = connector.site, connector.site.queue(PRICING)
    witness = Witness.of(connector, "checks_failing", queue)
    since = await site.store.mark()
    events = await connector.collect(PRICING, changes(PRICING, site.skus(2)))

    await control(broker, "set_permissions", "--vhost", "/", USER, ".*", ".*", "^$")
    try:
        await connector.api.post(f"queues/{PRICING}/resume")
        seen = await witness.raised()
    finally:
        await control(broker, "set_permissions", "--vhost", "/", USER, ".*", ".*", ".*")
    await witness.cleared()
    await site.store.wait(2, PRICES, since=since)
    await connector.further_runs(PRICING, 1)

    assert seen.status == 503
    assert queue in seen.reason("queues")
    lines = connector.daemon.lines("check.cut_short", queue=queue, ended_by="broker_unavailable")
    assert any("ACCESS_REFUSED" in str(line["reason"]) for line in lines)
    (await reconcile(site, events, await site.store.requests(PRICES, since=since))).check(retry_count=1)


async def test_a_broker_that_loses_its_patience_with_a_consumer_doubles_nothing(
    connector: Connector, broker: Broker
) -> None:
    site, queue = connector.site, connector.site.queue(PRICING)
    since = await site.store.mark()
    events = await connector.collect(PRICING, changes(PRICING, site.skus(8)))
    await site.store.fault("slow", seconds=1)
    before = len(connector.daemon.lines("check.cut_short", queue=queue))

    await control(broker, "eval", patience(seconds=2, looks_each=1))
    try:
        await connector.api.post(f"queues/{PRICING}/resume")
        line = await connector.daemon.wait_for("check.cut_short", queue=queue, count=before + 1)
        await site.store.mend()
        await site.store.wait(8, PRICES, since=since)
    finally:
        await control(broker, "eval", patience(seconds=1800, looks_each=60))
    await connector.further_runs(PRICING, 2)

    assert "delivery acknowledgement" in str(line["reason"])
    (await reconcile(site, events, await site.store.requests(PRICES, since=since))).check(retry_count=1)


@pytest.mark.parametrize(
    "policy", ['{"message-ttl": 1}', '{"max-length": 1, "overflow": "drop-head"}'], ids=["expired", "dropped"]
)
async def test_what_a_policy_takes_out_of_a_queue_becomes_a_dead_letter(
    policy: str, connector: Connector, broker: Broker
) -> None:
    site = connector.site
    first, second = site.skus(2)
    await connector.pause(INVENTORY)

    await control(broker, "set_policy", "forbidden", f"^{site.queue(INVENTORY)}$", policy, "--apply-to", "queues")
    try:
        await site.publish([change(INVENTORY, first), change(INVENTORY, second)])
        letter = await connector.letter_of(first)
    finally:
        await control(broker, "clear_policy", "forbidden")
    since = await site.store.mark()
    await connector.api.post(f"dead-letters/{letter['id']}/reprocess")
    await connector.api.post(f"queues/{INVENTORY}/resume")
    await site.store.wait(1, STOCK, since=since)

    assert (letter["reason"], letter["attempts"]) == ("broker_dead_lettered", 0)
    await connector.letter_of(first, state="reprocessed")


async def test_a_reprocessing_needs_no_broker(connector: Connector, broker: Broker) -> None:
    site = connector.site
    (sku,) = site.skus(1)
    lost = Witness.of(connector, "broker_lost", "broker")
    await site.store.reject(sku)
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1, retry_count=1)
    await site.publish([change(PRICING, sku)])
    letter = await connector.letter_of(sku)
    await site.store.accept(sku)
    since = await site.store.mark()

    await asyncio.to_thread(broker.stop)
    try:
        seen = await lost.raised()
        await connector.api.post(f"dead-letters/{letter['id']}/reprocess")
        requests = await site.store.wait(1, PRICES, since=since)
        await connector.letter_of(sku, state="reprocessed")
    finally:
        await asyncio.to_thread(broker.start)
    await lost.cleared()

    assert seen.status == 503
    assert [each.skus for each in requests] == [[sku]]


async def test_a_broker_that_does_not_let_it_in_is_told_in_one_line_at_the_start(site: Site) -> None:
    parts = urlsplit(site.broker_url)
    wrong = urlunsplit(parts._replace(netloc=f"{USER}:not-the-password@{parts.hostname}:{parts.port}"))

    async with running_daemon(site.environment(BROKER_URL=wrong)) as daemon:
        code = await daemon.exit_code()

    assert code == 1
    (line,) = daemon.lines("daemon.not_started")
    assert "ACCESS_REFUSED" in str(line["reason"])
    assert "not-the-password" not in "\n".join(daemon.text)


def patience(*, seconds: int, looks_each: int) -> str:
    """Write what makes the broker close channels that leave a delivery unacknowledged for so long."""
    return (
        f"application:set_env(rabbit, consumer_timeout, {seconds * 1000}), "
        f"application:set_env(rabbit, channel_tick_interval, {looks_each * 1000})."
    )


def event_document(event: ChangeEvent) -> dict[str, object]:
    return dict(json.loads(encode(event)))
