"""
Push notifications of Acumatica: a POST for every transaction that changed the result of an inquiry we named.

A notification is taken as "look at these records again", never as their state: rows are states of an inquiry, halves of
one update may come apart, order is not promised, and what left the inquiry is told like what was deleted
(contracts: Acumatica, section 12). So only the keys and the names of the columns that differ are read from it.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from queues.errors import InvalidMessage
from queues.message import MAX_TEXT, parse_json_unbounded

LARGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes. The ERP keeps up to 500,000 characters for sending again, and sends larger ones all the same."""

_TICKS_A_SECOND: Final = 10_000_000
_FIRST_DAY: Final = datetime(1, 1, 1, tzinfo=UTC)
HIGHEST_TICKS: Final = int((datetime(9999, 12, 31, tzinfo=UTC) - _FIRST_DAY).total_seconds()) * _TICKS_A_SECOND

HIGHEST_NUMBER: Final = 2**31 - 1
"""Of a key that is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushQuery:
    """
    An inquiry the ERP reports on.

    Attributes:
        name: as the inquiry is called in the ERP.
        event_types: of what is to be looked at when it reports a record; none: it is taken, and nothing follows.
        key_columns: the columns that make the record's key, joined by a slash where there are several.
        part: its rows are rows of this part of the record, and what changed is named by the part.
        part_key: the column that tells the rows of the part from each other, `Attributes.COLOUR`; empty: nothing does.
        may_lack_key: rows without a key concern nobody: an item that is of no template.
    """

    name: str
    event_types: tuple[str, ...]
    key_columns: tuple[str, ...]
    part: str = ""
    part_key: str = ""
    may_lack_key: bool = False

    def concerned(self, changed: Collection[str] | None) -> tuple[str, ...]:
        """Name the event types that a change of these fields concerns; None: nobody can tell, so all of them."""
        return tuple(
            each
            for each in self.event_types
            if changed is None or each not in _CONCERNED_BY or not _CONCERNED_BY[each].isdisjoint(changed)
        )


_CONCERNED_BY: Final[Mapping[str, frozenset[str]]] = {"to_magento.product_image": frozenset({"ImageUrl", "Files"})}
"""The fields that alone concern an event type; others are looked at whatever changed."""

_ITEM: Final = ("InventoryID",)
_OF_ITEMS: Final = ("to_magento.product", "to_magento.product_image", "to_magento.product_status", "to_magento.pricing")
"""An item tells its default price and its status as well."""

_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "SYNC-ItemAttributes": ("Attributes", "AttributeID"),
    "SYNC-ItemCategories": ("Categories", ""),
    "SYNC-ItemCrossReferences": ("CrossReferences", "AlternateType"),
    "SYNC-ItemFiles": ("Files", ""),
    "SYNC-CustomerContacts": ("MainContact", ""),
    "SYNC-CustomerAttributes": ("Attributes", "AttributeID"),
}
"""Inquiries over parts of records: the part, and the column that tells its rows from each other."""

PUSH_QUERIES: Final[Mapping[str, PushQuery]] = {
    name: PushQuery(
        name=name,
        event_types=event_types,
        key_columns=key_columns,
        part=_PARTS.get(name, ("", ""))[0],
        part_key=_PARTS.get(name, ("", ""))[1],
        may_lack_key=name == "SYNC-MatrixItems",
    )
    for name, event_types, key_columns in (
        ("SYNC-StockItems", _OF_ITEMS, _ITEM),
        ("SYNC-NonStockItems", _OF_ITEMS, _ITEM),
        ("SYNC-TemplateItems", _OF_ITEMS[:2], _ITEM),
        ("SYNC-MatrixItems", _OF_ITEMS[:1], ("TemplateItemID",)),
        ("SYNC-ItemAttributes", _OF_ITEMS[:1], _ITEM),
        ("SYNC-ItemCategories", _OF_ITEMS[:1], _ITEM),
        ("SYNC-ItemCrossReferences", _OF_ITEMS[:1], _ITEM),
        ("SYNC-ItemFiles", _OF_ITEMS[1:2], _ITEM),
        ("SYNC-Stock", ("to_magento.inventory",), _ITEM),
        ("SYNC-Prices", ("to_magento.pricing", "to_magento.tier_price"), _ITEM),
        ("SYNC-ItemClasses", ("to_magento.attribute_set",), ("ClassID",)),
        ("SYNC-ItemClassAttributes", ("to_magento.attribute_set",), ("ClassID",)),
        ("SYNC-Attributes", ("to_magento.attribute",), ("AttributeID",)),
        ("SYNC-AttributeValues", ("to_magento.attribute",), ("AttributeID",)),
        ("SYNC-Categories", ("to_magento.category",), ("CategoryID",)),
        ("SYNC-TaxCategories", ("to_magento.tax_category",), ("TaxCategoryID",)),
        ("SYNC-Customers", ("to_magento.customer",), ("CustomerID",)),
        ("SYNC-CustomerContacts", ("to_magento.customer",), ("CustomerID",)),
        ("SYNC-CustomerAttributes", ("to_magento.customer",), ("CustomerID",)),
        ("SYNC-Orders", ("to_magento.order_status",), ("OrderType", "OrderNbr")),
        ("SYNC-Shipments", ("to_magento.shipment",), ("ShipmentNbr",)),
        ("SYNC-Invoices", ("to_magento.invoice",), ("Type", "ReferenceNbr")),
    )
}
"""The inquiries of a customization project for this connector, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """A record that a notification is about; *changed* names the columns that differ, None where that is unknown."""

    key: str
    changed: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushNotification:
    """
    One notification.

    Attributes:
        company: login name of the tenant.
        transaction_id: of the database transaction; several queries may tell of the same one.
        at: when it happened, by the ERP's clock, UTC.
        changes: the records, each once, in the order of their keys.
        digest: of the body, in hexadecimal.
    """

    query: PushQuery
    company: str
    transaction_id: str
    at: datetime
    changes: Sequence[RecordChange]
    digest: str


