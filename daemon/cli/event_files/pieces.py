"""A stream in pieces with their line numbers: no piece is long, however long its line is."""

from collections.abc import Iterator
from typing import BinaryIO, Final

PIECE_BYTES: Final = 64 * 1024

Piece = tuple[int, bytes]
"""The number of its line, 1 is the first, and up to 64 KiB of it; the last one of a line ends with the line end."""


def read_pieces(stream: BinaryIO) -> Iterator[Piece]:
    """Read *stream* to its end; a byte order mark at its beginning is left out."""
    line = 1
    first = True
    while piece := stream.readline(PIECE_BYTES):
        if first:
            piece, first = piece.removeprefix(b"\xef\xbb\xbf"), False
        yield line, piece
        line += piece.endswith(b"\n")


def whole_lines(pieces: Iterator[Piece], *, longest: int) -> Iterator[tuple[int, bytes, int]]:
    """Put lines together again: number, up to *longest* bytes without the line end, and how many there were."""
    held, size = bytearray(), 0
    number = 1
    for number, piece in pieces:
        size += len(piece)
        held += piece[: max(0, longest + 2 - len(held))]
        if piece.endswith(b"\n"):
            line = bytes(held).rstrip(b"\r\n")
            yield number, line, size if size > longest + 2 else len(line)
            held, size = bytearray(), 0
    if size:
        yield number, bytes(held), size
