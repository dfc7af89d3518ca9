"""What a website says differently, from outside: a change in the ERP goes out for it and all others as each says."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.acceptance.erp_site import ON, joined
from tests.acceptance.site import PRICING, Connector, Site
from tests.acumatica_site import BareClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

SKU: Final = "AC-1003"
EURO: Final[Mapping[str, Any]] = {
    **ON,
    "capabilities": {"commerce_pro": True},
    "price": {"source": "sales_price", "currency": "USD", "sales_price_sync": True},
    "scopes": [
        {"code": "base", "kind": "website", "overrides": {"price": {"currency": "EUR"}}},
        {"code": "second", "kind": "store_view", "website": "base"},
    ],
}
ROWS: Final = tuple(
    {"RecordID": number, "InventoryID": SKU, "PriceType": "Base", "UOM": "EACH", "CurrencyID": currency, **more}
    for number, currency, more in (
        (77001, "EUR", {"Price": "21.50", "Promotion": False}),
        (77002, "EUR", {"Price": "19.90", "Promotion": True}),
        (77003, "USD", {"Price": "22.90", "Promotion": True, "ExpirationDate": "2099-12-31T00:00:00"}),
    )
)
PROMOTIONS: Final = (77002, 77003)


async def bring_over(connector: Connector, erp: BareClient) -> None:
    """Let everything that was pushed be looked at, and go out."""
    await erp.control("GET", "push/drained")
    await connector.api.until("syncs", lambda page: all(each["records_waiting"] == 0 for each in page["items"]))
    await connector.run_to_its_end(PRICING)


async def special_price(site: Site, view: str) -> object:
    values = (await site.store.rest(f"products/{SKU}", view=view))["custom_attributes"]
    return next((each["value"] for each in values if each["attribute_code"] == "special_price"), None)


async def test_a_website_has_its_own_prices_and_what_the_erp_takes_back_goes_from_the_shop(own_site: Site) -> None:
    await own_site.store.configure(price_scope="website")
    async with joined(own_site, EURO) as (connector, erp):
        await connector.pause(PRICING)
        await erp.control("POST", "records/SalesPriceDetail", ROWS)
        await bring_over(connector, erp)
        prices = (await own_site.store.product(SKU))["prices"]
        told = [await special_price(own_site, view) for view in ("all", "second")]
        await connector.pause(PRICING)
        for number in PROMOTIONS:
            await erp.control("DELETE", f"records/SalesPriceDetail/{number}")
        await bring_over(connector, erp)
        left = [await special_price(own_site, view) for view in ("all", "second")]
        after = (await own_site.store.product(SKU))["prices"]
        requests = await own_site.store.requests("prices", method="POST")
        letters = await connector.letters()

    assert prices["2"] == 21.5
    assert prices["0"] not in (21.5, 0)
    assert [float(str(each)) for each in told] == [22.9, 19.9]
    assert left == [None, None]
    assert after == prices
    assert all(each.schema_valid for each in requests)
    assert not letters