def read_push_notification(body: bytes) -> PushNotification:
    """
    Read the body of a notification.

    Raises:
        InvalidMessage: naming the member, what was expected and what came; `unknown_query` for an inquiry that no
            queue is fed from.
    """
    document = parse_json_unbounded(body)
    if not isinstance(document, dict):
        _refuse("", "a notification must be a JSON object", document)
    name = _text(document, "Query")
    query = PUSH_QUERIES.get(name)
    if query is None:
        raise InvalidMessage(
            code="unknown_query", member="Query", text=f"must be one of {', '.join(PUSH_QUERIES)}, got {name!r}"
        )
    inserted, deleted = _rows(document, "Inserted", query), _rows(document, "Deleted", query)
    return PushNotification(
        query=query,
        company=_text(document, "CompanyId"),
        transaction_id=_text(document, "Id"),
        at=_instant(document),
        changes=[
            RecordChange(key=key, changed=_changed(query, deleted.get(key, ()), inserted.get(key, ())))
            for key in sorted({*inserted, *deleted})
        ],
        digest=hashlib.sha256(body).hexdigest(),
    )


Row = Mapping[str, Any]


def _rows(document: Row, member: str, query: PushQuery) -> dict[str, list[Row]]:
    """Give the rows of one half by their keys; a record may have several: a row for each warehouse or price."""
    rows = document.get(member)
    if rows is None:
        return {}
    if not isinstance(rows, list):
        _refuse(member, "must be a list of rows", rows)
    by_key: dict[str, list[Row]] = {}
    for index, row in enumerate(rows):
        if query.may_lack_key and isinstance(row, dict) and not str(row.get(query.key_columns[0]) or "").strip():
            continue
        by_key.setdefault(_key(row, f"{member}[{index}]", query), []).append(row)
    return by_key


def _key(row: object, place: str, query: PushQuery) -> str:
    if not isinstance(row, dict):
        _refuse(place, "must be an object", row)
    return "/".join(_key_part(row, column, place) for column in query.key_columns)


def _key_part(row: Row, column: str, place: str) -> str:
    value = row.get(column)
    # The keys of some records, of categories above all, are numbers.
    is_number = type(value) is int and 0 <= value <= HIGHEST_NUMBER
    return str(value) if is_number else _text(row, column, place=f"{place}.")


def _changed(query: PushQuery, before: Sequence[Row], after: Sequence[Row]) -> tuple[str, ...] | None:
    """Name the fields that changed, as the schema calls them; None: nobody can tell."""
    if query.part:
        return _changed_rows(query, before, after)
    if len(before) != 1 or len(after) != 1:
        return None
    (old,), (new,) = before, after
    # Columns that are tracked and did not change come as null in both.
    names = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    # The stamp moves with every field of the record: alone it says that one changed which is no column here.
    return tuple(sorted(name for name in names if not _is_stamp(name))) or None


def _changed_rows(query: PushQuery, before: Sequence[Row], after: Sequence[Row]) -> tuple[str, ...] | None:
    rows = [*(row for row in before if row not in after), *(row for row in after if row not in before)]
    if not query.part_key:
        return (query.part,) if rows else None
    keys = [row.get(query.part_key) for row in rows]
    if not keys or not all(isinstance(key, str) and key.strip() for key in keys):
        return None
    return tuple(sorted({f"{query.part}.{str(key).strip()}" for key in keys}))


def _is_stamp(name: str) -> bool:
    return name.casefold().endswith(("lastmodified", "lastmodifieddatetime", "lastmodifieddate"))


def _instant(document: Row) -> datetime:
    ticks = document.get("TimeStamp")
    if not isinstance(ticks, int) or isinstance(ticks, bool) or not 0 < ticks <= HIGHEST_TICKS:
        _refuse("TimeStamp", "must be a number of .NET ticks, 100 ns since 0001-01-01", ticks)
    seconds, rest = divmod(ticks, _TICKS_A_SECOND)
    return _FIRST_DAY + timedelta(seconds=seconds, microseconds=rest // 10)


def _text(row: Row, member: str, *, place: str = "") -> str:
    value = row.get(member)
    # The ERP pads its keys with blanks.
    if not isinstance(value, str) or not (value := value.strip()):
        _refuse(f"{place}{member}", "must be a text that is not empty", value, missing=member not in row)
    if len(value) > MAX_TEXT:
        _refuse(f"{place}{member}", f"must have at most {MAX_TEXT} characters", f"{len(value)} characters")
    return value


def _refuse(member: str, expected: str, came: object, *, missing: bool = False) -> NoReturn:
    shown = "nothing" if came is None else f"{came!r}"[:120]
    raise InvalidMessage(code="missing" if missing else "invalid", member=member, text=f"{expected}, got {shown}")
