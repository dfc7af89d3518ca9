"""
What changed since the last look: keys by the entity's own stamp, or by contents where it has none.

The cursor is the greatest stamp seen, never our clock. Each look begins some minutes before it, for a long transaction
shows up behind it, and drops what it saw already. There is no upper bound: what changes under way then stays in the
result. The cursor moves only when everything was read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Self

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import where
from daemon.acumatica.field_table import UnknownName
from daemon.acumatica.paging import PAGE_ROWS, read_all
from daemon.acumatica.reading import Key, Reading, inquire, misformed, unknown_name
from daemon.acumatica.wrapped import NotInForm, Wrapped, read_moment

OVERLAP: Final = timedelta(minutes=5)
_NEVER: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""The stamp of a record without one."""

INQUIRIES: Final[Mapping[str, tuple[str, str, str, tuple[str, ...]]]] = {
    "StorageDetails": (
        "StorageDetailsInquiry",
        "StorageDetails",
        "LastModifiedDateofWarehouseQty",
        ("InventoryID", "WarehouseID"),
    ),
    "SalesPrices": ("SalesPricesInquiry", "SalesPriceDetails", "LastModifiedDateTime", ("InventoryID", "RecordID")),
}
"""What is read by inquiry: its name, the part with its rows, their stamp, their key (the item first)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """
    How far an entity was read.

    Attributes:
        stamp: the greatest stamp seen; None: nothing was read yet.
        seen: marks of the records within the overlap before it; without stamps, of all records.
    """

    stamp: datetime | None = None
    seen: frozenset[str] = field(default_factory=frozenset)

    def to_document(self) -> dict[str, Any]:
        """Write it as JSON values."""
        return {"stamp": self.stamp.isoformat() if self.stamp else None, "seen": sorted(self.seen)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """
        Read what `to_document` wrote.

        Raises:
            ValueError: it is something else.
        """
        stamp, seen = document.get("stamp"), document.get("seen", [])
        if isinstance(stamp, str | None) and isinstance(seen, list):
            return cls(stamp=read_moment(stamp) if stamp else None, seen=frozenset(map(str, seen)))
        raise ValueError("a cursor has a stamp and a list of what was seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """
    What changed.

    Attributes:
        keys: of the records, each once.
        wholes: what those records are parts of, each once, as far as it was asked for.
        cursor: where to go on.
    """

    keys: tuple[Key, ...]
    cursor: Cursor
    wholes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """One record as it was found; *mark* is new whenever the record is, *whole* names what it is a part of."""

    key: Key
    stamp: datetime
    mark: str
    whole: str = ""


async def read_changed(
    client: AcumaticaClient,
    entity: str,
    since: Cursor,
    *,
    part_of: str = "",
    overlap: timedelta = OVERLAP,
    page_rows: int = PAGE_ROWS,
) -> Changes | NotDone:
    """
    Read the keys of the records that changed since *since*; everything with an empty cursor.

    Args:
        client: where.
        entity: of the contract, or `StorageDetails`, `SalesPrices`.
        since: of the last look.
        part_of: the field that names what a record is a part of; empty: that is not asked for.
        overlap: how far behind the cursor to look again.
        page_rows: rows of a page.
    """
    if entity in INQUIRIES:
        found = await _by_inquiry(client, entity)
    else:
        table = await client.table()
        if isinstance(table, NotDone):
            return table
        try:
            stamp, keys = table.stamp(entity), table.form(entity).keys
        except UnknownName as unknown:
            return unknown_name(unknown)
        if stamp is None:
            fields = tuple(table.form(entity).fields)
            return await read_by_content(client, Reading(entity=entity, fields=fields), keys, since)
        condition = None if since.stamp is None else where(stamp, "ge", since.stamp - overlap)
        names = (*keys, stamp, part_of) if part_of else (*keys, stamp)
        reading = Reading(entity=entity, fields=tuple(dict.fromkeys(names)))
        rows = await read_all(
            client, reading, condition, lambda row: _stamped(row, keys, stamp, part_of), page_rows=page_rows
        )
        found = rows if isinstance(rows, NotDone) else list(rows.values())
    return found if isinstance(found, NotDone) else _advance(found, since, overlap)


async def read_by_content(
    client: AcumaticaClient, reading: Reading, keys: tuple[str, ...], since: Cursor
) -> Changes | NotDone:
    """
    Read the keys of the records whose contents changed: where there is no stamp, or a field that does not move it.

    `DefaultPrice` of an item is such a field. Only plain fields are compared.
    """

    def convert(row: Wrapped) -> _Seen:
        contents = "\x1f".join(f"{name}={_plain(row.value(name))}" for name in reading.fields)
        key = tuple(str(row.value(name) or "") for name in keys)
        return _Seen(key, _NEVER, _mark(*key, contents))

    whole = Reading(entity=reading.entity, fields=tuple(dict.fromkeys((*keys, *reading.fields))))
    rows = await read_all(client, whole, None, convert)
    if isinstance(rows, NotDone):
        return rows
    fresh = [row for row in rows.values() if row.mark not in since.seen]
    return Changes(
        keys=tuple(dict.fromkeys(row.key for row in fresh)),
        cursor=Cursor(seen=frozenset(row.mark for row in rows.values())),
    )


def _plain(value: object) -> str:
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)


async def _by_inquiry(client: AcumaticaClient, entity: str) -> list[_Seen] | NotDone:
    inquiry, part, stamp, keys = INQUIRIES[entity]
    rows = await inquire(client, inquiry, part, (*keys, stamp), {})
    if isinstance(rows, NotDone):
        return rows
    try:
        return [_stamped(row, keys, stamp) for row in rows]
    except NotInForm as error:
        return misformed(error)


def _stamped(row: Wrapped, keys: tuple[str, ...], stamp: str, part_of: str = "") -> _Seen:
    at = row.moment(stamp) or _NEVER
    key = tuple(str(row.value(name) if row.value(name) is not None else "") for name in keys)
    whole = str(row.value(part_of) or "").strip() if part_of else ""
    return _Seen(key, at, _mark(*key, at.isoformat()), whole)


def _mark(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]


def _advance(found: list[_Seen], since: Cursor, overlap: timedelta) -> Changes:
    floor = None if since.stamp is None else since.stamp - overlap
    fresh = [row for row in found if row.mark not in since.seen and (floor is None or row.stamp >= floor)]
    newest = max((row.stamp for row in found), default=since.stamp)
    if since.stamp is not None:
        newest = since.stamp if newest is None else max(newest, since.stamp)
    if newest is None:
        return Changes(keys=(), cursor=since)
    edge = newest - overlap
    kept = {row.mark for row in found if row.stamp >= edge}
    return Changes(
        keys=tuple(dict.fromkeys(row.key for row in fresh)),
        cursor=Cursor(stamp=newest, seen=frozenset(kept)),
        wholes=tuple(dict.fromkeys(row.whole for row in fresh if row.whole)),
    )
