"""The watchdogs: what goes wrong with one queue is seen in health, metrics and log, and is gone when it is mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest
import pytest_asyncio
from aiormq.exceptions import ChannelNotFoundEntity

from queues.message import encode
from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, Connector, Site, change, changes
from tests.acceptance.store import PRICES, PRODUCTS, STOCK
from tests.acceptance.watchdogs import Witness

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"SCHEDULE_INTERVAL": "1", "OLDEST_MESSAGE_ALERT": "2", "MAGENTO_TIMEOUT": "1", "MAGENTO_CONNECT_TIMEOUT": "1"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def connector(site: Site) -> AsyncIterator[Connector]:
    """Provide a daemon whose grid and patience are those of a test: a look a second, two seconds are old."""
    async with site.connector(**QUICK) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def settings_of_one_test(connector: Connector) -> AsyncIterator[None]:
    """Start with runs of one check; leave the store as it was found."""
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1)
    yield
    await connector.site.store.mend()


async def declare(site: Site, kind: str, **arguments: str | int) -> None:
    """Declare the queue of *kind* by hand: as the daemon does, and with these *arguments* beside."""
    await site.broker.declare(site.queue(kind), **{"x_dead_letter_exchange": f"{site.instance}.dead", **arguments})


async def delivers(site: Site, kind: str, path: str) -> None:
    """Have one event of *kind* arrive at the store: its queue is worked on."""
    since = await site.store.mark()
    await site.publish([change(kind, site.skus(1)[0])])
    await site.store.wait(1, path, since=since)


@asynccontextmanager
async def locked(site: Site, kind: str) -> AsyncIterator[None]:
    """Hold a lock on the queue's schedule between two runs, as a person's forgotten transaction does."""
    connection = await asyncpg.connect(site.database_url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        lock = "select run_id from schedules where queue = $1 for update"
        while await connection.fetchval(lock, site.queue(kind)) is not None:
            await transaction.rollback()
            transaction = connection.transaction()
            await transaction.start()
        yield
        await transaction.rollback()
    finally:
        await connection.close()


async def test_a_deleted_queue_is_told_and_not_declared_again_and_the_others_go_on(connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(INVENTORY)
    witness = Witness.of(connector, "missing_at_broker", queue)
    (sku,) = site.skus(1)
    lost_its_way = encode(change(INVENTORY, sku))

    await site.broker.delete(queue)
    seen = await witness.raised()
    await delivers(site, PRICING, PRICES)
    taken_in = await connector.api.call(
        "POST", "events", body=lost_its_way, headers={"Content-Type": "application/cloudevents+json"}
    )
    letter = await connector.letter_of(sku)
    with pytest.raises(ChannelNotFoundEntity):
        await site.broker.ready(queue)
    await declare(site, INVENTORY)
    await witness.cleared()

    assert (seen.status, seen.health["status"], seen.metric) == (503, "not ready", 1)
    assert queue in seen.reason("queues")
    # What came for it meanwhile is not refused, and not lost.
    assert (taken_in.status, taken_in.document["accepted"]) == (202, 1)
    assert (letter["reason"], letter["attempts"]) == ("unrouted", 0)
    await connector.api.post(f"dead-letters/{letter['id']}/reprocess")
    await connector.letter_of(sku, state="reprocessed")
    # Whoever declared it knew nothing of its binding.
    await delivers(site, INVENTORY, STOCK)


async def test_a_queue_that_stands_there_otherwise_is_told_and_used_as_it_is(connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(PRODUCT_STATUS)
    witness = Witness.of(connector, "differs_at_broker", queue)
    missing = Witness.of(connector, "missing_at_broker", queue)

    await site.broker.delete(queue)
    await missing.raised()
    await declare(site, PRODUCT_STATUS, x_max_length=1000)
    seen = await witness.raised()
    await delivers(site, PRODUCT_STATUS, PRODUCTS)
    await delivers(site, PRICING, PRICES)
    await site.broker.delete(queue)
    await declare(site, PRODUCT_STATUS)
    await witness.cleared()

    assert (seen.status, seen.health["status"], seen.metric) == (200, "degraded", 1)
    assert "x-max-length" in seen.warning("differs_at_broker", queue)


async def test_a_consumer_that_the_broker_cancels_is_told_and_the_next_check_goes_on(connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(PRICING)
    witness = Witness.of(connector, "consumer_cancelled", queue)
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1, threshold_count=5000)
    since = await site.store.mark()
    # More than a check holds in hand: its consumer stays until the last of them is fetched.
    await connector.collect(PRICING, changes(PRICING, site.skus(1600)))
    await site.store.fault("slow", seconds=0.5)

    await connector.api.post(f"queues/{PRICING}/resume")
    await site.store.wait(1, PRICES, since=since)
    await connector.api.post(f"queues/{PRICING}/pause", {"reason": "this check is the last one"})
    await site.broker.delete(queue)
    # Declared again at once, the broker would have its consumer go on with the new queue and tell nobody.
    seen = await witness.raised()
    await declare(site, PRICING)
    await delivers(site, INVENTORY, STOCK)
    await site.store.mend()
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1, batch_count=1000)
    await connector.api.post(f"queues/{PRICING}/resume")
    await witness.cleared()

    assert seen.metric == 1
    assert "cancelled" in seen.warning("consumer_cancelled", queue)
    await connector.api.until(f"queues/{PRICING}", lambda each: each["waiting"] == 0)


@pytest.mark.parametrize(
    ("lease", "begun", "reason"),
    [("1 day", "0 s", "ghost holds it for another"), ("50 s", "1 hour", "ghost holds it and did nothing for")],
    ids=["held far ahead", "held by somebody who does nothing"],
)
async def test_a_lease_that_is_stuck_is_told(lease: str, begun: str, reason: str, connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(INVENTORY)
    witness = Witness.of(connector, "lease_stuck", queue)
    await connector.pause(INVENTORY)

    await site.rows(
        """
        with held as (
            update schedules set run_id = gen_random_uuid(), worker = 'ghost', tick = now(), paused_since = null,
                                 lease_until = now() + $2::text::interval, fencing_token = fencing_token + 1
            where queue = $1 returning *
        ),
        forgotten as (delete from runs where queue = $1)
        insert into runs (id, queue, fencing_token, worker, tick, started_at)
        select run_id, queue, fencing_token, worker, tick, now() - $3::text::interval from held
        """,
        queue,
        lease,
        begun,
    )
    seen = await witness.raised()
    await delivers(site, PRICING, PRICES)
    await site.rows("update schedules set lease_until = now() where queue = $1", queue)
    await witness.cleared()

    assert (seen.status, seen.metric) == (503, 1)
    assert f"{queue}: {reason}" in seen.reason("schedules")
    await delivers(site, INVENTORY, STOCK)


async def test_a_schedule_that_is_not_kept_is_told(connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(PRODUCT_STATUS)
    witness = Witness.of(connector, "schedule_late", queue)

    async with locked(site, PRODUCT_STATUS):
        seen = await witness.raised()
        await delivers(site, PRICING, PRICES)
    await witness.cleared()

    assert (seen.status, seen.metric) == (503, 1)
    assert f"{queue}: a run has been due for" in seen.reason("schedules")


async def test_a_target_that_is_away_is_one_alarm_for_all_its_queues(connector: Connector) -> None:
    site = connector.site
    witness = Witness.of(connector, "target_lost", "magento")
    # Only what still waits is tried, and only that tells of the outage.
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1, retry_count=1000)
    await site.store.fault("down")

    await site.publish([change(kind, sku) for kind in (PRICING, PRODUCT_STATUS) for sku in site.skus(6)])
    seen = await witness.raised()
    for kind in (PRICING, PRODUCT_STATUS):
        await connector.daemon.wait_for(
            "check.finished", queue=site.queue(kind), ended_by="target_unreachable", count=2
        )
    told = connector.daemon.lines("watchdog.raised", watchdog="target_lost")
    await site.store.mend()
    await witness.cleared()

    assert (seen.status, seen.health["status"], seen.metric) == (200, "degraded", 1)
    assert "target_unreachable" in seen.warning("target_lost", "magento")
    assert len(told) == witness.known + 1


async def test_a_message_that_has_waited_long_in_the_ledger_is_told(connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(PRODUCT_STATUS)
    (sku,) = site.skus(1)
    witness = Witness.of(connector, "message_old", queue)
    await connector.api.put_settings(check_process_time=1, process_sleep_time=1, retry_count=1000)
    await site.store.reject(sku)

    await site.publish([change(PRODUCT_STATUS, sku)])
    seen = await witness.raised()
    await delivers(site, PRICING, PRICES)
    await site.store.accept(sku)
    await witness.cleared()

    assert (seen.status, seen.health["status"], seen.metric) == (200, "degraded", 1)
    assert "the oldest message has waited for" in seen.warning("message_old", queue)


async def test_a_message_that_has_waited_long_at_the_broker_is_told(connector: Connector) -> None:
    site, queue = connector.site, connector.site.queue(INVENTORY)
    witness = Witness.of(connector, "message_old", queue)
    await site.store.fault("rate_limited", retry_after=3600, count=1, path=STOCK)
    await site.publish([change(INVENTORY, site.skus(1)[0])])
    await connector.api.until(f"queues/{INVENTORY}", lambda each: each["hold_until"] is not None)
    # Settled, so that what waits from now on waits at the broker alone.
    await site.rows("update ledger set state = 'delivered', settled_at = now() where queue = $1", queue)

    await site.publish([change(INVENTORY, site.skus(1)[0])])
    seen = await witness.raised()
    oldest = await asyncio.wait_for(_oldest(connector, queue), 60)
    await site.rows("update schedules set hold_until = null where queue = $1", queue)
    await witness.cleared()

    assert seen.metric == 1
    assert oldest >= 2


async def _oldest(connector: Connector, queue: str) -> float:
    text = (await connector.api.call("GET", "/metrics")).document
    (line,) = [
        each for each in text.splitlines() if each.startswith(f'connector_queue_oldest_seconds{{queue="{queue}"}}')
    ]
    return float(line.split()[-1])
