"""What change capture reads in the ERP: prices, stock and status of the records that changed, and which changed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from daemon.acumatica.changes import Cursor, read_changed
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import any_of, where
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.items import read_item
from daemon.acumatica.records.making import make_all
from daemon.acumatica.records.stock import read_quantities, read_sales_prices
from daemon.acumatica.wrapped import Wrapped
from daemon.capture.ports import ChangeReader, SourceUnavailable
from daemon.capture.syncing import KeyLister, KeyPage
from daemon.capture.unconnected import Unconnected
from daemon.capture.value_events import ValueEvents, price_values, status_values, stock_values
from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.entities import INVENTORY, PRICING, PRODUCT_STATUS
from daemon.sync.hydrating import NotRead
from daemon.sync.records.item import ErpItem
from daemon.sync.records.quantities import ErpQuantities
from daemon.sync.records.sales_price import ErpItemPrices, ErpSalesPrice
from queues.postgres.changed_keys import ChangedKey
from queues.verdicts import Refused

RecordT = TypeVar("RecordT")

_ITEMS_A_REQUEST: Final = 25
"""Items named in one condition: its address stays well below what web servers take."""
_FEW: Final = 5
"""Items whose sales prices are asked for one by one; for more, all are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSide:
    """What the ERP gives to change capture, by event type."""

    readers: Mapping[str, ChangeReader]
    listers: Mapping[str, KeyLister]


def erp_side(client: AcumaticaClient | None, settings: ConnectorVersions, *, tenant: str | None) -> ErpSide:
    """Give readers and listers of the ERP; without one configured, what is noted waits for it."""
    types = (PRICING.event_type, INVENTORY.event_type, PRODUCT_STATUS.event_type)
    if client is None:
        absent = Unconnected("CONNECTOR_ACUMATICA_URL")
        return ErpSide(readers=dict.fromkeys(types, absent), listers=dict.fromkeys(types, absent))
    source, in_force = f"acumatica/{tenant or 'default'}", _InForce(settings)
    return ErpSide(
        readers={
            PRICING.event_type: ValueEvents(PriceReader(client), price_values, in_force, source=source),
            INVENTORY.event_type: ValueEvents(QuantityReader(client), stock_values, in_force, source=source),
            PRODUCT_STATUS.event_type: ValueEvents(ItemReader(client), status_values, in_force, source=source),
        },
        listers={
            PRICING.event_type: ErpChanges(client, PRICING.event_type, ("SalesPrices", "StockItem", "NonStockItem")),
            INVENTORY.event_type: ErpChanges(client, INVENTORY.event_type, ("StorageDetails",)),
            PRODUCT_STATUS.event_type: ErpChanges(client, PRODUCT_STATUS.event_type, ("StockItem", "NonStockItem")),
        },
    )


class _InForce:
    """Matches `DocumentInForce`."""

    def __init__(self, settings: ConnectorVersions) -> None:
        self._settings = settings

    async def document(self) -> SettingsDocument:
        return (await self._settings.current()).document


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
        for first in range(0, len(keys), _ITEMS_A_REQUEST):
            group = keys[first : first + _ITEMS_A_REQUEST]
            condition = any_of(*(where("InventoryID", "eq", key) for key in group))
            items = await make_all(self._client, reading, convert, condition)
            if isinstance(items, NotDone):
                return items
            found |= _by_key(group, items, lambda each: each.inventory_id)
        return found


class QuantityReader:
    """Matches `RecordsReader`: the quantities of items."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpQuantities] | NotRead:
        """Read the quantities that there are, under the keys they were asked for by."""
        found = await read_quantities(self._client, keys)
        if isinstance(found, NotDone):
            return found.verdict
        return _by_key(keys, found.values(), lambda each: each.inventory_id)


class ItemReader:
    """Matches `RecordsReader`: whole items, with their class."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpItem] | NotRead:
        """Read the items that there are, under the keys they were asked for by."""
        found: dict[str, ErpItem] = {}
        for key in keys:
            item = await read_item(self._client, key)
            if not isinstance(item, NotDone):
                found[key] = item
            elif not (isinstance(item.verdict, Refused) and item.verdict.error_class == "not_found"):
                return item.verdict
        return found


class ErpChanges:
    """Matches `KeyLister`: the items whose records of the ERP changed."""

    def __init__(self, client: AcumaticaClient, event_type: str, entities: tuple[str, ...]) -> None:
        self._client = client
        self._event_type = event_type
        self._entities = entities

    async def page(self, *, since: datetime | None, until: datetime | None, position: str) -> KeyPage:
        """Read what changed in one of the entities: each is a page."""
        number = int(position or 0)
        changes = await read_changed(self._client, self._entities[number], Cursor(stamp=since))
        if isinstance(changes, NotDone):
            raise SourceUnavailable(changes.verdict.text)
        stamps = [each for each in (until, changes.cursor.stamp, since) if each is not None]
        following = number + 1
        return KeyPage(
            keys=[ChangedKey(event_type=self._event_type, key=key[0]) for key in changes.keys if key and key[0]],
            # The oldest of the entities' newest stamps: what is told twice is one look, what is left out none.
            until=min(stamps) if stamps else datetime.min.replace(tzinfo=UTC),
            next_position="" if following == len(self._entities) else str(following),
        )


def _by_key(keys: Collection[str], records: Collection[RecordT], name: Callable[[RecordT], str]) -> dict[str, RecordT]:
    """Give the records under the keys they were asked for by: the ERP compares without regard to case."""
    known = {name(each).casefold(): each for each in records}
    return {key: known[key.casefold()] for key in keys if key.casefold() in known}
