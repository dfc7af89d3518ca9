"""
What tables may hold; every text that was not made here passes `storable`.

PostgreSQL's text knows neither NUL nor lone surrogates, and strangers send both. Nor is a secret to be found in a dump.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from queues.masking import MASK, kind_of, mask_text

LONGEST_TEXT: Final = 2_000
"""Characters of an error or an answer that are kept."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def storable(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Give *text* without secrets and what PostgreSQL refuses, cut to *longest* characters."""
    text = mask_text(text)
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text[:longest]


def to_json(document: object) -> str:
    """Write *document*, whose texts are storable, as JSON."""
    return _ENCODER.encode(document).decode()


def as_rows(rows: Sequence[Mapping[str, object]]) -> str:
    """Write *rows*, whose texts are storable, for `json_to_recordset`; bytes become base64, what is left out null."""
    return _ENCODER.encode(rows).decode()


def headers_to_json(headers: Mapping[str, str]) -> str:
    """Write message headers as JSON; what may not be kept in them is replaced, headers are only for people."""
    if not headers:
        return "{}"
    return to_json({storable(name): _header(name, value) for name, value in headers.items()})


def _header(name: str, value: str) -> str:
    return MASK if kind_of(name) == "secret" else storable(value)
