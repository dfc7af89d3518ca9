"""Dead letters into a file or a pipe, as CSV or JSON Lines."""

import csv
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from daemon.cli.errors import UsageError
from daemon.cli.output import to_json
from daemon.cli.texts import safe
from daemon.dead_letter_csv import COLUMNS, cell

ExportFormat = Literal["csv", "jsonl"]

Write = Callable[[Mapping[str, Any]], None]


class Sink(Protocol):
    """Takes text."""

    def write(self, text: str, /) -> object:
        """Write *text*."""


class _TerminalSink:
    """A terminal, which nothing that is written must steer."""

    def write(self, text: str, /) -> object:
        """Write *text* with everything odd escaped."""
        return sys.stdout.write(safe(text, keep="\n"))


def row_writer(file: Sink, file_format: ExportFormat) -> Write:
    """Make what writes one dead letter after the other to *file*; a CSV begins with its header."""
    if file_format == "jsonl":
        return lambda letter: _write_line(file, letter)
    # RFC 4180 line ends would show as ^M to every Unix tool.
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    return lambda letter: _write_row(writer.writerow, letter)


@contextmanager
def opened(file: str) -> Iterator[Sink]:
    """Open *file* for writing, `-` for stdout; a file appears under its name only when it is whole."""
    if file == "-":
        yield _TerminalSink() if sys.stdout.isatty() else sys.stdout
        return
    partial = Path(f"{file}.partial")
    try:
        stream = partial.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"cannot write {partial}: {error.strerror}") from error
    try:
        with stream:
            yield stream
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write_line(file: Sink, letter: Mapping[str, Any]) -> None:
    file.write(to_json(letter) + "\n")


def _write_row(write: Callable[[list[str]], object], letter: Mapping[str, Any]) -> None:
    write([cell(letter.get(name)) for name in COLUMNS])
