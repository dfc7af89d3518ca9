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

_FIRST_TIME: Final = datetime(2026, 11, 21, 10, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def price_events(count: int) -> Iterator[ChangeEvent]:
    """Give *count* price changes of as many records, each its own."""
    for number in range(count):
        price = Decimal(number % 100_000 + 1) / 100
        yield ChangeEvent(
            id=f"01JD{number:022d}",
            source="acumatica/REVISION",
            type="to_magento.pricing",
            subject=f"AC-{number:07d}",
            time=_FIRST_TIME + timedelta(milliseconds=number),
            data={"price": f"{price:.2f}", "cost": f"{price / 2:.4f}", "currency": "USD", "price_class": "RETAIL"},
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
