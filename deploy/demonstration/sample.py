"""The sample: price changes for the first records of the sandbox's catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

SIZE = 50
EVENT_TYPE = "to_magento.pricing"
SOURCE = "demonstration"

_LOWEST_PRICE = Decimal("10.00")
_STEP = Decimal("0.25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    Events to publish, and the record among them that the store is told to refuse.

    Attributes:
        events: CloudEvents, one per record.
        refused: the key of the record to refuse.
        refused_price: the price it is to get.
    """

    events: Sequence[dict[str, Any]]
    refused: str
    refused_price: str


def make_sample(skus: Sequence[str], *, now: datetime | None = None) -> Sample:
    """
    Make a price change for each of *skus*, dated *now* (aware; by default the present).

    The last record is the one to be refused. Prices depend on the minute, so that a second demonstration changes them.
    """
    if not skus:
        raise ValueError("the catalogue has no products to change prices of")
    at = now or datetime.now(UTC)
    lowest = _LOWEST_PRICE + Decimal(at.minute)
    prices = [str(lowest + _STEP * number) for number in range(len(skus))]
    events = [
        {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": SOURCE,
            "type": EVENT_TYPE,
            "subject": sku,
            "time": at.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {"price": price},
        }
        for sku, price in zip(skus, prices, strict=True)
    ]
    return Sample(events=events, refused=skus[-1], refused_price=prices[-1])
