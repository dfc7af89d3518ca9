"""Syncs and their runs as operators see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from daemon.cli.moments import parse_instant, relative
from daemon.cli.table import Column, Table

_STATE_STYLES: Final = {"success": "green", "error": "red", "processing": "yellow", "stopped": "yellow"}
_STATES: Final = {"not_sync": "not synced yet"}


def sync_table(syncs: Sequence[Mapping[str, Any]], *, now: datetime) -> Table:
    """Make the table of *syncs*."""
    return Table(
        columns=(
            Column(heading="SYNC", gives=1, narrowest=16),
            Column(heading="ENABLED"),
            Column(heading="DIRECTION"),
            Column(heading="SINGLE"),
            Column(heading="STATUS", styles=_STATE_STYLES),
            Column(heading="LAST RUN"),
            Column(heading="NEXT RUN"),
            Column(heading="TO LOOK AT", align="right"),
            Column(heading="TROUBLE", gives=2, narrowest=10),
        ),
        rows=[_sync_row(each, now) for each in syncs],
    )


def skipped_table(records: Sequence[Mapping[str, Any]], *, now: datetime) -> Table:
    """Make the table of *records* that were passed over."""
    return Table(
        columns=(
            Column(heading="WHEN", narrowest=10),
            Column(heading="QUEUE", gives=1, narrowest=16),
            Column(heading="KEY", gives=1, narrowest=8),
            Column(heading="AT"),
            Column(heading="REASON", gives=2, narrowest=20),
        ),
        rows=[
            (_when(each["at"], now), each["queue"], each["key"], each["stage"], each["reason"] or "")
            for each in records
        ],
    )


def run_table(runs: Sequence[Mapping[str, Any]], *, now: datetime) -> Table:
    """Make the table of *runs*."""
    return Table(
        columns=(
            Column(heading="RUN", align="right"),
            Column(heading="SYNC", gives=1, narrowest=16),
            Column(heading="KIND"),
            Column(heading="STATE", styles=_STATE_STYLES),
            Column(heading="NOTED", align="right"),
            Column(heading="ASKED", narrowest=10),
            Column(heading="BY"),
            Column(heading="TROUBLE", gives=2, narrowest=10),
        ),
        rows=[
            (
                str(each["id"]),
                each["sync"],
                each["kind"] + (f" {each['key']}" if each["key"] else ""),
                each["state"],
                f"{each['noted']:,}",
                _when(each["asked_at"], now),
                each["actor"],
                each["error"] or "",
            )
            for each in runs
        ],
    )


def _sync_row(sync: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    last = sync["last_run"] or {}
    trouble = sync["error"] or last.get("error") or sync["runs_not_because"] or last.get("indexing_error") or ""
    waiting = f"{sync['records_waiting']:,}"
    if sync["records_failing"]:
        waiting += f" ({sync['records_failing']:,} failing)"
    asked_at, next_at = parse_instant(last.get("asked_at")), parse_instant(sync["next_run_at"])
    why = f" ({sync['next_runs'][0]['purpose'].replace('_', ' ')})" if sync["next_runs"] else ""
    return (
        sync["sync"],
        "yes" if sync["enabled"] else "no",
        sync["direction"].replace("_", " "),
        "allowed" if sync["individual"] else "-",
        _STATES.get(sync["status"], sync["status"]),
        f"{relative(asked_at, now)} ({last['kind']}, {last['noted']:,})" if asked_at else "-",
        f"{relative(next_at, now)}{why}" if next_at else "-",
        waiting,
        trouble if sync["enabled"] else "",
    )


def _when(text: str, now: datetime) -> str:
    moment = parse_instant(text)
    return relative(moment, now) if moment else "-"
