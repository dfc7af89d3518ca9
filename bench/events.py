"""The work of every contender: price events that wait in a queue, and the request they become."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from queues.message import ChangeEvent

BATCH: Final = 25
"""Records in one bulk request: the default of Batch Count."""

PATH: Final = "/rest/all/V1/products/base-prices"
JSON_HEADERS: Final = {"Content-Type": "application/json"}

FIRST_SKU: Final = 1_000
"""Of the sandbox store's catalogue, AC-1000 and up."""

_FIRST_TIME: Final = datetime(2026, 11, 21, 10, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def price_events(count: int) -> Iterator[ChangeEvent]:
    """Give *count* price changes of as many records, each its own."""
    for number in range(count):
        price = Decimal(number % 100_000 + 1) / 100
        data = {"price": f"{price:.2f}", "currency": "USD", "price_class": "RETAIL", "unit": "EACH"}
        yield _event(number, "to_magento.pricing", data)


def stock_events(count: int) -> Iterator[ChangeEvent]:
    """Give *count* stock changes of as many records, each its own."""
    for number in range(count):
        yield _event(number, "to_magento.inventory", {"quantity": str(number % 500), "source_code": "default"})


def _event(number: int, event_type: str, data: dict[str, Any]) -> ChangeEvent:
    return ChangeEvent(
        id=f"01JD{number:022d}",
        source="acumatica/REVISION",
        type=event_type,
        subject=f"AC-{number + FIRST_SKU}",
        time=_FIRST_TIME + timedelta(milliseconds=number),
        data=data,
    )


def price_row(key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give the shop's row of one price change."""
    return {"price": Decimal(data["price"]), "store_id": 0, "sku": key}


def request_body(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Give the body of one request for *rows*."""
    return _ENCODER.encode({"prices": rows})


def read_event(body: bytes) -> dict[str, Any]:
    """Read an event as a plain consumer would: one quick JSON decoder, no checks."""
    document: dict[str, Any] = msgspec.json.decode(body)
    return document
