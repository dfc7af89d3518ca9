"""The site's records: tables by entity, change stamps, and who is told of changes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from daemon.sandbox.acumatica.contract import Contract
from daemon.sandbox.acumatica.rows import Row, Value, key_of, key_part, new_id, stamp

STOCK = "StorageDetail"
PRICES = "SalesPriceDetail"
QUANTITY_STAMP = "LastModifiedDateofWarehouseQty"
INNER_TABLES: Mapping[str, tuple[str, ...]] = {STOCK: ("InventoryID", "WarehouseID"), PRICES: ("RecordID",)}
"""What only inquiries show; kept like entities, with their keys."""
_INNER_STAMPS: Mapping[str, tuple[str, ...]] = {STOCK: (QUANTITY_STAMP,), PRICES: ("LastModifiedDateTime",)}

_ASIDE: Mapping[str, frozenset[str]] = {
    "StockItem": frozenset({"DefaultPrice", "MSRP", "CurySpecificPrice", "CurySpecificMSRP"}),
    "NonStockItem": frozenset({"DefaultPrice", "MSRP", "CurySpecificPrice", "CurySpecificMSRP"}),
    "TemplateItems": frozenset({"DefaultPrice", "MSRP", "CurySpecificPrice", "CurySpecificMSRP"}),
}
"""Fields kept in other tables: the record's stamp does not move with them, nor with its parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record of one transaction: what it was (None: new) and what it is (None: gone)."""

    entity: str
    before: Row | None
    after: Row | None


@dataclass(slots=True, kw_only=True)
class Table:
    """The records of one entity."""

    keys: tuple[str, ...]
    rows: dict[tuple[str, ...], Row] = field(default_factory=dict)
    ids: dict[str, Row] = field(default_factory=dict)
    _listed: list[Row] | None = None

    def listed(self) -> list[Row]:
        """All records, in an order that follows neither keys nor stamps."""
        if self._listed is None:
            self._listed = sorted(self.rows.values(), key=lambda row: row.id)
        return self._listed

    def put(self, row: Row) -> None:
        """Store a record under its key."""
        self.rows[key_of(self.keys, row.values)] = row
        self.ids[row.id] = row
        self._listed = None

    def remove(self, row: Row) -> None:
        """Take a record out."""
        del self.rows[key_of(self.keys, row.values)]
        del self.ids[row.id]
        self._listed = None


class Site:
    """
    One simulated tenant.

    Args:
        contract: the published one.
        now: the site's clock.
    """

    def __init__(self, contract: Contract, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.contract = contract
        self.now = now
        self._tables: dict[str, Table] = {}
        self._numbers: dict[str, int] = {}
        self.listeners: list[Callable[[Change], None]] = []

    def table(self, entity: str) -> Table:
        """The records of an entity."""
        if entity not in self._tables:
            self._tables[entity] = Table(keys=INNER_TABLES.get(entity) or self.contract.forms[entity].keys)
        return self._tables[entity]

    def find(self, entity: str, *key: Value) -> Row | None:
        """The record of that key, None when there is none."""
        return self.table(entity).rows.get(tuple(key_part(part) for part in key))

    def next_number(self, name: str, first: int = 1) -> int:
        """Count on in a numbering sequence."""
        self._numbers[name] = self._numbers.get(name, first - 1) + 1
        return self._numbers[name]

    def clear(self) -> None:
        """Forget every record; numbering goes on."""
        self._tables.clear()

    def save(self, entity: str, row: Row, before: Row | None, *, at: datetime | None = None) -> None:
        """
        Stamp and store a record, and tell who listens.

        Args:
            entity: what it is.
            row: as it is to be.
            before: a copy of what it was, None for a new one.
            at: the stamp to give it, for a transaction that was long under way; None: now.
        """
        self._stamp(entity, row, before, stamp(at or self.now()))
        self.table(entity).put(row)
        self._tell(Change(entity=entity, before=before, after=row))

    def load(self, entity: str, rows: Iterable[Row], *, at: datetime) -> int:
        """Store records in bulk, all with one stamp, telling nobody; return how many."""
        count, table = 0, self.table(entity)
        for row in rows:
            self._stamp(entity, row, None, stamp(at))
            table.put(row)
            count += 1
        return count

    def delete(self, entity: str, row: Row) -> None:
        """Take a record out, and tell who listens."""
        self.table(entity).remove(row)
        self._tell(Change(entity=entity, before=row, after=None))

    def _stamp(self, entity: str, row: Row, before: Row | None, at: datetime) -> None:
        names = _INNER_STAMPS.get(entity) or self.contract.forms[entity].stamps
        aside = _ASIDE.get(entity, frozenset()) | set(names)
        if before is not None and all(
            before.values.get(name) == value for name, value in row.values.items() if name not in aside
        ):
            return
        for name in names:
            row.values[name] = at

    def _tell(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)


def make_row(values: Mapping[str, Value], *, row_id: str | None = None) -> Row:
    """Make a record of plain values."""
    return Row(id=row_id or new_id(), values=dict(values))
