"""A daemon that is killed in the middle of a thousand deliveries: the next one brings all of them over."""

import pytest

from queues.settings import QueueProcessingSettings
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import PRICING, PRODUCT_STATUS, Connector, Site, changes
from tests.acceptance.store import PRICES, PRODUCTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETRY_COUNT = 5


async def test_after_a_kill_in_mid_delivery_all_thousand_arrive_and_none_is_attempted_beyond_its_budget(
    own_site: Site,
) -> None:
    await own_site.put_settings(
        QueueProcessingSettings(retry_count=RETRY_COUNT, batch_count=10, check_process_time=1, process_sleep_time=1)
    )
    short = {"SCHEDULE_INTERVAL": "1", "MAGENTO_TIMEOUT": "3", "MAGENTO_CONNECT_TIMEOUT": "1"}
    skus = own_site.skus(1000)
    async with own_site.connector(**short) as connector:
        # Bulk requests on the one queue, single ones, several in hand, on the other.
        prices = await connector.collect(PRICING, changes(PRICING, skus))
        statuses = await connector.collect(PRODUCT_STATUS, changes(PRODUCT_STATUS, skus[:400]))
        await own_site.store.fault("slow", seconds=0.02)
        await connector.api.post(f"queues/{PRICING}/resume")
        await connector.api.post(f"queues/{PRODUCT_STATUS}/resume")
        await own_site.store.wait(20, PRICES)
        await own_site.store.wait(100, PRODUCTS, method="PUT")
        await connector.daemon.kill()
    assert len(await own_site.store.requests(PRICES)) < 100
    assert len(await own_site.store.requests(PRODUCTS, method="PUT")) < 400
    await own_site.store.mend()

    async with own_site.connector(**short) as connector:
        await finished(connector, PRICING)
        await finished(connector, PRODUCT_STATUS)
        assert await connector.daemon.stop() == 0

    account = await reconcile(own_site, prices, await own_site.store.requests(PRICES))
    account.check(retry_count=RETRY_COUNT)
    account = await reconcile(own_site, statuses, await own_site.store.requests(PRODUCTS, method="PUT"))
    account.check(retry_count=RETRY_COUNT)


async def finished(connector: Connector, kind: str) -> None:
    """Wait until nothing waits and nothing is being tried, the leases of the dead included."""
    await connector.api.until(
        f"queues/{kind}", lambda queue: queue["waiting"] == 0 and queue["trying"] == 0 and queue["worker"] is None
    )
