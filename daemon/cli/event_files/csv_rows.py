"""CSV with a header: the columns of an event's envelope by their names, every other column becomes data."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from daemon.cli.errors import UsageError
from daemon.cli.event_files.entries import Entry, EventRecord, unreadable
from daemon.cli.event_files.pieces import Piece, whole_lines
from queues.message import MAX_EVENT_BYTES

_ENVELOPE: Final = frozenset({"id", "source", "type", "subject", "time", "storeview", "changed"})
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_BOOLEAN_COLUMNS: Final = frozenset({"in_stock"})
"""Members of `data` that are true or false; a CSV has no such values, only texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvDefaults:
    """
    What the rows of a CSV lack.

    Attributes:
        type: of all events; None: there is a column of that name.
        source: who says so.
        time: the version of the records, RFC 3339.
    """

    type: str | None
    source: str
    time: str


def read_csv(pieces: Iterator[Piece], defaults: CsvDefaults) -> Iterator[Entry]:
    """
    Read one event from each row; comma, semicolon or tab, whichever the header has most of.

    Raises:
        UsageError: the header has no column `subject`, none for the type, or a column twice.
    """
    texts = _Lines(pieces)
    header_line = next((text for text in texts if text.strip()), "")
    delimiter = max(",;\t", key=header_line.count)
    names = [name.strip() for name in next(csv.reader([header_line], delimiter=delimiter), [])]
    _check_header(names, defaults)
    csv.field_size_limit(MAX_EVENT_BYTES)
    rows = csv.reader(texts, delimiter=delimiter)
    while True:
        began = texts.number + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield unreadable(began, b"", code="invalid", reason=f"this is no CSV from here on: {error}")
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _entry(began, names, cells, defaults)


class _Lines:
    """The text lines of a CSV, remembering the number of the last one."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._lines = whole_lines(pieces, longest=MAX_EVENT_BYTES)
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line, size = next(self._lines)
        if size > MAX_EVENT_BYTES:
            raise csv.Error(f"line {self.number} has {size} bytes")
        # What is no UTF-8 survives as surrogates and is refused with its row.
        return line.decode("utf-8", "surrogateescape") + "\n"


def _check_header(names: Sequence[str], defaults: CsvDefaults) -> None:
    shown = ", ".join(names) or "nothing"
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the header of the CSV must name every column once, got {twice or 'no name'!r} again")
    if "subject" not in names:
        raise UsageError(f"the header of the CSV must have a column subject (the record key), got {shown[:300]}")
    if "type" not in names and defaults.type is None:
        raise UsageError("the CSV has no column type: give --type, such as --type to_magento.pricing")


def _entry(line: int, names: Sequence[str], cells: Sequence[str], defaults: CsvDefaults) -> Entry:
    raw = ",".join(cells).encode("utf-8", "surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return unreadable(line, raw, code="not_utf8", reason="the row must be UTF-8")
    if len(cells) > len(names):
        reason = f"the row must have at most {len(names)} cells as the header has, got {len(cells)}"
        return unreadable(line, raw, code="invalid", reason=reason)
    if any("\x00" in cell for cell in cells):
        return unreadable(line, raw, code="invalid", reason="the row must not contain NUL")
    row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    return EventRecord(line=line, body=msgspec.json.encode(_event(row, defaults)))


def _event(row: Mapping[str, str], defaults: CsvDefaults) -> dict[str, object]:
    event: dict[str, object] = {
        "specversion": "1.0",
        "source": row.get("source", defaults.source),
        "type": row.get("type", defaults.type),
        "subject": row.get("subject"),
        "time": row.get("time", defaults.time),
        "datacontenttype": "application/json",
    }
    if "storeview" in row:
        event["storeview"] = row["storeview"]
    if "changed" in row:
        event["changed"] = row["changed"].replace(";", " ").replace(",", " ").split()
    event["data"] = {
        name.removeprefix("data."): _value(name.removeprefix("data."), cell)
        for name, cell in row.items()
        if name not in _ENVELOPE
    }
    return {**event, "id": row.get("id") or _identify(event)}


def _value(name: str, cell: str) -> object:
    # Numbers stay text: that is how they keep every digit, and the senders read both.
    return _BOOLEANS.get(cell.lower(), cell) if name in _BOOLEAN_COLUMNS else cell


def _identify(event: Mapping[str, object]) -> str:
    """Give the same id for the same content, so that a file published again brings nothing twice."""
    return "csv-" + hashlib.sha256(msgspec.json.encode(event, order="sorted")).hexdigest()[:32]
