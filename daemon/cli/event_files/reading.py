"""Finding out what a file of events is, and reading it."""

import itertools
import json
from collections.abc import Iterator
from typing import BinaryIO, Literal

from daemon.cli.errors import UsageError
from daemon.cli.event_files.csv_rows import CsvDefaults, read_csv
from daemon.cli.event_files.entries import Entry
from daemon.cli.event_files.json_values import read_json_lines, read_json_values
from daemon.cli.event_files.pieces import Piece, read_pieces

FileFormat = Literal["json", "jsonl", "csv"]
"""`json`: a list of events, or events over several lines; `jsonl`: one event a line."""

_LONGEST_HEAD = 16
"""Pieces looked at: more than an event may have bytes."""


def read_events(stream: BinaryIO, *, file_format: FileFormat | None, defaults: CsvDefaults) -> Iterator[Entry]:
    """
    Read the events of *stream* one by one, never the whole of it.

    Args:
        stream: a file or a pipe, read once.
        file_format: None to look at the beginning.
        defaults: for CSV.

    Raises:
        UsageError: the header of a CSV lacks what is needed, or a type was given for JSON.
    """
    pieces = read_pieces(stream)
    head = _head(pieces)
    whole = itertools.chain(head, pieces)
    begin = b"".join(piece for _, piece in head).lstrip()
    found = file_format or ("csv" if begin[:1] not in (b"{", b"[") else "json")
    if not begin:
        return iter(())
    if found == "csv":
        return read_csv(whole, defaults)
    if defaults.type is not None:
        raise UsageError("--type is for CSV without a column type; events in JSON say it themselves")
    if begin.startswith(b"["):
        return read_json_values(whole, is_list=True)
    if file_format == "jsonl" or (file_format is None and _has_one_a_line(head)):
        return read_json_lines(whole)
    return read_json_values(whole, is_list=False)


def _head(pieces: Iterator[Piece]) -> list[Piece]:
    """Take pieces until two lines that are not empty have been begun; of a list, or of one endless line, less."""
    head: list[Piece] = []
    lines: set[int] = set()
    for line, piece in pieces:
        head.append((line, piece))
        if piece.strip():
            lines.add(line)
        if len(lines) > 1 or piece.lstrip().startswith(b"[") or len(head) > _LONGEST_HEAD:
            break
    return head


def _has_one_a_line(head: list[Piece]) -> bool:
    """Tell whether one of the first two lines is JSON by itself; a single event spread over lines has none."""
    by_line = itertools.groupby(head, key=lambda each: each[0])
    lines = [b"".join(piece for _, piece in parts).strip() for _, parts in by_line]
    texts = [line for line in lines if line]
    # One line alone, whole or not, is best told of as a line.
    return len(texts) == 1 or any(_is_object(text) for text in texts)


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
