"""What change capture reads, over the simulated Acumatica: the values of many records at once, and what changed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from daemon.acumatica.client import AcumaticaClient
from daemon.capture.only_ready import OnlyReady
from daemon.capture.ports import Look, Passed, SourceUnavailable
from daemon.capture.value_events import ValueEvents, price_values, status_values, stock_values
from daemon.erp.capturing import LISTED
from daemon.erp.changes import ErpChanges, Listed, steps_of
from daemon.erp.item_statuses import ItemStatusReader
from daemon.erp.prices import PriceReader
from daemon.erp.quantities import QuantityReader
from daemon.settings.document.scopes import SettingsDocument
from queues.postgres.changed_keys import DueKey
from tests.acumatica_client import Pair, pair
from tests.fakes.capture_stores import FakeSyncCursors

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PRICING, STATUS, TIER = "to_magento.pricing", "to_magento.product_status", "to_magento.tier_price"
PRODUCT = "to_magento.product"


class InForce:
    def __init__(self, **products: str) -> None:
        self._products = {"when_box_is_missing": "pass", **products}

    async def document(self) -> SettingsDocument:
        on = {"product": {"enabled": True}, "inventory_price": {"enabled": True}}
        return SettingsDocument.from_document({"syncs": on, "products": self._products})


def due(*keys: str) -> list[DueKey]:
    return [
        DueKey(event_type="to_magento.x", key=key, version=AT, changed=None, revision=1, origin="push", tries=0)
        for key in keys
    ]


def data_of(look: Look) -> list[dict[str, object]]:
    assert isinstance(look, tuple), look
    return [dict(event.data) for event in look]


async def test_prices_of_many_items_are_read_whatever_their_letter_case() -> None:
    async with pair() as both:
        reader = ValueEvents(PriceReader(both.client), price_values, InForce(), source="acumatica/Shop")

        first, gone, other_case = await reader.read(due("AC-1000", "NO-SUCH", "ac-1001"))

    assert Decimal(str(data_of(first)[0]["price"])) == Decimal("90.00")
    assert isinstance(gone, Passed)
    assert data_of(other_case)[0]["price"]


async def test_as_many_prices_as_one_look_may_take_are_told_in_few_requests() -> None:
    keys = [f"AC-{1000 + number}" for number in range(10)]
    async with pair() as both:
        reader = ValueEvents(PriceReader(both.client), price_values, InForce(), source="acumatica/Shop")

        looks = await reader.read(due(*keys))
        journal = await both.site.control("GET", "requests?path=StockItem")

    assert all(data_of(look) for look in looks)
    assert len(journal["items"]) <= 2


async def test_stock_and_status_are_what_the_erp_says_now() -> None:
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1001", "ItemStatus": "Inactive"})
        stock = ValueEvents(QuantityReader(both.client, InForce()), stock_values, InForce(), source="acumatica/Shop")
        status = ValueEvents(
            ItemStatusReader(both.client, InForce()), status_values, InForce(), source="acumatica/Shop"
        )

        (level,) = await stock.read(due("AC-1000"))
        on, off = await status.read(due("AC-1000", "AC-1001"))

    assert data_of(level)[0]["source_code"] == "default"
    skip = {"when_missing": "skip"}
    assert data_of(on) == [{"status": "enabled", **skip}]
    assert data_of(off) == [{"status": "disabled", **skip}]


class BySalesUnit:
    async def document(self) -> SettingsDocument:
        told = {"in_sales_units": True, "vendor_quantity": "sum", "vendor_field": "Item.UsrVendorQty"}
        return SettingsDocument.from_document({"inventory": told, "capabilities": {"commerce_pro": True}})


@pytest.mark.parametrize(
    ("rule", "factor", "expected"), [("Multiply", "6", Decimal(6)), ("Divide", "0.5", Decimal(2))], ids=["times", "by"]
)
async def test_what_quantities_depend_on_is_read_with_the_item_and_only_where_it_is_asked_for(
    rule: str, factor: str, expected: Decimal
) -> None:
    boxes = {"FromUOM": "BOX", "ToUOM": "EACH", "ConversionFactor": factor, "MultiplyOrDivide": rule}
    custom = {"Item": {"UsrVendorQty": {"type": "CustomStringField", "value": "40"}}}
    item = {"InventoryID": "AC-1001", "SalesUOM": "BOX", "UOMConversions": [boxes], "custom": custom}
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", item)
        plain = await QuantityReader(both.client, InForce()).read_many(["AC-1001"])
        before = await both.site.control("GET", "requests?path=StockItem")
        told = await QuantityReader(both.client, BySalesUnit()).read_many(["AC-1001", "ac-1002", "NO-SUCH"])
        after = await both.site.control("GET", "requests?path=StockItem")

    assert isinstance(plain, Mapping)
    assert isinstance(told, Mapping)
    assert (len(before["items"]), len(after["items"])) == (0, 1)
    assert (plain["AC-1001"].units_per_sales_unit, plain["AC-1001"].vendors) == (Decimal(1), ())
    assert told["AC-1001"].units_per_sales_unit == expected
    assert [each.quantity for each in told["AC-1001"].vendors] == [Decimal(40)]
    assert (told["ac-1002"].units_per_sales_unit, told["ac-1002"].vendors) == (Decimal(1), ())
    assert "NO-SUCH" not in told


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ItemStatus": "Inactive"}, "item_not_active"),
        ({"ExportToExternal": False}, "item_not_enabled"),
        ({"ItemClass": ""}, "item_class_missing"),
    ],
)
async def test_prices_of_items_that_are_not_for_the_shop_are_passed_over(
    values: dict[str, object], reason: str
) -> None:
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1001", **values})
        prices = ValueEvents(PriceReader(both.client), price_values, InForce(), source="acumatica/Shop")
        reader = OnlyReady("pricing", prices, ItemStatusReader(both.client, InForce()), InForce())

        kept, ready, gone = await reader.read(due("AC-1001", "AC-1002", "NO-SUCH"))

    assert isinstance(kept, Passed)
    assert kept.reason.startswith(f"{reason}: ")
    assert data_of(ready)[0]["price"]
    assert isinstance(gone, Passed)
    assert gone.reason.startswith("not_found")


async def test_what_is_switched_off_asks_the_erp_nothing() -> None:
    class Off:
        async def document(self) -> SettingsDocument:
            return SettingsDocument.from_document({})

    async with pair() as both:
        prices = ValueEvents(PriceReader(both.client), price_values, Off(), source="acumatica/Shop")
        (look,) = await OnlyReady("pricing", prices, ItemStatusReader(both.client, Off()), Off()).read(due("AC-1001"))
        journal = await both.site.control("GET", "requests")

    assert isinstance(look, Passed)
    assert look.reason.startswith("sync_disabled")
    assert journal["items"] == []


async def keys_of(lister: ErpChanges, cursors: FakeSyncCursors, since: datetime | None) -> list[tuple[str, str]]:
    keys: list[tuple[str, str]] = []
    position = ""
    while True:
        page = await lister.page(since=since, position=position)
        assert page.cursor is not None
        await cursors.save(page.cursor)
        keys += [(each.event_type, each.key) for each in page.keys]
        position = page.next_position
        if not position:
            return keys


def changes_of(both: Pair, cursors: FakeSyncCursors, *kinds: str, **products: str) -> ErpChanges:
    return ErpChanges(both.client, "a sync", steps_of(kinds, LISTED), cursors, settings=InForce(**products))


async def test_a_run_of_changes_finds_what_changed_since_the_last_look_and_nothing_else() -> None:
    cursors = FakeSyncCursors()
    async with pair() as both:
        lister = changes_of(both, cursors, STATUS)
        everything = await keys_of(lister, cursors, None)
        nothing = await keys_of(lister, cursors, AT)
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "Description": "New"})
        changed = await keys_of(lister, cursors, AT)

    assert {(STATUS, "AC-1000"), (STATUS, "AC-1003")} <= set(everything)
    assert (nothing, changed) == ([], [(STATUS, "AC-1003")])


async def test_a_default_price_that_moves_no_stamp_is_found_by_what_it_holds() -> None:
    cursors = FakeSyncCursors()
    async with pair() as both:
        lister = changes_of(both, cursors, PRICING)
        everything = await keys_of(lister, cursors, None)
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1004", "DefaultPrice": 77.25})
        changed = await keys_of(lister, cursors, AT)

    assert (PRICING, "AC-1004") in everything
    assert changed == [(PRICING, "AC-1004")]


async def test_links_that_the_contract_does_not_tell_are_not_looked_for() -> None:
    async with pair() as both:
        page = await changes_of(both, FakeSyncCursors(), "to_magento.product_dependencies").page(
            since=None, position=""
        )
        asked = await both.site.control("GET", "requests")

    assert (page.keys, page.next_position, asked["total"]) == ((), "", 0)


async def test_what_was_compared_with_nothing_is_no_change() -> None:
    cursors = FakeSyncCursors()
    async with pair() as both:
        lister = changes_of(both, cursors, PRICING)
        first = await keys_of(lister, cursors, AT)
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1004", "DefaultPrice": 77.25})
        second = await keys_of(lister, cursors, AT)

    assert (first, second) == ([], [(PRICING, "AC-1004")])


async def test_a_complete_run_notes_a_record_once_for_a_kind_however_many_lists_name_it() -> None:
    cursors = FakeSyncCursors()
    async with pair() as both:
        lister = changes_of(both, cursors, TIER, PRICING)
        everything = await keys_of(lister, cursors, None)
        row = {"RecordID": 10_000, "Price": "3.00"}
        await both.site.control("POST", "records/SalesPriceDetail", row)
        changed = await keys_of(lister, cursors, AT)

    assert len(everything) == len(set(everything))
    assert {(TIER, "AC-1000"), (PRICING, "AC-1000")} <= set(everything)
    assert sorted(changed) == [(PRICING, "AC-1000"), (TIER, "AC-1000")]


async def test_a_list_that_two_kinds_need_is_read_once() -> None:
    cursors = FakeSyncCursors()
    listed = {STATUS: (Listed("StockItem"),), "to_magento.product": (Listed("StockItem"),)}
    async with pair() as both:
        lister = ErpChanges(both.client, "product", steps_of(tuple(listed), listed), cursors, settings=InForce())
        keys = await keys_of(lister, cursors, None)

    assert [kind for kind, key in keys if key == "AC-1000"] == list(listed)
    assert list(cursors.cursors) == ["product/StockItem"]


async def test_the_items_of_a_class_that_was_enabled_are_taken_up_and_those_of_others_stay() -> None:
    cursors, products = FakeSyncCursors(), {"item_class_box": "Item.UsrShop"}
    async with pair() as both:

        async def tick(class_id: str, *, is_ticked: bool) -> None:
            box = {"Item": {"UsrShop": {"type": "CustomBooleanField", "value": is_ticked}}}
            await both.site.control("POST", "records/ItemClass", {"ClassID": class_id, "custom": box})

        async def item(sku: str, class_id: str, entity: str = "StockItem") -> None:
            await both.site.control("POST", f"records/{entity}", {"InventoryID": sku, "ItemClass": class_id})

        for sku, class_id in (("A", "LATE"), ("B", "O'ER"), ("C", "NEVER")):
            await tick(class_id, is_ticked=False)
            await item(sku, class_id)
        await item("D", "LATE", "NonStockItem")
        lister = changes_of(both, cursors, PRODUCT, **products)
        everything = await keys_of(lister, cursors, None)
        none = await keys_of(lister, cursors, AT)
        await tick("LATE", is_ticked=True)
        await tick("O'ER", is_ticked=True)
        enabled = await keys_of(lister, cursors, AT)
        again = await keys_of(lister, cursors, AT)
        await tick("LATE", is_ticked=False)
        await keys_of(lister, cursors, AT)
        await tick("LATE", is_ticked=True)
        once_more = await keys_of(lister, cursors, AT)
        *_, told = [(await lister.page(since=AT, position=str(number))).told for number in range(4)]

    assert len(everything) == len(set(everything))
    assert (none, again, told) == ([], [], "items of classes enabled since")
    assert sorted(enabled) == [(PRODUCT, "A"), (PRODUCT, "B"), (PRODUCT, "D")]
    assert sorted(once_more) == [(PRODUCT, "A"), (PRODUCT, "D")]


@pytest.mark.parametrize(("source", "template"), [("matrix_item", [(PRODUCT, "SHELF")]), ("none", [])])
async def test_the_template_of_an_item_that_changed_is_looked_at_with_it(
    source: str, template: list[tuple[str, str]]
) -> None:
    cursors = FakeSyncCursors()
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "TemplateItemID": "SHELF"})
        lister = changes_of(both, cursors, PRODUCT, STATUS, configurable_source=source)
        everything = await keys_of(lister, cursors, None)
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "Description": "New"})
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1004", "Description": "New"})
        changed = await keys_of(lister, cursors, AT)

    items = [(kind, key) for key in ("AC-1003", "AC-1004") for kind in (PRODUCT, STATUS)]
    assert everything.count((PRODUCT, "SHELF")) == 1
    assert sorted(changed) == sorted([*items, *template])


@pytest.mark.parametrize(
    "reader",
    [
        PriceReader,
        lambda client: QuantityReader(client, InForce()),
        lambda client: ItemStatusReader(client, InForce()),
    ],
    ids=["prices", "quantities", "statuses"],
)
async def test_an_erp_that_is_away_leaves_the_keys_waiting(
    reader: Callable[[AcumaticaClient], PriceReader | QuantityReader | ItemStatusReader],
) -> None:
    async with pair() as both:
        await both.site.control("PUT", "faults", {"mode": "down"})
        looking = ValueEvents(reader(both.client), price_values, InForce(), source="acumatica/Shop")  # type: ignore[arg-type]  # never judged: nothing is read

        with pytest.raises(SourceUnavailable):
            await looking.read(due("AC-1000"))
