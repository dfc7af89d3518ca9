"""Records read over the simulated Acumatica hold what it holds; no list loses rows; changes are found once."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.acumatica.actions import run_action
from daemon.acumatica.changes import Changes, Cursor, read_by_content, read_changed
from daemon.acumatica.client import AcumaticaClient, Answered, NotDone
from daemon.acumatica.field_table import load_table
from daemon.acumatica.paging import read_all
from daemon.acumatica.reading import Reading, read_one
from daemon.acumatica.records import customers, invoices, items, lists, orders, shipments
from daemon.acumatica.records.customers import read_customer
from daemon.acumatica.records.files import fetch_file
from daemon.acumatica.records.invoices import read_invoice_with_orders
from daemon.acumatica.records.items import read_item
from daemon.acumatica.records.lists import (
    read_attribute,
    read_categories,
    read_category,
    read_item_class,
    read_item_classes,
    read_tax_categories,
)
from daemon.acumatica.records.orders import read_order
from daemon.acumatica.records.shipments import read_shipment
from daemon.acumatica.records.stock import read_quantities, read_sales_prices
from daemon.acumatica.wrapped import Wrapped
from daemon.sandbox.acumatica.catalogue import LOADED_AT
from daemon.sync.records.item import ErpItem
from queues.verdicts import Refused
from tests.acumatica_client import pair, speaking
from tests.acumatica_site import SMALL, site
from tests.fakes.clock import FakeClock

KEYS = Reading(entity="StockItem", fields=("InventoryID", "LastModified"))


def done(value: Any) -> Any:  # noqa: ANN401 - whatever was read
    assert not isinstance(value, NotDone), value
    return value


async def test_a_stock_item_is_read_whole_and_names_its_class() -> None:
    custom = {"Document": {"UsrShop": {"type": "CustomStringField", "value": "yes"}}}
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1000", "custom": custom})
        item = done(
            await read_item(
                both.client, "ac-1000", wanted=("CountryOfOrigin", "RequireShipment"), custom=("Document.UsrShop",)
            )
        )
        item_class = done(await read_item_class(both.client, "HARDWARE"))
        journal = await both.site.control("GET", "requests?path=StockItem")

        content = done(await fetch_file(both.client, item.images[0]))
    assert isinstance(item, ErpItem)
    assert (item.inventory_id, item.kind, item.status, item.is_kit) == ("AC-1000", "stock", "Active", False)
    assert item.default_price == Decimal("90.00")
    assert item.fields["ItemClass"] == item_class.class_id
    assert item_class.attributes == ("COLOUR", "MATERIAL")
    assert [(each.attribute_id, each.value) for each in item.attributes] == [("COLOUR", "BLUE"), ("MATERIAL", "Copper")]
    assert item.cross_references[0].alternate_id == "4000000001000"
    assert [each.category_id for each in item.categories] == ["3"]
    assert item.fields["Document.UsrShop"] == "yes"
    assert item.fields["CountryOfOrigin"] is None
    assert "RequireShipment" not in item.fields
    assert item.fields["Attributes.COLOUR"] == "BLUE"
    assert item.images[0].name == "AC-1000.png"
    assert content.startswith(b"\x89PNG")
    assert all(row["schema_valid"] for row in journal["items"])


async def test_boxes_are_read_where_the_site_has_them() -> None:
    def custom(view: str, **values: object) -> dict[str, object]:
        return {view: {name: {"type": "CustomBooleanField", "value": value} for name, value in values.items()}}

    async with pair() as both:
        ticked = custom("Item", UsrShop=True, UsrShown="Search")
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1000", "custom": ticked})
        off = custom("Item", UsrShop=False)
        await both.site.control("POST", "records/ItemClass", {"ClassID": "HARDWARE", "custom": off})
        words = custom("Category", UsrShop="True", UsrStatus="Inactive ")
        await both.site.control("POST", "records/ItemSalesCategory", {"CategoryID": 2, "custom": words})

        item = done(await read_item(both.client, "AC-1000", box="Item.UsrShop", visibility="Item.UsrShown"))
        other = done(await read_item(both.client, "AC-1001", box="Item.UsrShop", visibility="Item.UsrShown"))
        item_class = done(await read_item_class(both.client, "HARDWARE", box="Item.UsrShop"))
        category = done(await read_category(both.client, "2", box="Category.UsrShop", status="Category.UsrStatus"))
        plain = done(await read_category(both.client, "2"))

    assert (item.is_enabled_for_sync, item.visibility) == (True, "Search")
    assert (other.is_enabled_for_sync, other.visibility) == (None, None)
    assert item_class.is_enabled_for_sync is False
    assert (category.is_enabled_for_sync, category.shop_status) == (True, "Inactive")
    assert (plain.is_enabled_for_sync, plain.shop_status) == (None, None)


async def test_services_and_templates_are_items_too_and_none_is_not_found() -> None:
    async with pair() as both:
        service = done(await read_item(both.client, "ASSEMBLY"))
        template = done(await read_item(both.client, "SHELF"))
        nothing = await read_item(both.client, "NO/SUCH 1+")

    assert (service.kind, service.requires_shipment, service.sales_unit) == ("non_stock", False, "HOUR")
    assert (template.kind, [each.inventory_id for each in template.variants]) == (
        "template",
        ["AC-1000", "AC-1001", "AC-1002"],
    )
    assert isinstance(nothing, NotDone)
    assert nothing.verdict.error_class == "not_found"


async def test_a_key_with_a_slash_is_read_by_condition() -> None:
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC/4 x 12+", "Description": "it's"})
        item = done(await read_item(both.client, "AC/4 x 12+"))

    assert (item.inventory_id, item.description) == ("AC/4 x 12+", "it's")


async def test_lists_hold_what_the_site_holds() -> None:
    async with pair() as both:
        classes = done(await read_item_classes(both.client))
        categories = done(await read_categories(both.client))
        taxes = done(await read_tax_categories(both.client))
        colour = done(await read_attribute(both.client, "COLOUR"))

    assert {each.class_id for each in classes} == {"HARDWARE", "FURNITURE", "SERVICES"}
    assert {each.category_id: each.parent_id for each in categories} == {
        "1": None, "2": "1", "3": "1", "4": "2", "5": None,
    }  # fmt: skip
    assert {each.tax_category_id for each in taxes if each.is_active} == {"TAXABLE", "EXEMPT"}
    assert (colour.control, [each.value for each in colour.options]) == ("combo", ["RED", "BLUE", "GREEN"])


async def test_a_customer_has_its_contact_and_address() -> None:
    async with pair() as both:
        customer = done(await read_customer(both.client, "C000002"))

    assert (customer.name, customer.customer_class, customer.price_class) == ("Customer 2", "WEB", None)
    assert (customer.main.email, customer.main.last_name) == ("customer2@example.test", "Byrd 2")
    assert customer.main.address is not None
    assert (customer.main.address.line_1, customer.main.address.country) == ("2 Wharf Rd", "GB")
    assert (customer.billing, customer.shipping) == (None, None)


async def test_documents_carry_the_shops_order_number() -> None:
    async with pair() as both:
        order = done(await read_order(both.client, "WO", "W-000001"))
        shipment = done(await read_shipment(both.client, "000001"))
        invoice = done(await read_invoice_with_orders(both.client, "Invoice", "AR000001"))

    assert (order.status, order.external_ref, order.lines[0].quantity) == ("Completed", "000000731", Decimal(2))
    assert (shipment.status, shipment.packages[0].tracking_number) == ("Confirmed", "1Z0000000000000000")
    assert (shipment.orders[0].external_ref, shipment.orders[0].is_invoice_released) == ("000000731", True)
    assert shipment.lines[0].quantity == Decimal(2)
    assert (invoice.invoice.status, invoice.orders[0].external_ref) == ("Open", "000000731")


async def test_quantities_and_prices_come_without_the_blanks_of_inquiries() -> None:
    async with pair() as both:
        quantities = done(await read_quantities(both.client, ["AC-1001"]))
        prices = done(await read_sales_prices(both.client, "AC-1001"))

    assert set(quantities) == {"AC-1001"}
    by_warehouse = {each.warehouse: each for each in quantities["AC-1001"].warehouses}
    assert set(by_warehouse) == {"MAIN", "WEST"}
    assert by_warehouse["MAIN"].on_hand == Decimal(10 + 7 * 1001 % 190)
    assert by_warehouse["MAIN"].available_for_shipping == by_warehouse["MAIN"].on_hand - 2
    assert {(each.price_type, each.price_code, each.break_quantity) for each in prices} == {
        ("base", None, Decimal(0)),
        ("customer_price_class", "WHOLESALE", Decimal(10)),
    }
    assert {each.effective_on for each in prices} == {date(2026, 1, 5)}


async def test_an_unknown_name_never_reaches_the_site() -> None:
    async with pair() as both:
        item = await read_one(both.client, Reading(entity="StockItem", fields=("Quantity",)), ("AC-1000",))
        changed = await read_changed(both.client, "Terms", Cursor())
        asked = await both.site.control("GET", "requests?path=StockItem")

    assert isinstance(item, NotDone)
    assert isinstance(changed, NotDone)
    assert "StockItem has no field Quantity" in item.verdict.text
    assert item.verdict.error_class == changed.verdict.error_class == "mapping"
    assert asked["total"] == 0


async def test_a_member_the_site_leaves_out_is_noticed() -> None:
    async with pair() as both:
        fields = both.site.running.sandbox.contract.forms["TaxCategory"].fields
        assert isinstance(fields, dict)
        kind = fields.pop("Active")  # this site has an older definition of the endpoint
        try:
            found = await read_tax_categories(both.client)
        finally:
            fields["Active"] = kind

    assert isinstance(found, NotDone)
    assert "answered without Active" in found.verdict.text


@pytest.mark.parametrize("version", ["23.200.001", "24.200.001"])
def test_every_name_we_read_is_in_every_version_we_take(version: str) -> None:
    table = load_table(version)
    readings = [
        each
        for module in (items, lists, orders, shipments, invoices, customers)
        for each in vars(module).values()
        if isinstance(each, Reading)
    ]

    for reading in readings:
        reading.check(table)
    assert len(readings) >= 10


async def test_no_row_is_lost_while_rows_leave_and_join_under_the_walk() -> None:
    async with pair(replace(SMALL, default_items=60)) as both:
        store = both.site.running.sandbox.site
        read: list[str] = []

        def convert(row: Wrapped) -> str:
            """At the end of each of the first three pages its first row leaves, so that every later one moves up."""
            read.append(row.required("InventoryID"))
            if len(read) in (10, 20, 30):
                store.delete("StockItem", store.table("StockItem").listed()[0])
            return read[-1]

        found = done(await read_all(both.client, KEYS, None, convert, page_rows=10))
        first_walk = set(read[:54])

    left = {row.values["InventoryID"] for row in store.table("StockItem").rows.values()}
    assert len(left) == 57
    assert not left <= first_walk  # one walk alone would have lost rows
    assert left <= set(found.values())


async def changes(client: AcumaticaClient, entity: str, since: Cursor, **more: Any) -> Changes:  # noqa: ANN401 - as read_changed
    found = await read_changed(client, entity, since, **more)
    assert isinstance(found, Changes), found
    return found


async def test_changes_are_found_once_by_the_stamp_of_the_entity() -> None:
    async with pair() as both:
        first = await changes(both.client, "StockItem", Cursor())
        nothing = await changes(both.client, "StockItem", first.cursor)
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "Description": "Other"})
        again = await changes(both.client, "StockItem", Cursor.from_document(nothing.cursor.to_document()))
        last = await changes(both.client, "StockItem", again.cursor)

    assert len(first.keys) == 12
    assert (nothing.keys, again.keys, last.keys) == ((), (("AC-1003",),), ())


async def test_what_was_committed_late_behind_the_cursor_is_found() -> None:
    async with pair() as both:
        first = await changes(both.client, "Customer", Cursor())
        assert first.cursor.stamp == LOADED_AT
        for number, minutes in ((8, 4), (9, 6)):
            stamp = (LOADED_AT - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
            await both.site.control("POST", f"records/Customer?stamp={stamp}", {"CustomerID": f"C00000{number}"})

        found = await changes(both.client, "Customer", first.cursor)

    assert found.keys == (("C000008",),)  # six minutes are beyond the overlap: the nightly sweep finds it


async def test_bulk_updates_with_one_stamp_are_all_found_over_several_pages() -> None:
    async with pair(replace(SMALL, default_items=45)) as both:
        found = await changes(both.client, "StockItem", Cursor(), page_rows=7)

    assert len(found.keys) == 45


@pytest.mark.parametrize(
    ("entity", "record", "key"),
    [
        (
            "StorageDetails",
            ("StorageDetail", {"InventoryID": "AC-1002", "WarehouseID": "WEST", "QtyOnHand": "3"}),
            ("AC-1002", "WEST"),
        ),
        ("SalesPrices", ("SalesPriceDetail", {"RecordID": 10020, "Price": "3.50"}), ("AC-1002", "10020")),
        ("ShipVia", ("ShipVia", {"CarrierID": "AIR", "Description": "By air"}), ("AIR",)),
        (
            "SalesOrder",
            ("SalesOrder", {"OrderType": "WO", "OrderNbr": "W-000001", "Status": "Canceled"}),
            ("WO", "W-000001"),
        ),
    ],
)
async def test_every_entity_has_a_way_to_show_its_changes(
    entity: str, record: tuple[str, dict[str, object]], key: tuple[str, ...]
) -> None:
    async with pair() as both:
        first = await changes(both.client, entity, Cursor())
        await both.site.control("POST", f"records/{record[0]}", record[1])
        found = await changes(both.client, entity, first.cursor)
        last = await changes(both.client, entity, found.cursor)

    assert key in first.keys
    assert (found.keys, last.keys) == ((key,), ())


async def test_a_price_that_moves_no_stamp_is_found_by_its_contents() -> None:
    reading = Reading(entity="StockItem", fields=("DefaultPrice", "MSRP"))
    async with pair() as both:
        first = done(await read_by_content(both.client, reading, ("InventoryID",), Cursor()))
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "DefaultPrice": "1.23"})
        by_stamp = await changes(both.client, "StockItem", Cursor(stamp=datetime.now(UTC)))
        found = done(await read_by_content(both.client, reading, ("InventoryID",), first.cursor))

    assert by_stamp.keys == ()
    assert found.keys == (("AC-1003",),)


async def test_a_failure_moves_no_cursor() -> None:
    async with pair() as both:
        await both.client.table()
        await both.site.control("PUT", "faults", {"mode": "error_500", "path": "StockItem"})

        found = await read_changed(both.client, "StockItem", Cursor())

    assert isinstance(found, NotDone)


async def test_an_action_is_asked_about_until_it_is_done_or_has_failed() -> None:
    clock = FakeClock()
    async with site(replace(SMALL, action_polls=3), sign_in=False) as bare, speaking(bare, clock=clock) as client:

        async def act(action: str) -> Any:  # noqa: ANN401 - a reply
            acting = asyncio.create_task(run_action(client, "Shipment", action, {"ShipmentNbr": "000001"}))
            while not acting.done():
                await clock.advance(1)
            return acting.result()

        done_ = await act("PrepareInvoice")
        failed = await act("PrepareInvoice")
        polls = await bare.control("GET", "requests?path=PrepareInvoice/status")

    assert isinstance(done_, Answered)
    assert isinstance(failed, NotDone)
    assert isinstance(failed.verdict, Refused)
    assert failed.verdict.error_class == "validation"
    assert "must be confirmed" in failed.verdict.text
    assert polls["total"] == 6


async def test_a_record_read_by_key_is_one_request() -> None:
    async with pair() as both:
        await both.client.table()
        await both.site.control("DELETE", "requests")

        done(await read_one(both.client, KEYS, ("AC-1001",)))

        assert (await both.site.control("GET", "requests"))["total"] == 1
