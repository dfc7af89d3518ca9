"""What PostgreSQL can keep: its text knows neither NUL nor lone surrogates, and strangers send both."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

LONGEST_TEXT: Final = 2_000
"""Characters of an error or an answer that are kept."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def storable(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Give *text* without what PostgreSQL refuses, cut to *longest* characters."""
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
    """Write message headers as JSON; what cannot be kept in them is replaced, headers are only for people."""
    if not headers:
        return "{}"
    return to_json({storable(name): storable(value) for name, value in headers.items()})
