"""
Push notifications of Acumatica: a POST for every transaction that changed the result of an inquiry we named.

A notification is taken as "look at these records again", never as their state: rows are states of an inquiry, halves of
one update may come apart, order is not promised, and what left the inquiry is told like what was deleted
(contracts: Acumatica, section 12). So only the keys and the names of the columns that differ are read from it.
"""

import hashlib
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PushQuery:
    """
    An inquiry the ERP reports on.

    Attributes:
        name: as the inquiry is called in the ERP.
        event_type: of the records it is about.
        key_columns: the columns that make the record's key, joined by a slash where there are several.
    """

    name: str
    event_type: str
    key_columns: tuple[str, ...]


PUSH_QUERIES: Final[Mapping[str, PushQuery]] = {
    query.name: query
    for query in (
        PushQuery(name="AMC-StockItems", event_type="to_magento.product", key_columns=("InventoryID",)),
        PushQuery(name="AMC-NonStockItems", event_type="to_magento.product", key_columns=("InventoryID",)),
        PushQuery(name="AMC-CompositeStockItems", event_type="to_magento.product", key_columns=("InventoryID",)),
        PushQuery(name="AMC-CompositeNonStockItems", event_type="to_magento.product", key_columns=("InventoryID",)),
        PushQuery(name="AMC-Pricing", event_type="to_magento.pricing", key_columns=("InventoryID",)),
        PushQuery(name="AMC-Quantity", event_type="to_magento.inventory", key_columns=("InventoryID",)),
        PushQuery(name="AMC-ProductStatus", event_type="to_magento.product_status", key_columns=("InventoryID",)),
        PushQuery(
            name="AMC-ProductDependencies", event_type="to_magento.product_dependencies", key_columns=("InventoryID",)
        ),
        PushQuery(name="AMC-ProductImages", event_type="to_magento.product_image", key_columns=("InventoryID",)),
        PushQuery(name="AMC-ItemSalesCategories", event_type="to_magento.category", key_columns=("CategoryID",)),
        PushQuery(name="AMC-Attributes", event_type="to_magento.attribute", key_columns=("AttributeID",)),
        PushQuery(name="AMC-Customers", event_type="to_magento.customer", key_columns=("CustomerID",)),
        PushQuery(name="AMC-SalesOrders", event_type="to_magento.order_status", key_columns=("OrderType", "OrderNbr")),
        PushQuery(name="AMC-Shipments", event_type="to_magento.shipment", key_columns=("ShipmentNbr",)),
    )
}
"""The inquiries of our customization project, by name: one for each queue, four for products (PRODUCT, B26)."""


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
            RecordChange(key=key, changed=_differing(deleted.get(key), inserted.get(key)))
            for key in sorted({*inserted, *deleted})
        ],
        digest=hashlib.sha256(body).hexdigest(),
    )


Row = Mapping[str, Any]


def _rows(document: Row, member: str, query: PushQuery) -> dict[str, Row]:
    rows = document.get(member)
    if rows is None:
        return {}
    if not isinstance(rows, list):
        _refuse(member, "must be a list of rows", rows)
    return {_key(row, f"{member}[{index}]", query): row for index, row in enumerate(rows)}


def _key(row: object, place: str, query: PushQuery) -> str:
    if not isinstance(row, dict):
        _refuse(place, "must be an object", row)
    parts = [_text(row, column, place=f"{place}.") for column in query.key_columns]
    return "/".join(parts)


def _differing(before: Row | None, after: Row | None) -> tuple[str, ...] | None:
    """Name the columns that differ between the halves; with one half alone nobody can tell."""
    if before is None or after is None:
        return None
    # Columns that are tracked and did not change come as null in both.
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


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
