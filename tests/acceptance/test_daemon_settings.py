"""Settings changed through the API or the command hold from the next check of a running daemon on."""

from typing import Any

import pytest

from queues.settings import QueueProcessingSettings
from tests.acceptance.daemon_process import Finished, run_command
from tests.acceptance.site import PRICING, Connector, Site, changes
from tests.acceptance.store import PRICES

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONE_WAY = ("tax_category", "product_attribute", "inventory_price", "product_image", "customer_attribute")
CONFIGURATOR = ("products.configurable_source=product_configurator",)
LISTED = {
    "category": "Category Sync",
    "product": "Product Sync",
    "inventory_price": "Product Inventory and Price Sync",
    "product_configurator": "Product Configurator Sync",
}


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


async def test_operators_find_the_defaults_of_the_guide_and_enable_what_the_erp_has(
    connector: Connector, site: Site
) -> None:
    async def command(*arguments: str) -> Finished:
        return await run_command(site.environment(), *arguments, "--json", "--url", connector.api.address)

    guide: dict[str, Any] = {
        "price.source": "default_price",
        "inventory.vendor_quantity": "none",
        "shipment.trigger": "shipment_confirmation",
        "orders.type": "SO",
        "syncs.inventory_price.auto_cron": False,
        "syncs.inventory_price.what": "both",
    }
    add_ons = ["price.source=sales_price", "inventory.vendor_quantity=sum", *CONFIGURATOR]
    turned_round = [f"syncs.{name}.direction=both" for name in ONE_WAY]
    named = [f"syncs.{name}.enabled=true" for name in LISTED]

    shown = (await command("settings", "show", "price", "inventory", "shipment", "orders", "syncs")).document
    before = await connector.api.get("syncs")
    refused = await command("settings", "set", *add_ons, *turned_round)
    with_add_ons = ("capabilities.commerce_pro=true", "capabilities.product_configurator=true")
    others = ("shipment.trigger=invoice_release", "orders.types_to_shop=SO,CT")
    taken = await command("settings", "set", *with_add_ons, *add_ons, *others, *named)
    listed = (await command("syncs")).document["items"]
    started = await connector.api.call("POST", "syncs/product_configurator/run", document={})

    assert {path: _at(shown["settings"], path) for path in guide} == guide
    assert before["items"] == []
    assert refused.code == 2
    wrong = [each.partition("=")[0] for each in (*add_ons, *turned_round)]
    assert [path for path in wrong if path not in refused.errors] == []
    assert taken.code == 0, taken.errors
    assert [(each["sync"], each["title"]) for each in listed] == list(LISTED.items())
    assert [each["sync"] for each in listed if not each["runs"]] == ["product_configurator"]
    assert any("Product Configurator" in each for each in taken.document["advice"])
    assert any("am-connector syncs run product --complete" in each for each in taken.document["advice"])
    assert (started.status, "no records that go to the shop" in started.document["detail"]) == (409, True)


def _at(document: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    for name in path.split("."):
        document = document[name]
    return document
