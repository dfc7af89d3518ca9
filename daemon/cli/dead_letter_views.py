"""Dead letters as operators see them in a list."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from daemon.cli.moments import local_and_relative, parse_instant, relative
from daemon.cli.table import Column, Table
from daemon.cli.texts import one_line

_WIDE: Final = 110
"""Characters from which times are told in full and the error class has a column of its own."""

_STATE_STYLES: Final = {"failed": "red", "reprocessing": "yellow", "reprocessed": "green"}


def letter_table(
    letters: Sequence[Mapping[str, Any]], *, now: datetime, width: int, zone: tzinfo | None = None
) -> Table:
    """Make the table of *letters* for a terminal of *width* characters; queue names lose what they all begin with."""
    prefix = shared_prefix([str(each["queue"]) for each in letters])
    is_wide = width >= _WIDE
    columns = (
        Column(heading="ID", align="right"),
        Column(heading="QUEUE", gives=1, narrowest=14),
        Column(heading="KEY", gives=2, narrowest=9),
        Column(heading="STATE", narrowest=10, styles=_STATE_STYLES),
        Column(heading="TRIES", align="right"),
        *((Column(heading="CLASS"),) if is_wide else ()),
        Column(heading="ERROR", gives=3, narrowest=14),
        Column(heading="FAILED AT" if is_wide else "FAILED", align="right", narrowest=10),
    )
    rows = []
    for each in letters:
        failed_at = parse_instant(each["failed_at"])
        error_class = str(each.get("error_class") or each.get("reason") or "")
        error = one_line(str(each.get("error") or ""))
        rows.append(
            (
                str(each["id"]),
                str(each["queue"]).removeprefix(prefix),
                str(each.get("key") or "-"),
                str(each["state"]),
                str(each["attempts"]),
                *((error_class or "-",) if is_wide else ()),
                error if is_wide or not error_class else f"{error_class}: {error}",
                _failed(failed_at, now, zone, is_wide=is_wide),
            )
        )
    return Table(columns=columns, rows=rows)


def letter_lines(letters: Sequence[Mapping[str, Any]]) -> Table:
    """Make the table of *letters* for a pipe: every name in full, times as the API gives them."""
    names = ("id", "queue", "key", "state", "attempts", "error_class", "error", "failed_at")
    return Table(
        columns=[Column(heading=name) for name in names],
        rows=[["" if each.get(name) is None else str(each[name]) for name in names] for each in letters],
    )


def shared_prefix(names: Sequence[str]) -> str:
    """Give what all *names* begin with, whole parts up to a dot; at least the last part of each is left."""
    if not names:
        return ""
    shared: list[str] = []
    for parts in zip(*(name.split(".")[:-1] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}." for part in shared)


def _failed(moment: datetime | None, now: datetime, zone: tzinfo | None, *, is_wide: bool) -> str:
    if moment is None:
        return "-"
    return local_and_relative(moment, now, zone=zone) if is_wide else relative(moment, now)
