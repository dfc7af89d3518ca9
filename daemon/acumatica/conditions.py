"""Conditions for `$filter`, put together from checked names and escaped values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

Comparison: TypeAlias = Literal["eq", "ne", "gt", "ge", "lt", "le"]
Literal_: TypeAlias = str | int | bool | Decimal | date | datetime

NAMED_AT_ONCE: Final = 25
"""Values named in one condition: its address stays well below what web servers take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition and the fields it names, so that they can be checked against the contract."""

    text: str
    names: frozenset[str]


def where(name: str, comparison: Comparison, value: Literal_) -> Condition:
    """Compare a field, `ItemStatus` or `MainContact/Email`, with a value."""
    return Condition(text=f"{name} {comparison} {literal(value)}", names=frozenset({name}))


def all_of(*conditions: Condition) -> Condition:
    """
    Require every one of *conditions*.

    Raises:
        ValueError: there is none.
    """
    return _joined(" and ", conditions)


def any_of(*conditions: Condition) -> Condition:
    """
    Require one of *conditions*.

    Raises:
        ValueError: there is none.
    """
    return _joined(" or ", conditions)


def groups_of(name: str, values: Sequence[str]) -> Iterator[tuple[Sequence[str], Condition]]:
    """Cut *values* into groups of at most NAMED_AT_ONCE; each comes with the condition that the field is one of it."""
    for first in range(0, len(values), NAMED_AT_ONCE):
        group = values[first : first + NAMED_AT_ONCE]
        yield group, any_of(*(where(name, "eq", each) for each in group))


def _joined(word: str, conditions: tuple[Condition, ...]) -> Condition:
    if not conditions:
        raise ValueError("a condition is needed")
    if len(conditions) == 1:
        return conditions[0]
    return Condition(
        text=word.join(f"({each.text})" for each in conditions),
        names=frozenset(name for each in conditions for name in each.names),
    )


def literal(value: Literal_) -> str:
    """
    Write a value as OData v3: quotes doubled, instants with their offset.

    Raises:
        ValueError: an instant without time zone, which the ERP would read in a zone nobody knows.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}M"
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"{value} has no time zone")
            return f"datetimeoffset'{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}+00:00'"
        case date():
            return f"date'{value:%Y-%m-%d}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
