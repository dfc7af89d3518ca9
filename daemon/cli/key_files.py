"""Files of record keys: one a line, or a CSV whose header names the column; every line that is none is told (B57)."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from daemon.cli.errors import UsageError
from daemon.http.value_schemas import LONGEST_TEXT, RECORD_KEY

_KEY_COLUMNS: Final = frozenset({"key", "entity cd", "inventoryid", "inventory id", "sku", "subject"})
"""Headers of the column with the keys, in lower case."""
_ACTIVE_COLUMN: Final = "active"
_NO: Final = frozenset({"0", "false", "no", "n"})
_KEY: Final = re.compile(RECORD_KEY)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key and the line it stands in, 1 is the first."""

    line: int
    key: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no key, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class InactiveLine:
    """A row whose column Active says no."""

    line: int


def read_keys(lines: Iterable[bytes]) -> Iterator[KeyLine | BadLine | InactiveLine]:
    """
    Read the keys of *lines*; blank lines are nothing.

    A file whose first line has a comma, semicolon or tab, or is a known header alone, is a CSV.

    Raises:
        UsageError: a CSV without a column of keys.
    """
    numbered = ((number, line.rstrip(b"\r\n")) for number, line in enumerate(lines, start=1))
    columns: _Columns | None = None
    is_first = True
    for number, line in numbered:
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip(" ")
        except UnicodeDecodeError:
            yield BadLine(number, "is not UTF-8")
            continue
        if not text.strip():
            continue
        if is_first:
            is_first = False
            columns = _header(text)
            if columns is not None:
                continue
        yield _judge(number, text, columns)


@dataclass(frozen=True, slots=True)
class _Columns:
    delimiter: str
    key: int
    active: int | None


def _header(text: str) -> _Columns | None:
    """Read the header of a CSV; None: it is a key already."""
    delimiter = max(",;\t", key=text.count)
    names = [name.strip().casefold() for name in next(csv.reader([text], delimiter=delimiter))]
    if len(names) == 1 and names[0] not in _KEY_COLUMNS:
        return None
    key = next((place for place, name in enumerate(names) if name in _KEY_COLUMNS), None)
    if key is None:
        raise UsageError(f"the header must name a column {', '.join(sorted(_KEY_COLUMNS))}, got {text[:200]!r}")
    return _Columns(delimiter, key, names.index(_ACTIVE_COLUMN) if _ACTIVE_COLUMN in names else None)


def _judge(number: int, text: str, columns: _Columns | None) -> KeyLine | BadLine | InactiveLine:
    key = text
    if columns is not None:
        try:
            cells = [cell.strip() for cell in next(csv.reader([text], delimiter=columns.delimiter, strict=True))]
        except csv.Error as error:
            return BadLine(number, f"is no row of a CSV: {error}")
        if columns.active is not None and len(cells) > columns.active and cells[columns.active].casefold() in _NO:
            return InactiveLine(number)
        key = cells[columns.key] if len(cells) > columns.key else ""
    key = key.strip()
    if not key:
        return BadLine(number, "has no key")
    if len(key) > LONGEST_TEXT:
        return BadLine(number, f"has a key of {len(key)} characters, {LONGEST_TEXT} are allowed")
    if not _KEY.fullmatch(key):
        return BadLine(number, "has a key with a character that cannot be printed")
    return KeyLine(number, key)
