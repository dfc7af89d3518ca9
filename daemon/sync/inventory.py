"""What an event of `to_magento.inventory` says (DESIGN.md, section 5)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.sync.decimals import DecimalRange, read_decimal
from daemon.sync.refusal import refuse
from queues.message import MAX_TEXT, ChangeEvent

QUANTITIES: Final = DecimalRange(lowest=Decimal("-99999999.9999"), highest=Decimal("99999999.9999"), places=6)
"""Magento's column is decimal(12,4): beyond it the whole call fails; the fifth and sixth decimal it rounds."""

DEFAULT_SOURCE: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChange:
    """
    The stock of one SKU at one source.

    Attributes:
        quantity: on hand, absolute; may be negative; at most 6 decimals, plain notation.
        source_code: Magento's code of the place, without whitespace.
        in_stock: whether it can be bought.
    """

    sku: str
    source_code: str
    quantity: Decimal
    in_stock: bool


def read_stock(event: ChangeEvent) -> StockChange:
    """
    Read a stock change; without `in_stock` a positive quantity is in stock.

    Raises:
        InvalidMessage: naming the member, what was expected and what came.
    """
    quantity = read_decimal(event.data, "quantity", QUANTITIES)
    return StockChange(
        sku=event.subject,
        source_code=_read_source(event.data.get("source_code")),
        quantity=quantity,
        in_stock=_read_in_stock(event.data.get("in_stock"), quantity),
    )


def _read_source(came: object) -> str:
    if came is None:
        return DEFAULT_SOURCE
    if isinstance(came, str) and 0 < len(came) <= MAX_TEXT and not any(letter.isspace() for letter in came):
        return came
    expected = f"must be a source code of 1 to {MAX_TEXT} characters without whitespace"
    return refuse("invalid", "data.source_code", expected, came)


def _read_in_stock(came: object, quantity: Decimal) -> bool:
    if came is None:
        return quantity > 0
    if isinstance(came, bool):
        return came
    return refuse("invalid", "data.in_stock", "must be true or false", came)


def stock_data(change: StockChange) -> dict[str, object]:
    """Give the data of the event that says *change*: what `read_stock` reads back."""
    return {"quantity": f"{change.quantity:f}", "source_code": change.source_code, "in_stock": change.in_stock}
