"""From the ERP to the shop, from outside: a change in Acumatica is a push, a look, an event, a request."""

from typing import Any

import pytest

from tests.acceptance.daemon_process import run_command
from tests.acceptance.erp_site import ON, erp_access, joined
from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, Connector, Site
from tests.acceptance.store import PRICES, STOCK
from tests.acumatica_site import SMALL
from tests.acumatica_site import site as acumatica

TIER_PRICE = "to_magento.tier_price"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sync(connector: Connector, name: str) -> Any:  # noqa: ANN401 - JSON
    listed = await connector.api.get("syncs")
    return next(each for each in listed["items"] if each["sync"] == name)


async def test_a_price_changed_in_the_erp_reaches_the_shop(own_site: Site) -> None:
    async with joined(own_site) as (connector, erp):
        await erp.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "DefaultPrice": 77.25})
        await connector.wait_until_waiting(PRICING, 1)
        await connector.run_to_its_end(PRICING)

        (request,) = await own_site.store.requests(PRICES)
        product = await own_site.store.product("AC-1003")

        assert (request.skus, request.applied, request.schema_valid) == (["AC-1003"], True, True)
        # It was started before the settings of this test were in force.
        assert connector.daemon.lines("syncs.none_enabled")
        assert product["prices"]["0"] == 77.25


async def test_single_records_are_looked_at_when_a_person_asks(own_site: Site) -> None:
    async with joined(own_site) as (connector, _):
        await connector.api.post("syncs/inventory/records", {"keys": ["AC-1001", "AC-1002"], "reason": "counted"})
        await connector.api.post("syncs/product_status/records", {"keys": ["AC-1001"]})
        await connector.wait_until_waiting(INVENTORY, 2)
        await connector.wait_until_waiting(PRODUCT_STATUS, 1)
        await connector.run_to_its_end(INVENTORY)

        requests = await own_site.store.requests(STOCK)
        runs = await connector.api.items("sync-runs")

        assert sorted(sku for request in requests for sku in request.skus) == ["AC-1001", "AC-1002"]
        assert [(run["kind"], run["key"], run["state"]) for run in runs] == [("individual", "AC-1001", "success")]


async def test_everything_is_looked_at_by_a_complete_run(own_site: Site) -> None:
    async with joined(own_site) as (connector, _):
        await connector.api.post("syncs/pricing/run", {"kind": "complete"})
        page = await connector.api.until(
            "sync-runs", lambda page: page["items"] and page["items"][0]["state"] == "success"
        )
        await connector.api.until("syncs", lambda page: all(each["records_waiting"] == 0 for each in page["items"]))
        await connector.run_to_its_end(PRICING)

        requests = await own_site.store.requests(PRICES)

        assert page["items"][0]["noted"] >= SMALL.default_items
        assert len({sku for request in requests for sku in request.skus}) >= SMALL.default_items


async def test_while_the_erp_is_away_its_changes_wait_with_the_reason(own_site: Site) -> None:
    async with joined(own_site) as (connector, erp):
        await erp.control("PUT", "faults", {"mode": "down"})
        await connector.api.post("syncs/pricing/records", {"keys": ["AC-1001", "AC-1002"]})
        await connector.api.until("syncs", lambda page: any(each["records_failing"] == 2 for each in page["items"]))
        away = await sync(connector, "inventory_price")
        await erp.control("DELETE", "faults")
        await connector.wait_until_waiting(PRICING, 2)

        # The keys are let go a moment after their events are confirmed.
        await connector.api.until("syncs", lambda page: all(each["records_waiting"] == 0 for each in page["items"]))

        assert away["error"]


async def test_the_price_of_a_price_class_reaches_the_group_it_is_mapped_to(own_site: Site) -> None:
    settings = {
        **ON,
        "price": {"sales_price_sync": True},
        "mappings": {
            "customer_groups": [{"group": "Wholesale", "customer_class": "TRADE", "price_class": "WHOLESALE"}]
        },
    }
    async with joined(own_site, settings) as (connector, erp):
        await connector.pause(TIER_PRICE)
        await erp.control("POST", "records/SalesPriceDetail", {"RecordID": 10031, "Price": "5.55"})
        await connector.wait_until_waiting(TIER_PRICE, 1)
        await connector.run_to_its_end(TIER_PRICE)

        product = await own_site.store.rest("products/AC-1003")
        requests = await own_site.store.requests("tier-prices", method="PUT")

        assert [(each["qty"], each["value"]) for each in product["tier_prices"]] == [(10, 5.55)]
        assert [(each.skus, each.status, each.schema_valid) for each in requests] == [(["AC-1003"], 200, True)]


async def test_check_signs_in_at_the_erp_and_out_again(own_site: Site) -> None:
    async with acumatica(sign_in=False) as erp:
        access = erp_access(erp)
        well = await run_command(own_site.environment(**access), "check", "--json")
        badly = await run_command(own_site.environment(**access | {"ACUMATICA_PASSWORD": "mistyped-1"}), "check")
        sessions = await erp.control("GET", "sessions")

    assert (well.code, well.document["acumatica"]) == (
        0,
        {"ok": True, "text": f"{erp.running.url}, connected; endpoint Default/24.200.001"},
    )
    assert badly.code == 1
    assert f"NOT OK: {erp.running.url}, unauthorised:" in badly.out
    assert sessions["open"] == 0 < sessions["logins"]
