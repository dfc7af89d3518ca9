"""The columns of a CSV of dead letters, and what may stand in their cells; one form for API and command line."""

from datetime import datetime
from typing import Final

COLUMNS: Final = (
    "id",
    "state",
    "queue",
    "key",
    "storeview",
    "time",
    "event_id",
    "source",
    "generation",
    "attempts",
    "reason",
    "error_class",
    "error",
    "status",
    "failed_at",
    "occurrences",
    "changed_at",
    "changed_by",
    "changed_why",
)
"""Named as in the API."""


def cell(value: object) -> str:
    """Write one value; a text that a spreadsheet would run as a formula is preceded by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return str(value)
