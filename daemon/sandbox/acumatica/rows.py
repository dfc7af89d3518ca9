"""Records as the site keeps them: plain values, parts below, each row with an id of its own."""

import uuid
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = str | bool | int | Decimal | datetime | None
JsonObject: TypeAlias = dict[str, object]

_OURS = uuid.UUID("b9f0f0f4-5f4c-4a8f-9a51-3c8f0c1e2a33")
STAMP_STEP_MICROSECONDS = 10_000
"""Change stamps are kept to hundredths of a second, so that bulk updates share one."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One record, or one row of a part; not frozen, because it is what the site changes."""

    id: str
    values: dict[str, Value]
    parts: dict[str, "Row | list[Row]"] = field(default_factory=dict)
    custom: dict[str, dict[str, object]] = field(default_factory=dict)
    note: str | None = None
    files: list["AttachedFile"] = field(default_factory=list)

    def many(self, part: str) -> "list[Row]":
        """The rows of a detail part, made empty when it is not there yet."""
        rows = self.parts.setdefault(part, [])
        if not isinstance(rows, list):
            raise TypeError(f"{part} is a linked part")
        return rows

    def one(self, part: str) -> "Row | None":
        """The linked part, None when it is not there."""
        row = self.parts.get(part)
        return row if isinstance(row, Row) else None

    def copy(self) -> "Row":
        """A copy that shares nothing."""
        return deepcopy(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file attached to a record."""

    id: str
    filename: str
    content: bytes
    comment: str = ""


def new_id() -> str:
    """Give an id nobody has."""
    return str(uuid.uuid4())


def stable_id(*names: str) -> str:
    """Give the id of a row made by rule: the same every time, in no order anybody could use."""
    return str(uuid.uuid5(_OURS, "/".join(names)))


def key_part(value: Value) -> str:
    """One part of a key as the database compares it: without trailing blanks, whatever its letter case."""
    return str(value if value is not None else "").rstrip().casefold()


def key_of(keys: tuple[str, ...], values: Mapping[str, Value]) -> tuple[str, ...]:
    """The key of a record."""
    return tuple(key_part(values.get(name)) for name in keys)


def stamp(now: datetime) -> datetime:
    """Cut an instant to the precision of change stamps."""
    return now.replace(microsecond=now.microsecond // STAMP_STEP_MICROSECONDS * STAMP_STEP_MICROSECONDS)


def moment_text(at: datetime) -> str:
    """An instant as the site writes it: with its offset, the fraction without trailing zeros."""
    whole = at.astimezone(UTC)
    fraction = f".{whole.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{whole:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def read_moment(text: str) -> datetime:
    """
    Read an instant; without an offset it is UTC here.

    Raises:
        ValueError: it is none.
    """
    at = datetime.fromisoformat(_six_digits(text.strip()))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _six_digits(text: str) -> str:
    """Bring a fraction of 1 to 7 digits to the six that can be read."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"


def walk(row: Row) -> Iterator[Row]:
    """Give a row and every row below it."""
    yield row
    for part in row.parts.values():
        for below in part if isinstance(part, list) else [part]:
            yield from walk(below)
