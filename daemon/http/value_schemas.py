"""What single values look like on the wire: in bodies, queries and headers alike."""

from collections.abc import Mapping
from typing import Any, Final

LONGEST_TEXT: Final = 255
LONGEST_REASON: Final = 1000
LONGEST_ACTOR: Final = 100
LONGEST_CURSOR: Final = 300
HOLDER: Final = "^[A-Za-z0-9](?:[A-Za-z0-9 ._@+-]{0,62}[A-Za-z0-9])?$"

# No control character, nothing that turns the reading direction or breaks a line.
PRINTABLE: Final = r"[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]*"
BLANKS: Final = r"\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Inside brackets: what `str.isspace` and `str.strip` take for white."""
RECORD_KEY: Final = rf"^{PRINTABLE}[^\x00-\x1f\x7f-\x9f{BLANKS}]{PRINTABLE}$"
"""Of a record: printable, and not blank."""
_NO_NUL: Final = r"^[^\x00]*$"

ANY_TEXT: Final[Mapping[str, Any]] = {"type": "string", "maxLength": LONGEST_TEXT, "pattern": _NO_NUL}
NAME: Final[Mapping[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_TEXT,
    "pattern": rf"^[^\x00]*[^\x00{BLANKS}][^\x00]*$",
    "description": "Not blank; blanks around it are taken off.",
}
REASON: Final[Mapping[str, Any]] = {"type": "string", "maxLength": LONGEST_REASON, "pattern": _NO_NUL}
ACTOR: Final[Mapping[str, Any]] = {"type": "string", "maxLength": LONGEST_ACTOR, "pattern": f"^{PRINTABLE}$"}
CURSOR: Final[Mapping[str, Any]] = {
    "type": "string",
    "maxLength": LONGEST_CURSOR,
    "pattern": "^[A-Za-z0-9_-]*$",
    "description": "The `next_cursor` of the page before, with the same filters.",
}
DAY_OR_MOMENT: Final[Mapping[str, Any]] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
    "description": "A day, which means its beginning in UTC, or a time with its zone.",
}

_DAY_OR_MOMENT_OR_NOT: Final[Mapping[str, Any]] = {
    **DAY_OR_MOMENT,
    # As forms send it.
    "anyOf": [*DAY_OR_MOMENT["anyOf"], {"type": "string", "maxLength": 0, "description": "Not given."}],
}
QUERY_VALUES: Final[Mapping[str, Mapping[str, Any]]] = {
    "since": _DAY_OR_MOMENT_OR_NOT,
    "until": _DAY_OR_MOMENT_OR_NOT,
    "cursor": CURSOR,
}
"""Parameters that hold the same thing wherever they stand; any other text is `ANY_TEXT`."""

KEY: Final[Mapping[str, Any]] = {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"}

HEADER_VALUES: Final[Mapping[str, Mapping[str, Any]]] = {"X-Actor": ACTOR, "X-Reason": REASON, "Idempotency-Key": KEY}
