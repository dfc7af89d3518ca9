"""Prices of items as change capture reads them: default price and sales prices, many items at once."""

from collections.abc import Mapping, Sequence
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import groups_of
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import make_all
from daemon.acumatica.records.stock import read_sales_prices
from daemon.acumatica.wrapped import Wrapped
from daemon.erp.keys import by_key
from daemon.sync.hydrating import NotRead
from daemon.sync.records.sales_price import ErpItemPrices, ErpSalesPrice

_FEW: Final = 5
"""Items whose sales prices are asked for one by one; for more, all are read at once."""


class PriceReader:
    """Matches `RecordsReader`: default price and sales prices of items."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpItemPrices] | NotRead:
        """Read the prices that there are, under the keys they were asked for by."""
        rows = await self._rows(keys)
        if isinstance(rows, NotDone):
            return rows.verdict
        found: dict[str, ErpItemPrices] = {}
        for entity, unit in (("StockItem", "SalesUOM"), ("NonStockItem", "SalesUnit")):
            wanted = [key for key in keys if key not in found]
            items = await self._items(entity, unit, wanted, rows)
            if isinstance(items, NotDone):
                return items.verdict
            found |= items
        return found

    async def _rows(self, keys: Sequence[str]) -> Mapping[str, Sequence[ErpSalesPrice]] | NotDone:
        rows: dict[str, list[ErpSalesPrice]] = {}
        for item in keys if len(keys) <= _FEW else (None,):
            answer = await read_sales_prices(self._client, item)
            if isinstance(answer, NotDone):
                return answer
            for each in answer:
                rows.setdefault(each.inventory_id.casefold(), []).append(each)
        return rows

    async def _items(
        self, entity: str, unit: str, keys: Sequence[str], rows: Mapping[str, Sequence[ErpSalesPrice]]
    ) -> dict[str, ErpItemPrices] | NotDone:
        def convert(row: Wrapped) -> ErpItemPrices:
            item = row.required("InventoryID")
            return ErpItemPrices(
                inventory_id=item,
                default_price=row.number("DefaultPrice"),
                msrp=row.number("MSRP"),
                sales_unit=row.text(unit),
                rows=tuple(rows.get(item.casefold(), ())),
            )

        reading = Reading(entity=entity, fields=("InventoryID", "DefaultPrice", "MSRP", unit))
        found: dict[str, ErpItemPrices] = {}
        for group, condition in groups_of("InventoryID", keys):
            items = await make_all(self._client, reading, convert, condition)
            if isinstance(items, NotDone):
                return items
            found |= by_key(group, items, lambda each: each.inventory_id)
        return found
