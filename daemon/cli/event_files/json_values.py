"""JSON in a stream: one event a line, a list of events, or events written over several lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from daemon.cli.event_files.entries import KEPT_BYTES, Entry, judge, unreadable
from daemon.cli.event_files.pieces import Piece, whole_lines
from queues.message import MAX_EVENT_BYTES

_TOKEN: Final = re.compile(rb'\\.?|["{}\[\],]', re.DOTALL)
_NOTHING_BETWEEN: Final = "there is nothing between two commas"
_TOO_LARGE: Final = f"an event must be at most {MAX_EVENT_BYTES} bytes"


def read_json_lines(pieces: Iterator[Piece]) -> Iterator[Entry]:
    """Read one event from each line; empty lines are passed over, a bad line spoils no other."""
    for number, line, size in whole_lines(pieces, longest=MAX_EVENT_BYTES):
        body = line.strip()
        if size > MAX_EVENT_BYTES:
            yield unreadable(number, body, code="too_large", reason=f"{_TOO_LARGE}, got {size}")
        elif body:
            yield judge(number, body)


@dataclass(slots=True, kw_only=True)
class _Value:
    """The value being read: where it began, its bytes as far as an event may have any, its size."""

    line: int = 0
    size: int = 0
    held: bytearray = field(default_factory=bytearray)

    def add(self, line: int, part: bytes) -> None:
        if not self.size:
            part = part.lstrip()
            self.line = line
        self.size += len(part)
        self.held += part[: max(0, MAX_EVENT_BYTES + 1 - len(self.held))]

    def entry(self) -> Entry:
        body = bytes(self.held).strip()
        if self.size > MAX_EVENT_BYTES and len(body) > MAX_EVENT_BYTES:
            reason = f"{_TOO_LARGE}, got {self.size}"
            return unreadable(self.line, body[:KEPT_BYTES], code="too_large", reason=reason)
        return judge(self.line, body)


def read_json_values(pieces: Iterator[Piece], *, is_list: bool) -> Iterator[Entry]:
    """
    Read the elements of one JSON list, or JSON objects one after the other over any number of lines.

    Only brackets and strings are followed here; each value is then read strictly on its own.
    """
    splitter = _Splitter(is_list=is_list)
    for number, piece in pieces:
        yield from splitter.feed(number, piece)
    yield from splitter.finish()


class _Splitter:
    """Cuts JSON into its values while it comes in."""

    def __init__(self, *, is_list: bool) -> None:
        self._is_list = is_list
        self._depth = 0
        self._in_string = False
        self._skips_next = False
        self._is_closed = False
        self._line = 1
        self._value = _Value()

    def feed(self, line: int, piece: bytes) -> Iterator[Entry]:
        """Take the next piece and give the values that end in it."""
        self._line, start = line, 0
        if self._skips_next:
            # The piece before ended between a backslash and what it escapes.
            self._value.add(line, piece[:1])
            start, self._skips_next = 1, False
        for token in _TOKEN.finditer(piece, start):
            sign, at = token[0], token.start()
            match self._follow(sign):
                case "begin":
                    start = at + 1
                case "next":
                    self._value.add(line, piece[start:at])
                    yield self._taken() or unreadable(line, b",", code="not_json", reason=_NOTHING_BETWEEN)
                    start = at + 1
                case "end":
                    self._value.add(line, piece[start : at if self._is_list else at + 1])
                    taken = self._taken()
                    if taken is not None:
                        yield taken
                    start, self._is_closed = at + 1, True
                case "inside":
                    pass
        self._value.add(line, piece[start:])

    def finish(self) -> Iterator[Entry]:
        """Say what is wrong with the end, if anything is."""
        rest = bytes(self._value.held).strip()
        if rest:
            is_after = self._is_list and self._is_closed
            reason = "there is more after the end of the list" if is_after else "it is not closed"
            yield unreadable(self._value.line, rest, code="not_json", reason=reason)
        elif self._is_list and not self._is_closed:
            yield unreadable(self._line, b"", code="not_json", reason="the list of events is not closed")

    def _follow(self, sign: bytes) -> Literal["begin", "next", "end", "inside"]:
        """Follow one bracket, quote, comma or escape."""
        if sign.startswith(b"\\"):
            self._skips_next = len(sign) == 1
        elif self._in_string or sign == b'"':
            self._in_string = self._in_string != (sign == b'"')
        elif sign in b"{[":
            self._depth += 1
            if self._is_list and self._depth == 1:
                self._is_closed = False
                return "begin"
        elif sign in b"}]":
            self._depth = max(self._depth - 1, 0)
            return "inside" if self._depth else "end"
        elif self._is_list and self._depth == 1:
            return "next"
        return "inside"

    def _taken(self) -> Entry | None:
        """Give the value that has ended, None for nothing but blanks."""
        value, self._value = self._value, _Value()
        return value.entry() if value.held.strip() else None
