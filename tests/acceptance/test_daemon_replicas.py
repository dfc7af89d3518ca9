"""Two daemons on one broker and one database: every event once, and the requests of one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from queues.settings import QueueProcessingSettings
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import INVENTORY, PRICING, Connector, Site, changes
from tests.acceptance.store import PRICES, STOCK

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def two(site: Site, **settings: str) -> AsyncIterator[tuple[Connector, Connector]]:
    """Have two daemons work at *site*."""
    async with site.connector(**settings) as one, site.connector(**settings) as other:
        yield one, other


async def working(one: Connector, other: Connector, kind: str) -> tuple[Connector, Connector]:
    """Wait until one of the two runs the queue; give it first."""
    queue: Mapping[str, Any] = await one.api.until(f"queues/{kind}", lambda queue: queue["worker"] is not None)
    number = int(queue["worker"].rpartition(":")[2])
    assert number in {one.daemon.pid, other.daemon.pid}
    return (one, other) if number == one.daemon.pid else (other, one)


async def test_fifty_events_make_two_requests_and_arrive_once(own_site: Site) -> None:
    since = await own_site.store.mark()
    async with two(own_site) as (one, other):
        await one.api.put_settings(check_process_time=1, process_sleep_time=1)
        events = await one.collect(PRICING, changes(PRICING, own_site.skus(50)))

        await other.run_to_its_end(PRICING)
        await one.run_to_its_end(PRICING)

        requests = await own_site.store.requests(PRICES, since=since)
        assert [each.rows for each in requests] == [25, 25]
        (await reconcile(own_site, events, requests)).check(retry_count=1)
        assert [await each.daemon.stop() for each in (one, other)] == [0, 0]


async def test_each_of_two_queues_may_run_on_another_daemon(own_site: Site) -> None:
    since = await own_site.store.mark()
    async with two(own_site) as (one, other):
        await one.api.put_settings(check_process_time=1, process_sleep_time=1)
        prices = await one.collect(PRICING, changes(PRICING, own_site.skus(2)))
        stock = await one.collect(INVENTORY, changes(INVENTORY, own_site.skus(2)))
        await one.api.post(f"queues/{PRICING}/resume")
        await one.run(PRICING)
        first, second = await working(one, other, PRICING)

        # The one that has the prices in hand does nothing more for a while.
        async with first.frozen():
            run = await second.run_to_its_end(INVENTORY)
            state = await second.api.get(f"queues/{PRICING}")
        await second.wait_until_waiting(PRICING, 0)
        await second.idle(PRICING)

        assert run["worker"].endswith(f":{second.daemon.pid}")
        assert run["delivered"] == 2
        assert state["worker"].endswith(f":{first.daemon.pid}")
        for events, path in ((prices, PRICES), (stock, STOCK)):
            account = await reconcile(own_site, events, await own_site.store.requests(path, since=since))
            account.check(retry_count=1)


async def test_when_one_is_killed_in_the_middle_the_other_finishes_everything(own_site: Site) -> None:
    settings = QueueProcessingSettings(threshold_count=0, batch_count=5, check_process_time=1, process_sleep_time=1)
    await own_site.put_settings(settings)
    since = await own_site.store.mark()
    async with two(own_site, SCHEDULE_INTERVAL="1", MAGENTO_TIMEOUT="2", MAGENTO_CONNECT_TIMEOUT="1") as (one, other):
        await own_site.store.fault("slow", seconds=0.1)
        events = await one.collect(PRICING, changes(PRICING, own_site.skus(200)))
        await one.api.post(f"queues/{PRICING}/resume")
        first, second = await working(one, other, PRICING)
        await own_site.store.wait(10, PRICES, since=since)

        await first.daemon.kill()
        await own_site.store.mend()
        await second.wait_until_waiting(PRICING, 0)
        await second.api.until(f"queues/{PRICING}", lambda queue: queue["trying"] == 0 and queue["worker"] is None)

        account = await reconcile(own_site, events, await own_site.store.requests(PRICES, since=since))
        account.check(retry_count=3)
        assert await second.daemon.stop() == 0
