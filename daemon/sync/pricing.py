"""What an event of `to_magento.pricing` says (DESIGN.md, section 5)."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from daemon.sync.decimals import DecimalRange, read_decimal, read_optional_decimal
from daemon.sync.refusal import refuse
from queues.message import ChangeEvent

PRICES: Final = DecimalRange(lowest=Decimal(0), highest=Decimal(10) ** 14, places=6)
"""What Magento keeps of a price: numbers above 10^14 it cuts without a word, six decimals it keeps."""

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """
    The prices of one SKU in one scope.

    Attributes:
        storeview: code of the store view, None for all of them.
        price: the base price, 0 to 10^14, at most 6 decimals, plain notation.
        cost: likewise; None: not told, leave as it is.
        special_price: likewise.
        special_from: start of the special price, UTC, whole seconds; None: at once.
        special_to: its end, UTC, whole seconds; None: none.
    """

    sku: str
    storeview: str | None
    price: Decimal
    cost: Decimal | None = None
    special_price: Decimal | None = None
    special_from: datetime | None = None
    special_to: datetime | None = None


def read_price(event: ChangeEvent) -> PriceChange:
    """
    Read a price change.

    Raises:
        InvalidMessage: naming the member, what was expected and what came.
    """
    data = event.data
    change = PriceChange(
        sku=event.subject,
        storeview=event.storeview,
        price=read_decimal(data, "price", PRICES),
        cost=read_optional_decimal(data, "cost", PRICES),
        special_price=read_optional_decimal(data, "special_price", PRICES),
        special_from=_read_instant(data, "special_from"),
        special_to=_read_instant(data, "special_to"),
    )
    if change.special_price is None:
        for name in ("special_from", "special_to"):
            if data.get(name) is not None:
                refuse("invalid", f"data.{name}", "must only be given beside data.special_price", data[name])
    if change.special_from and change.special_to and change.special_to < change.special_from:
        refuse("invalid", "data.special_to", "must not be before data.special_from", data["special_to"])
    return change


def _read_instant(data: Mapping[str, Any], name: str) -> datetime | None:
    came = data.get(name)
    if came is None:
        return None
    if isinstance(came, str) and came.isascii() and _INSTANT.fullmatch(came.strip()):
        # The shape may be right and the day still wrong: then the refusal below tells it.
        with suppress(ValueError, OverflowError):
            instant = datetime.fromisoformat(came.strip())
            # Magento's own times carry no zone and are UTC.
            aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
            return aware.replace(microsecond=0)
    return refuse("invalid", f"data.{name}", "must be a time such as 2026-11-21, or 2026-11-21 10:00:00 (UTC)", came)


def price_data(change: PriceChange) -> dict[str, object]:
    """Give the data of the event that says *change*: what `read_price` reads back."""
    told: dict[str, object] = {"price": f"{change.price:f}"}
    for name in ("cost", "special_price"):
        value = getattr(change, name)
        if value is not None:
            told[name] = f"{value:f}"
    for name in ("special_from", "special_to"):
        instant = getattr(change, name)
        if instant is not None:
            told[name] = f"{instant:%Y-%m-%d %H:%M:%S}"
    return told
