"""The audit log as people read it: who did what, or was refused it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from daemon.cli.moments import local_and_relative, parse_instant
from daemon.cli.table import Column, Table

_RESULT_STYLES: Final = {"refused": "red"}


def audit_table(rows: Sequence[Mapping[str, Any]], *, now: datetime, zone: tzinfo | None = None) -> Table:
    """Make the table of *rows* for a terminal."""
    shown = []
    for each in rows:
        at = parse_instant(each["at"])
        actor, token = str(each["actor"]), str(each["token"])
        shown.append(
            (
                "-" if at is None else local_and_relative(at, now, zone=zone),
                # The name is what the holder of the token said; where it is another, the token's stands beside it.
                actor if token in {"", actor} else f"{actor} ({token})",
                str(each["action"]),
                str(each["target"] or "-"),
                str(each["result"]),
                str(each["reason"] or each["details"].get("detail") or "-"),
            )
        )
    return Table(
        columns=(
            Column(heading="AT"),
            Column(heading="WHO", gives=1, narrowest=8),
            Column(heading="ACTION", narrowest=12),
            Column(heading="TARGET", gives=2, narrowest=8),
            Column(heading="RESULT", styles=_RESULT_STYLES),
            Column(heading="WHY", gives=3, narrowest=10),
        ),
        rows=shown,
    )


def audit_lines(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Make the table of *rows* for a pipe: every name in full, times as the API gives them."""
    names = ("id", "at", "actor", "token", "source", "action", "target", "result", "reason", "request_id")
    return Table(
        columns=[Column(heading=name) for name in names],
        rows=[["" if each.get(name) is None else str(each[name]) for name in names] for each in rows],
    )
