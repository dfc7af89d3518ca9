"""JSON objects that hold nothing to be careful about, read at once: what nearly every event is."""

from decimal import Decimal
from typing import Any, Final

import msgspec

LONGEST: Final = 4_096
"""Bytes; what is longer is read with all care."""

_HIGHEST: Final = 10**300
# Looked for as numbers: several times faster than as bytes.
_BACKSLASH, _NEWLINE, _TAB, _RETURN, _SPACE = b"\\\n\t\r "
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def read_plain(body: bytes) -> dict[str, Any] | None:
    """
    Read an object of plain members, among them objects of plain members; None if it is anything else.

    Plain means: ASCII without escapes, no lists, no huge integers. Numbers with a fraction or exponent become Decimals.
    A member that stands twice is noticed: without escapes every `":` ends a name, and each name must be there.
    """
    if len(body) > LONGEST or not body.isascii() or _BACKSLASH in body:
        return None
    # A name that is not followed by its colon at once could not be counted.
    if _NEWLINE in body or _TAB in body or _RETURN in body or (_SPACE in body and b'" ' in body):
        return None
    try:
        document = _DECODER.decode(body)
    except (msgspec.DecodeError, ArithmeticError, RecursionError):
        # Whoever reads it with care knows how to tell it.
        return None
    if not isinstance(document, dict):
        return None
    names = _count_plain(document)
    for member in document.values():
        if isinstance(member, dict):
            names += _count_plain(member, depth=2)
    return document if names == body.count(b'":') else None


def _count_plain(members: dict[str, Any], *, depth: int = 1) -> int:
    """Count the names of one object; of one that is not plain, too few to match."""
    for value in members.values():
        kind = type(value)
        if kind is list or (kind is dict and depth > 1) or (kind is int and not -_HIGHEST < value < _HIGHEST):
            return -LONGEST
    return len(members)
