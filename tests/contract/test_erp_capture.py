"""What change capture reads, over the simulated Acumatica: the values of many records at once, and what changed."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from daemon.acumatica.client import AcumaticaClient
from daemon.capture.ports import Look, Passed, SourceUnavailable
from daemon.capture.value_events import ValueEvents, price_values, status_values, stock_values
from daemon.erp.changes import ErpChanges, Listed
from daemon.erp.items import ItemReader
from daemon.erp.prices import PriceReader
from daemon.erp.quantities import QuantityReader
from daemon.settings.document.scopes import SettingsDocument
from queues.postgres.changed_keys import DueKey
from tests.acumatica_client import Pair, pair

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class InForce:
    async def document(self) -> SettingsDocument:
        on = {"product": {"enabled": True}, "inventory_price": {"enabled": True}}
        return SettingsDocument.from_document({"syncs": on, "products": {"when_box_is_missing": "pass"}})


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
        stock = ValueEvents(QuantityReader(both.client), stock_values, InForce(), source="acumatica/Shop")
        status = ValueEvents(ItemReader(both.client, InForce()), status_values, InForce(), source="acumatica/Shop")

        (level,) = await stock.read(due("AC-1000"))
        on, off = await status.read(due("AC-1000", "AC-1001"))

    assert data_of(level)[0]["source_code"] == "default"
    assert (data_of(on), data_of(off)) == ([{"status": "enabled"}], [{"status": "disabled"}])


async def keys_since(both: Pair, since: datetime | None) -> tuple[set[str], datetime]:
    lister = ErpChanges(both.client, "to_magento.product_status", (Listed("StockItem"), Listed("NonStockItem")))
    keys: set[str] = set()
    until, position = None, ""
    while True:
        page = await lister.page(since=since, until=until, position=position)
        keys |= {each.key for each in page.keys}
        until, position = page.until, page.next_position
        if not position:
            return keys, until


async def test_a_run_of_changes_finds_what_changed_since_the_end_of_the_last() -> None:
    async with pair() as both:
        everything, until = await keys_since(both, None)
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1003", "Description": "New"})
        changed, _ = await keys_since(both, until)

    assert {"AC-1000", "AC-1003"} <= everything
    assert "AC-1003" in changed


@pytest.mark.parametrize("reader", [PriceReader, QuantityReader, lambda client: ItemReader(client, InForce())])
async def test_an_erp_that_is_away_leaves_the_keys_waiting(
    reader: Callable[[AcumaticaClient], PriceReader | QuantityReader | ItemReader],
) -> None:
    async with pair() as both:
        await both.site.control("PUT", "faults", {"mode": "down"})
        looking = ValueEvents(reader(both.client), price_values, InForce(), source="acumatica/Shop")  # type: ignore[arg-type]  # never judged: nothing is read

        with pytest.raises(SourceUnavailable):
            await looking.read(due("AC-1000"))
