"""The sync log as people read it: a line a request."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from daemon.cli.moments import local_and_relative, parse_instant
from daemon.cli.table import Column, Table

_LEVEL_STYLES: Final = {"error": "red", "warning": "yellow"}
_KEYS_SHOWN: Final = 3


def log_table(rows: Sequence[Mapping[str, Any]], *, now: datetime, zone: tzinfo | None = None) -> Table:
    """Make the table of *rows*, requests with the outcomes of their records."""
    return Table(
        columns=(
            Column(heading="AT"),
            Column(heading="LEVEL", styles=_LEVEL_STYLES),
            Column(heading="ACTION", narrowest=10),
            Column(heading="QUEUE", gives=2, narrowest=10),
            Column(heading="RECORDS", gives=1, narrowest=8),
            Column(heading="DELIVERED", align="right"),
            Column(heading="STATUS", align="right"),
            Column(heading="WHY", gives=3, narrowest=10),
        ),
        rows=[_row(each, now, zone) for each in rows],
    )


def _row(row: Mapping[str, Any], now: datetime, zone: tzinfo | None) -> tuple[str, ...]:
    at = parse_instant(row["at"])
    outcomes = row["outcomes"]
    keys = list(dict.fromkeys(str(each.get("key")) for each in outcomes if each.get("key")))
    more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
    why = next((str(each["reason"]) for each in outcomes if each.get("reason")), "-")
    return (
        "-" if at is None else local_and_relative(at, now, zone=zone),
        str(row["level"]),
        str(row["action"] or "-"),
        str(row["queue"]),
        ", ".join(keys[:_KEYS_SHOWN]) + more or "-",
        f"{row['delivered']}/{row['records']}",
        str(row["status"] or "-"),
        why,
    )
