"""A table: columns for people on a terminal, tab-separated lines for programs in a pipe."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from rich.table import Table as RichTable
from rich.text import Text

from daemon.cli.texts import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column.

    Attributes:
        heading: above it.
        align: numbers go right.
        ratio: takes this share of what is left of the width; None: as wide as its widest cell.
        narrowest: characters it keeps at least.
        style: of the cells, where there is colour.
    """

    heading: str
    align: Literal["left", "right"] = "left"
    ratio: int | None = None
    narrowest: int | None = None
    style: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under their columns; cells may hold anything, they are made safe when they are shown."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def first(self, count: int) -> Self:
        """Give it with its first *count* rows only."""
        return replace(self, rows=self.rows[:count])

    def lines(self) -> Sequence[str]:
        """Give it tab-separated, the headings first; no cell holds a tab or a line end."""
        headings = "\t".join(column.heading for column in self.columns)
        return [headings, *("\t".join(one_line(cell) for cell in row) for row in self.rows)]

    def drawn(self) -> RichTable:
        """Give it drawn for a terminal: one line a row, cells cut with an ellipsis rather than wrapped."""
        table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=False)
        for column in self.columns:
            table.add_column(
                column.heading,
                justify=column.align,
                ratio=column.ratio,
                min_width=column.narrowest,
                style=column.style,
                no_wrap=True,
                overflow="ellipsis",
            )
        for row in self.rows:
            # Text, not str: what came from outside must not be read as markup.
            table.add_row(*(Text(one_line(cell)) for cell in row))
        return table
