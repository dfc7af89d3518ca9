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

_WITHDRAWN: Final = "special_price_withdrawn"
_WEBSITE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


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
        special_price_withdrawn: there is no special price any more: one that the shop has goes.
        website: code of the website whose own price this is, *storeview* being one of its views; None: as told by
            whoever names a store view.
        price_inherited: *price* is that of all websites and is not written for this one: it goes on following it.
    """

    sku: str
    storeview: str | None
    price: Decimal
    cost: Decimal | None = None
    special_price: Decimal | None = None
    special_from: datetime | None = None
    special_to: datetime | None = None
    special_price_withdrawn: bool = False
    website: str | None = None
    price_inherited: bool = False


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
        special_price_withdrawn=_read_claim(data, _WITHDRAWN),
        website=_read_website(event),
        price_inherited=_read_claim(data, "price_inherited"),
    )
    if change.special_price is not None and change.special_price_withdrawn:
        refuse("invalid", f"data.{_WITHDRAWN}", "must not be true beside data.special_price", data[_WITHDRAWN])
    if change.price_inherited and (
        change.website is None or (change.special_price is None and not change.special_price_withdrawn)
    ):
        expected = "must only be true beside data.website and a special price that is told or withdrawn"
        refuse("invalid", "data.price_inherited", expected, data["price_inherited"])
    if change.special_price is None:
        for name in ("special_from", "special_to"):
            if data.get(name) is not None:
                refuse("invalid", f"data.{name}", "must only be given beside data.special_price", data[name])
    if change.special_from and change.special_to and change.special_to < change.special_from:
        refuse("invalid", "data.special_to", "must not be before data.special_from", data["special_to"])
    return change


def _read_claim(data: Mapping[str, Any], name: str) -> bool:
    came = data.get(name)
    if came is None or isinstance(came, bool):
        return bool(came)
    return refuse("invalid", f"data.{name}", "must be true or false", came)


def _read_website(event: ChangeEvent) -> str | None:
    came = event.data.get("website")
    if came is None:
        return None
    if event.storeview is None:
        refuse("missing", "storeview", "must name a store view of the website in data.website", None)
    if isinstance(came, str) and _WEBSITE.fullmatch(came):
        return came
    return refuse("invalid", "data.website", "must be the code of a website: letters, digits and _", came)


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
    for name in (_WITHDRAWN, "price_inherited"):
        if getattr(change, name):
            told[name] = True
    if change.website is not None:
        told["website"] = change.website
    return told
