"""A table: columns for people on a terminal, tab-separated lines for programs in a pipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self

from rich.cells import cell_len
from rich.table import Table as RichTable
from rich.text import Text

from daemon.cli.texts import one_line

GAP: Final = 2
"""Blanks between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column.

    Attributes:
        heading: above it.
        align: numbers go right.
        gives: columns with a higher number give width away first when there is not enough; 0 gives at last.
        narrowest: characters it keeps at least.
        styles: of cells that hold exactly such a text, where there is colour.
    """

    heading: str
    align: Literal["left", "right"] = "left"
    gives: int = 0
    narrowest: int = 6
    styles: Mapping[str, str] = field(default_factory=dict)


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

    def drawn(self, width: int) -> RichTable:
        """Give it drawn for *width* characters: one line a row, cells cut with an ellipsis rather than wrapped."""
        cells = [[one_line(cell) for cell in row] for row in self.rows]
        table = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for column, size in zip(self.columns, _fitted(self.columns, cells, width), strict=True):
            table.add_column(column.heading, justify=column.align, width=size, no_wrap=True, overflow="ellipsis")
        for row in cells:
            # Text, not str: what came from outside must not be read as markup.
            styled = zip(self.columns, row, strict=True)
            table.add_row(*(Text(cell, style=column.styles.get(cell, "")) for column, cell in styled))
        return table


def _fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Give each column a width: as wide as its widest cell, unless some must give so that all fit into *width*."""
    sizes = [
        max(cell_len(column.heading), *(cell_len(row[index]) for row in rows), 1)
        for index, column in enumerate(columns)
    ]
    excess = sum(sizes) + GAP * (len(sizes) - 1) - width
    for rank in sorted({column.gives for column in columns}, reverse=True):
        givers = [index for index, column in enumerate(columns) if column.gives == rank]
        while excess > 0:
            index = max(givers, key=lambda each: sizes[each] - columns[each].narrowest)
            if sizes[index] <= columns[index].narrowest:
                break
            sizes[index] -= 1
            excess -= 1
    return sizes
