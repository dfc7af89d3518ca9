"""Stock from the ERP to the shop's sources, from outside: which quantity goes where, and who is in stock."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from daemon.settings.document.groups import write_group
from daemon.settings.document.schema import Schemas
from tests.acceptance.erp_site import ON, joined
from tests.acceptance.site import INVENTORY, Connector, Site
from tests.acumatica_site import BareClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCT: Final = "to_magento.product"
FIRST, SECOND = "AC-1001", "AC-1002"
VENDORS: Final = "Item.UsrVendorQty"
PRO: Final[Mapping[str, Any]] = {**ON, "capabilities": {"commerce_pro": True}}
BY_SOURCE: Final[Mapping[str, Any]] = {
    **PRO,
    "inventory": {"vendor_quantity": "sum", "vendor_field": VENDORS},
    "schema": {
        "product": [
            *write_group(Schemas())["product"],
            {"tab": "Attributes", "schema": "Attributes.BACKORDERS", "name": "Backorders", "active": True},
        ]
    },
    "mappings": {
        "warehouses": [{"source": "default", "warehouse": "MAIN"}, {"source": "west", "warehouse": "WEST"}],
    },
}
BY_BRANCH: Final[Mapping[str, Any]] = {
    **PRO,
    "inventory": {
        "mode": "branch_wise",
        "vendor_quantity": "separate",
        "vendor_field": VENDORS,
        "vendor_attribute": "meta_keyword",
    },
    "mappings": {
        "tax_classes": [{"tax_category": "TAXABLE", "tax_class": "Taxable Goods"}],
        "branches": [{"branch": "NORTH", "warehouse": "MAIN"}, {"branch": "SOUTH", "warehouse": "WEST"}],
    },
    "scopes": [
        {"code": "base", "kind": "website", "branch": "NORTH"},
        {
            "code": "b2b",
            "kind": "website",
            "branch": "SOUTH",
            "overrides": {"mappings": {"warehouses": [{"source": "trade", "warehouse": "SOUTH"}]}},
        },
    ],
}


async def count(erp: BareClient, sku: str, **warehouses: int) -> None:
    """Have the ERP hold so many of an item in each warehouse."""
    rows = [
        {"InventoryID": sku, "WarehouseID": name, "QtyOnHand": many, "QtyAvailable": many}
        for name, many in warehouses.items()
    ]
    await erp.control("POST", "records/StorageDetail?push=0", rows)


async def describe(erp: BareClient, sku: str, *, vendors: object, attributes: Sequence[object] = ()) -> None:
    """Have the ERP say of an item how much its vendors have, and what attributes it has."""
    custom = {"Item": {"UsrVendorQty": {"type": "CustomDecimalField", "value": vendors}}}
    item = {"InventoryID": sku, "custom": custom, "Attributes": attributes}
    await erp.control("POST", "records/StockItem?push=0", item)


async def sync(connector: Connector, kind: str, keys: Sequence[str], *, messages: int) -> None:
    """Have records looked at, as a person asks for it, and delivered."""
    await connector.pause(kind)
    await connector.api.post(f"syncs/{kind.partition('.')[2]}/records", {"keys": list(keys)})
    await connector.wait_until_waiting(kind, messages)
    await connector.run_to_its_end(kind)


async def sources(site: Site, sku: str) -> dict[str, tuple[float, int]]:
    held = (await site.store.product(sku))["sources"]
    return {code: (row["quantity"], row["status"]) for code, row in held.items()}


async def test_quantities_go_source_by_source_with_what_vendors_have_and_backorders_stay_in_stock(
    own_site: Site,
) -> None:
    await own_site.store.make_source("west")
    async with joined(own_site, BY_SOURCE) as (connector, erp):
        await count(erp, FIRST, MAIN=7, WEST=0)
        await count(erp, SECOND, MAIN=5, WEST=0)
        await describe(erp, FIRST, vendors=100, attributes=[{"AttributeID": "BACKORDERS", "Value": "2"}])
        await describe(erp, SECOND, vendors=None)
        await sync(connector, INVENTORY, (FIRST, SECOND), messages=4)

        assert await sources(own_site, FIRST) == {"default": (107, 1), "west": (0, 1)}
        assert await sources(own_site, SECOND) == {"default": (5, 1), "west": (0, 0)}


async def test_every_website_gets_the_stock_of_its_branch_and_vendors_are_told_apart(own_site: Site) -> None:
    for code in ("base", "trade"):
        await own_site.store.make_source(code)
    async with joined(own_site, BY_BRANCH) as (connector, erp):
        before = await sources(own_site, FIRST)
        await count(erp, FIRST, MAIN=7, WEST=3)
        await describe(erp, FIRST, vendors=100)
        await sync(connector, INVENTORY, (FIRST,), messages=2)
        await sync(connector, PRODUCT, (FIRST,), messages=1)
        values = (await own_site.store.rest(f"products/{FIRST}"))["custom_attributes"]

        assert await sources(own_site, FIRST) == {**before, "base": (7, 1), "trade": (3, 1)}
        assert {each["attribute_code"]: each["value"] for each in values}["meta_keyword"] == "100"
        assert not await connector.letters()
