"""Typed looks into converted JSON objects; conversion has already made sure of the types."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias, cast

JsonObject: TypeAlias = dict[str, object]


def text(row: Mapping[str, object], name: str) -> str | None:
    """The text under *name*, None when absent or null."""
    return cast("str | None", row.get(name))


def number(row: Mapping[str, object], name: str) -> Decimal | None:
    """The exact number under *name*, None when absent or null."""
    return cast("Decimal | None", row.get(name))


def integer(row: Mapping[str, object], name: str) -> int | None:
    """The integer under *name*, None when absent or null."""
    return cast("int | None", row.get(name))


def flag(row: Mapping[str, object], name: str) -> bool | None:
    """The boolean under *name*, None when absent or null."""
    return cast("bool | None", row.get(name))


def mapping(row: Mapping[str, object], name: str) -> JsonObject | None:
    """The object under *name*, None when absent or null."""
    return cast("JsonObject | None", row.get(name))


def rows(row: Mapping[str, object], name: str) -> list[JsonObject]:
    """The objects under *name*; an absent list is empty."""
    return cast("list[JsonObject]", row.get(name) or [])


def texts(row: Mapping[str, object], name: str) -> list[str]:
    """The texts under *name*; an absent list is empty."""
    return [entry for entry in cast("list[str | None]", row.get(name) or []) if entry is not None]
