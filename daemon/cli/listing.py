"""Lists of the API as verbs show them: the first so many rows, and a word when there are more."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from daemon.cli.output import Output
from daemon.cli.session import over_api

MOST: Final = 1_000_000
"""Rows a list can be asked for."""

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=MOST, help="Rows at most.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="30m, 2h, 7d, 2026-11-21, 2026-11-21T10:00.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Before; written as --since.")]


def show_first(
    output: Output,
    url: str | None,
    path: str,
    filters: Mapping[str, object],
    show: Callable[[Sequence[Any]], None],
    *,
    limit: int,
) -> None:
    """
    Show the first rows of a list.

    Args:
        output: where; with JSON the rows as they came, and whether there are more.
        url: of the API, as the option said.
        path: of the list, `audit`.
        filters: parameters of the list; None asks for nothing.
        show: writes the rows for people.
        limit: rows shown at most.
    """
    # One more than shown tells whether there are more.
    rows = over_api(url, lambda api: api.first_items(path, limit=limit + 1, **filters))
    is_more, rows = len(rows) > limit, rows[:limit]
    if output.is_json:
        output.document({"items": rows, "more": is_more})
        return
    show(rows)
    if is_more:
        output.note(f"there are more than {limit:,}: give a higher --limit, or filters")
