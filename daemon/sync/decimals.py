"""Reading money and quantities exactly: text or JSON number in, Decimal out, never through a binary float."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from typing_extensions import override

from daemon.sync.refusal import refuse

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,9})?")
_PLAIN: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_PLAIN_PLACES: Final = 2
_LONGEST_TEXT: Final = 400
"""Characters of a number given as text; as many digits as the engine takes of a JSON integer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecimalRange:
    """
    What a decimal may be.

    Attributes:
        lowest: smallest value allowed.
        highest: largest value allowed.
        places: decimals the target keeps; more are refused, unless they are zeros.
    """

    lowest: Decimal
    highest: Decimal
    places: int

    @override
    def __str__(self) -> str:
        """Name the range as people read it."""
        return f"a decimal from {self.lowest:f} to {self.highest:f} with at most {self.places} decimals, text or number"


def read_decimal(data: Mapping[str, Any], name: str, allowed: DecimalRange) -> Decimal:
    """
    Read the member *name* of an event's data, which must be there.

    Returns:
        The exact value in plain notation (no exponent), zero without a sign.

    Raises:
        InvalidMessage: it is missing, no number or not *allowed*; huge exponents are refused without expanding them.
    """
    came = data.get(name)
    if type(came) is str and _PLAIN.fullmatch(came) and allowed.places >= _PLAIN_PLACES:
        # What nearly every value is: nothing in it needs care, and zero alone may not stay as it was written.
        value: Decimal | None = Decimal(came)
        if value and allowed.lowest <= value <= allowed.highest:
            return value
    if came is None:
        refuse("missing" if name not in data else "invalid", f"data.{name}", f"must be {allowed}", came)
    value = _parse(came)
    if value is None or not value.is_finite():
        refuse("invalid", f"data.{name}", f"must be {allowed}", came)
    if value.is_zero():
        # Zero may come with a sign or any exponent.
        plain: Decimal | None = Decimal(0)
    elif value.adjusted() > allowed.highest.adjusted() or value.adjusted() < -allowed.places:
        # Decided by the exponent alone: 1e99999999 must not be written out.
        plain = None
    else:
        plain = _plain(value, allowed.places)
    if plain is None or not allowed.lowest <= plain <= allowed.highest:
        refuse("invalid", f"data.{name}", f"must be {allowed}", came)
    return plain


def read_optional_decimal(data: Mapping[str, Any], name: str, allowed: DecimalRange) -> Decimal | None:
    """Read the member as `read_decimal` does; None when it is absent or null."""
    return None if data.get(name) is None else read_decimal(data, name, allowed)


def _parse(came: object) -> Decimal | None:
    if isinstance(came, Decimal):
        return came
    if isinstance(came, int) and not isinstance(came, bool):
        return Decimal(came)
    if isinstance(came, str):
        text = came.strip()
        if len(text) <= _LONGEST_TEXT and text.isascii() and _NUMBER.fullmatch(text):
            try:
                return Decimal(text)
            except InvalidOperation:
                return None
    # Binary floats too: they no longer say what the source had written.
    return None


def _plain(value: Decimal, places: int) -> Decimal | None:
    whole, _, fraction = format(value, "f").partition(".")
    if len(fraction) > places:
        fraction = fraction.rstrip("0")
        if len(fraction) > places:
            return None
    return Decimal(f"{whole}.{fraction}" if fraction else whole)
