"""Money and quantities: exact inside, rounded as the shop's columns round, answered as PHP writes numbers."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\r\v\f]*", re.ASCII)
_PRICE_STEP = Decimal("0.000001")  # decimal(20,6)
_PRICE_TOP = Decimal("99999999999999.999999")
_QUANTITY_STEP = Decimal("0.0001")  # decimal(12,4)
_QUANTITY_TOP = Decimal("99999999.9999")
_BEYOND = 40  # exponents past this are over every column's top, or round to zero
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


def is_numeric(text: str) -> bool:
    """Whether PHP 8 takes *text* for a number (blanks around it allowed, `1e3` too, `12,50` and `0x1A` not)."""
    return _NUMERIC.fullmatch(text) is not None


def as_price(value: Decimal) -> Decimal:
    """Round to six decimals, cut at the top of the price column."""
    return _fit(value, _PRICE_STEP, _PRICE_TOP)


def as_quantity(value: Decimal) -> Decimal:
    """Round to four decimals, cut at the top of the quantity column."""
    return _fit(value, _QUANTITY_STEP, _QUANTITY_TOP)


def _fit(value: Decimal, step: Decimal, top: Decimal) -> Decimal:
    if not value or value.adjusted() < -_BEYOND:
        return Decimal(0)
    if value.adjusted() > _BEYOND or abs(value) > top:
        return top.copy_sign(value)
    return value.quantize(step, context=_EXACT)


def number(value: Decimal) -> int | float | Decimal:
    """
    The JSON number of a stored value: integers without a decimal point, others without trailing zeros.

    Numbers of more than 15 digits come back as PHP's binary floats have them, which is where 99999999999999.999999
    turns into 1e14.
    """
    if len(value.as_tuple().digits) > 15:  # noqa: PLR2004 - the decimal digits a binary double keeps
        approximate = float(value)
        return int(approximate) if approximate.is_integer() else Decimal(repr(approximate)).normalize()
    whole = value.to_integral_value()
    return int(whole) if whole == value else value.normalize()


def text(value: Decimal | int) -> str:
    """The text PHP makes of a number: `-4`, `12.5`, no exponent in the range of money."""
    if isinstance(value, int):
        return str(value)
    if abs(value.adjusted()) > _BEYOND:
        return f"{float(value):.14G}"
    return f"{value.normalize():f}"


def six_places(value: Decimal) -> str:
    """A decimal attribute among `custom_attributes`: `9.500000`."""
    return f"{value:.6f}"
