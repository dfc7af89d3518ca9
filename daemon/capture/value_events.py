"""Events that carry values: prices, stock and status are read when their keys are looked at, many at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Generic, Protocol, TypeAlias, TypeVar

from daemon.capture.key_events import event_id
from daemon.capture.ports import Look, Passed, SourceUnavailable
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.gates.entity import entity_gate
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.hydrating import NotRead
from daemon.sync.inventory import stock_data
from daemon.sync.mapping.inventory import map_quantities
from daemon.sync.mapping.prices import map_price, map_website_price
from daemon.sync.mapping.product_status import map_status
from daemon.sync.pricing import PriceChange, price_data
from daemon.sync.product_status import status_data
from daemon.sync.records.item import ErpItem
from daemon.sync.records.quantities import ErpQuantities
from daemon.sync.records.sales_price import ErpItemPrices
from daemon.sync.websites import anywhere, websites_with_prices
from queues.message import ChangeEvent
from queues.postgres.changed_keys import DueKey
from queues.verdicts import Refused, Undetermined, Unreachable

RecordT = TypeVar("RecordT")
RecordT_co = TypeVar("RecordT_co", covariant=True)


class RecordsReader(Protocol[RecordT_co]):
    """Reads many records of one kind at the source."""

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, RecordT_co] | NotRead:
        """Read the records that there are, by key. Raises nothing but CancelledError, whatever the source does."""


class DocumentInForce(Protocol):
    """The settings document in force."""

    async def document(self) -> SettingsDocument:
        """Read it. Raises DatabaseUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """
    What one event says.

    Attributes:
        part: which of several events of one look; empty where there is one only.
        storeview: code of the store view it is about; None: all.
    """

    data: Mapping[str, object]
    part: str = ""
    storeview: str | None = None


Values: TypeAlias = Sequence[Value] | KeptBack
"""What the events of one record say, or why there is none."""

ValueRule: TypeAlias = Callable[[RecordT, SettingsDocument, DueKey], Values]


class ValueEvents(Generic[RecordT]):
    """
    Matches `ChangeReader` for entities whose events carry values.

    Args:
        reader: of the ERP.
        rule: gate and mapping of the entity.
        settings: asked once for every group of keys.
        source: of the events, `acumatica/<tenant>`.
    """

    def __init__(
        self, reader: RecordsReader[RecordT], rule: ValueRule[RecordT], settings: DocumentInForce, *, source: str
    ) -> None:
        self._reader = reader
        self._rule = rule
        self._settings = settings
        self._source = source

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        """
        Look at the records and give one answer each, in order.

        Raises:
            SourceUnavailable: they cannot be read now.
        """
        settings = await self._settings.document()
        records = await self._reader.read_many([each.key for each in keys])
        if isinstance(records, Refused | Unreachable | Undetermined):
            raise SourceUnavailable(records.text, may_be_one=_may_be_one(records))
        return [self._look(key, records.get(key.key), settings) for key in keys]

    def _look(self, key: DueKey, record: RecordT | None, settings: SettingsDocument) -> Look:
        if record is None:
            return Passed(reason=f"not_found: the ERP has no record {key.key}")
        values = self._rule(record, settings, key)
        if isinstance(values, KeptBack):
            return Passed(reason=str(values))
        return tuple(
            ChangeEvent(
                id=event_id(key, part=value.part),
                source=self._source,
                type=key.event_type,
                subject=key.key,
                time=key.version,
                changed=key.changed,
                storeview=value.storeview,
                data=value.data,
            )
            for value in values
        )


def _may_be_one(verdict: NotRead) -> bool:
    """Tell whether the ERP answered, and spoke neither of credentials nor of its limits."""
    return not isinstance(verdict, Unreachable) and not (
        isinstance(verdict, Refused) and verdict.error_class in {"auth", "rate_limit"}
    )


def price_values(prices: ErpItemPrices, settings: SettingsDocument, key: DueKey, *, zone: tzinfo = UTC) -> Values:
    """
    Give the price of an item, by the Price Sync Preferences (R29): for all websites, then of each that says otherwise.

    What is kept back for one website stays as the shop has it; with nothing else to tell, the reason is that of all.
    """
    today = key.version.astimezone(zone).date()
    told: list[Value] = []
    kept = entity_gate("pricing", settings.default)
    if kept is None:
        change = map_price(prices, settings.default, today=today, zone=zone)
        if isinstance(change, KeptBack):
            kept = change
        else:
            told.append(_price_value(change))
    for scope, _ in websites_with_prices(settings):
        change = map_website_price(prices, scope.code, settings, today=today, zone=zone)
        if not isinstance(change, KeptBack):
            told.append(_price_value(change, part=scope.code, storeview=settings.view_of(scope.code)))
    return kept if kept is not None and not told else told


def _price_value(change: PriceChange | Refused, *, part: str = "", storeview: str | None = None) -> Value:
    if isinstance(change, Refused):
        # It goes out as it is: refused where it is read, it becomes a dead letter that a person sees.
        return Value(part=part, storeview=storeview, data={"price": None, "refused": change.text})
    return Value(part=part, storeview=storeview, data=price_data(change))


def stock_values(quantities: ErpQuantities, settings: SettingsDocument, _: DueKey) -> Values:
    """Give the stock of an item, one row for each source, by the Inventory Sync Preferences (R30 to R36)."""
    kept = entity_gate("inventory", anywhere(settings))
    if kept is not None:
        return kept
    stock = map_quantities(quantities, settings)
    if isinstance(stock, KeptBack):
        return stock
    return [Value(part=row.source_code, data=stock_data(row)) for row in stock.rows]


def status_values(item: ErpItem, settings: SettingsDocument, _: DueKey) -> Values:
    """Say whether an item is offered: as long as the ready rule holds (R81, D29)."""
    kept = entity_gate("product_status", settings.default)
    return kept if kept is not None else [Value(data=status_data(map_status(item, settings.default)))]
