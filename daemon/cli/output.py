"""Where a verb writes: results to stdout, messages to stderr, colour and tables on a terminal only."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self, TextIO

import msgspec
from rich.console import Console
from rich.text import Text

from daemon.cli.table import Table
from daemon.cli.texts import safe

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """
    The two streams of a verb.

    Attributes:
        out: results.
        err: messages and progress.
        is_json: results are JSON documents, nothing else.
    """

    out: Console
    err: Console
    is_json: bool

    @classmethod
    def standard(cls, *, is_json: bool) -> Self:
        """Use stdout and stderr of this process."""
        return cls(out=_console(sys.stdout), err=_console(sys.stderr), is_json=is_json)

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads the results."""
        return self.out.is_terminal and not self.is_json

    def document(self, document: object) -> None:
        """Write *document* as JSON: indented for people, one line for programs."""
        self.raw(to_json(document, indented=self.out.is_terminal))

    def raw(self, text: str) -> None:
        """Write one line of results that is safe already."""
        self.out.file.write(f"{text}\n")

    def line(self, text: str, *, style: str | None = None) -> None:
        """Write one line of results for people; nothing when results are JSON."""
        if not self.is_json:
            _write(self.out, text, style)

    def note(self, text: str, *, style: str | None = None) -> None:
        """Write one message to stderr."""
        _write(self.err, text, style)

    def table(self, table: Table) -> None:
        """Draw *table* on a terminal, write it tab-separated elsewhere."""
        if self.on_terminal:
            self.out.print(table.drawn(self.out.width))
        else:
            self.lines(table.lines())

    def lines(self, lines: Sequence[str]) -> None:
        """Write several lines of results that are safe already."""
        for each in lines:
            self.raw(each)


def to_json(document: object, *, indented: bool = False) -> str:
    """Write JSON without any character that steers a terminal; decimals keep every digit."""
    text = _ENCODER.encode(document)
    shown = msgspec.json.format(text, indent=2) if indented else text
    return safe(shown.decode(), keep="\n")


def from_json(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """
    Read JSON, numbers with a fraction as decimals.

    Raises:
        ValueError: it is none.
    """
    return _DECODER.decode(body)


def _console(stream: TextIO) -> Console:
    # Rich itself honours NO_COLOR and TERM=dumb; that a pipe stays plain is said here, whatever FORCE_COLOR says.
    return Console(file=stream, force_terminal=stream.isatty(), highlight=False, markup=False, emoji=False)


def _write(console: Console, text: str, style: str | None) -> None:
    if console.is_terminal:
        console.print(Text(safe(text, keep="\n"), style=style or ""), soft_wrap=True)
    else:
        console.file.write(f"{safe(text, keep=chr(10))}\n")
