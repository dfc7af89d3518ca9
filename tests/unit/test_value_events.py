"""Prices, stock and status become events that say exactly what was mapped, or a reason why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.capture.ports import Passed, SourceUnavailable
from daemon.capture.value_events import ValueEvents, price_values, stock_values
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.events import check_event
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.hydrating import NotRead
from daemon.sync.inventory import StockChange, read_stock, stock_data
from daemon.sync.pricing import PriceChange, price_data, read_price
from daemon.sync.product_status import StatusChange, WhenMissing, read_status, status_data
from daemon.sync.records.quantities import ErpQuantities, ErpWarehouseQuantity
from daemon.sync.records.sales_price import ErpItemPrices
from queues.message import ChangeEvent, decode, encode
from queues.postgres.changed_keys import DueKey
from queues.verdicts import Refused, Unreachable

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MONEY = st.decimals(0, 10**9, places=4)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda each: each.replace(microsecond=0, tzinfo=UTC)
)


def due(key: str, event_type: str = "to_magento.pricing") -> DueKey:
    return DueKey(event_type=event_type, key=key, version=AT, changed=None, revision=1, origin="push", tries=0)


def event(event_type: str, data: Mapping[str, object], *, storeview: str | None = None) -> ChangeEvent:
    said = ChangeEvent(
        id="1", source="acumatica/Shop", type=event_type, subject="AC-1", time=AT, storeview=storeview, data=data
    )
    return decode(encode(said)).event


@given(
    MONEY, st.none() | MONEY, st.none() | MONEY, st.lists(INSTANTS, max_size=2).map(sorted), st.none() | st.just("eu")
)
def test_a_price_is_read_back_as_it_was_mapped(
    price: Decimal, cost: Decimal | None, special: Decimal | None, days: Sequence[datetime], website: str | None
) -> None:
    has = special is not None
    change = PriceChange(
        sku="AC-1",
        storeview=None if website is None else "eu_en",
        special_price_withdrawn=not has,
        website=website,
        price_inherited=website is not None,
        price=price,
        cost=cost,
        special_price=special,
        special_from=days[0] if has and days else None,
        special_to=days[1] if has and len(days) > 1 else None,
    )

    assert read_price(event("to_magento.pricing", price_data(change), storeview=change.storeview)) == change


@given(st.decimals(-(10**7), 10**7, places=4), st.booleans())
def test_stock_is_read_back_as_it_was_mapped(quantity: Decimal, in_stock: bool) -> None:  # noqa: FBT001 - drawn
    change = StockChange(sku="AC-1", source_code="east", quantity=quantity, in_stock=in_stock)

    assert read_stock(event("to_magento.inventory", stock_data(change))) == change


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("when_missing", ["refuse", "skip"])
def test_a_status_is_read_back_as_it_was_mapped(enabled: bool, when_missing: WhenMissing) -> None:  # noqa: FBT001 - a case
    change = StatusChange(sku="AC-1", storeview=None, enabled=enabled, when_missing=when_missing)

    assert read_status(event("to_magento.product_status", status_data(change))) == change


class Settings:
    async def document(self) -> SettingsDocument:
        return SettingsDocument.from_document({"syncs": {"inventory_price": {"enabled": True}}})


@dataclass
class Prices:
    holds: dict[str, ErpItemPrices] = field(default_factory=dict)
    trouble: NotRead | None = None
    asked: list[Sequence[str]] = field(default_factory=list)

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpItemPrices] | NotRead:
        self.asked.append(keys)
        return self.holds if self.trouble is None else self.trouble


def prices(sku: str, price: str) -> ErpItemPrices:
    return ErpItemPrices(inventory_id=sku, default_price=Decimal(price))


async def test_many_keys_are_read_at_once_and_what_is_gone_is_told() -> None:
    erp = Prices({"A": prices("A", "12.50"), "B": prices("B", "7")})
    reader = ValueEvents(erp, price_values, Settings(), source="acumatica/Shop")

    first, gone, second = await reader.read([due("A"), due("GONE"), due("B")])

    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert [(each.subject, each.time, each.data["price"]) for each in (*first, *second)] == [
        ("A", AT, "12.50"),
        ("B", AT, "7"),
    ]
    assert gone == Passed(reason="not_found: the ERP has no record GONE")
    assert erp.asked == [["A", "GONE", "B"]]


@pytest.mark.parametrize("trouble", [Unreachable(text="nobody answers"), Refused(error_class="auth", text="no")])
async def test_an_erp_that_cannot_be_read_stops_the_look(trouble: NotRead) -> None:
    reader = ValueEvents(Prices(trouble=trouble), price_values, Settings(), source="acumatica/Shop")

    with pytest.raises(SourceUnavailable, match=trouble.text):
        await reader.read([due("A")])


async def test_a_price_that_cannot_be_told_goes_where_a_person_sees_it() -> None:
    reader = ValueEvents(Prices({"A": prices("A", "-1")}), price_values, Settings(), source="acumatica/Shop")

    (look,) = await reader.read([due("A")])

    assert isinstance(look, tuple)
    assert "must be 0 or more" in str(look[0].data["refused"])
    with pytest.raises(Exception, match=r"data\.price"):
        check_event(look[0])


def test_stock_of_several_sources_is_as_many_events_with_ids_of_their_own() -> None:
    document = SettingsDocument.from_document(
        {
            "syncs": {"inventory_price": {"enabled": True}},
            "mappings": {"warehouses": [{"source": "east", "warehouse": "E1"}, {"source": "west", "warehouse": "W1"}]},
        }
    )
    quantities = ErpQuantities(
        inventory_id="A",
        warehouses=(
            ErpWarehouseQuantity(warehouse="E1", available=Decimal(3)),
            ErpWarehouseQuantity(warehouse="W1", available=Decimal(4)),
        ),
    )

    values = stock_values(quantities, document, due("A", "to_magento.inventory"))

    assert not isinstance(values, KeptBack)
    assert [(each.part, each.data["quantity"]) for each in values] == [("east", "3.0000"), ("west", "4.0000")]


def test_a_website_that_says_otherwise_has_an_event_of_its_own_and_the_others_stay_as_they_are() -> None:
    on = {"syncs": {"inventory_price": {"enabled": True}}}
    website = {"code": "eu", "kind": "website", "overrides": {"price": {"sales_price_sync": True}}}
    alone = {"code": "eu", "kind": "website", "overrides": on}
    view = {"code": "eu_en", "kind": "store_view", "website": "eu"}
    plain = {"code": "us", "kind": "website"}

    def told(document: object) -> list[tuple[str, str | None, Mapping[str, object]]]:
        values = price_values(prices("A", "12.50"), SettingsDocument.from_document(document), due("A"))
        assert not isinstance(values, KeptBack)
        return [(each.part, each.storeview, each.data) for each in values]

    of_all = ("", None, {"price": "12.50"})
    assert told(on) == told({**on, "scopes": [plain, view | {"website": "us"}]}) == [of_all]
    assert told({**on, "scopes": [website, view, plain]}) == [
        of_all,
        (
            "eu",
            "eu_en",
            {"price": "12.50", "special_price_withdrawn": True, "price_inherited": True, "website": "eu"},
        ),
    ]
    assert told({"scopes": [alone, view]}) == [("eu", "eu_en", {"price": "12.50", "website": "eu"})]


def test_a_sync_that_is_off_keeps_everything_back() -> None:
    document = SettingsDocument.from_document({"syncs": {"inventory_price": {"enabled": False}}})

    assert "sync_disabled" in str(price_values(prices("A", "1"), document, due("A")))
