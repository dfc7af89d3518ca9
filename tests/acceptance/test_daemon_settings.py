"""Settings changed through the API hold from the next check of a running daemon on."""

import pytest

from queues.settings import QueueProcessingSettings
from tests.acceptance.site import PRICING, Connector, Site, changes
from tests.acceptance.store import PRICES

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_change_takes_effect_at_the_next_check_of_the_run_in_hand(own_site: Site) -> None:
    long_run = {"check_process_time": 59, "process_sleep_time": 1}
    await own_site.put_settings(QueueProcessingSettings(check_process_time=59, process_sleep_time=1))
    async with own_site.connector() as connector:
        await own_site.publish(changes(PRICING, own_site.skus(4)))
        before = await own_site.store.wait(4, PRICES)

        changed = await connector.api.put_settings(threshold_count=0, batch_count=2, **long_run)
        await own_site.publish(changes(PRICING, own_site.skus(4)))
        queue = await connector.api.until(
            f"queues/{PRICING}", lambda queue: queue["last_run"]["delivered"] == 8 and queue["waiting"] == 0
        )

        worked = [check for check in queue["last_run"]["checks"] if check["waiting"]]
        old = [check for check in worked if check["settings_version"] < changed["version"]]
        new = [check for check in worked if check["settings_version"] == changed["version"]]
        assert [each.rows for each in before] == [1, 1, 1, 1]
        assert {check["mode"] for check in old} == {"single"}
        assert {check["mode"] for check in new} == {"batch"}
        assert [check["requests"] for check in new] == [-(-check["waiting"] // 2) for check in new]
        assert len(await connector.runs(PRICING)) == 1
        assert await connector.daemon.stop() == 0


async def test_a_lower_retry_count_fails_what_has_used_it_up_and_a_higher_one_revives_nothing(
    connector: Connector, site: Site
) -> None:
    (sku,) = site.skus(1)
    await site.store.reject(sku)
    await connector.api.put_settings(retry_count=5, check_process_time=1, process_sleep_time=1)
    since = await site.store.mark()
    await connector.collect(PRICING, changes(PRICING, [sku]))
    await connector.run_to_its_end(PRICING)
    await connector.run_to_its_end(PRICING)

    await connector.api.put_settings(retry_count=1, check_process_time=1, process_sleep_time=1)
    await connector.run_to_its_end(PRICING)
    letter = await connector.letter_of(sku)
    await connector.api.put_settings(retry_count=9, check_process_time=1, process_sleep_time=1)
    await connector.run_to_its_end(PRICING)

    assert letter["attempts"] == 2
    assert len(await site.store.requests(PRICES, since=since)) == 2
    assert (await connector.letter_of(sku))["id"] == letter["id"]
