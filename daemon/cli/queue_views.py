"""Queues as operators see them: the table of all, and one with its last run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from daemon.cli.moments import local_and_relative, parse_instant, relative
from daemon.cli.table import Column, Table
from daemon.cli.texts import counted, one_line

_WIDE: Final = 100
"""Characters from which the table shows the last run's parts in columns of their own."""
_STATE_STYLES: Final = {"running": "green", "paused": "yellow", "on hold": "yellow"}
_STATES: Final = {"on_hold": "on hold", "not_connected": "not connected"}


def queue_table(queues: Sequence[Mapping[str, Any]], *, now: datetime, width: int) -> Table:
    """Make the table of *queues*; below 100 characters *width* the last run is told in one column."""
    if width < _WIDE:
        return Table(
            columns=(
                Column(heading="QUEUE", gives=1, narrowest=22),
                Column(heading="WAITING", align="right"),
                Column(heading="STATE", styles=_STATE_STYLES),
                Column(heading="LAST RUN", gives=2, narrowest=14),
                Column(heading="NEXT"),
                Column(heading="SKIPPED", align="right"),
            ),
            rows=[
                (
                    each["queue"],
                    _waiting(each),
                    _state(each),
                    _short_run(each.get("last_run"), now),
                    _next(each, now),
                    str(each["skipped_ticks"]),
                )
                for each in queues
            ],
        )
    return Table(
        columns=(
            Column(heading="QUEUE", gives=1, narrowest=22),
            Column(heading="WAITING", align="right"),
            Column(heading="FAILED", align="right"),
            Column(heading="STATE", styles=_STATE_STYLES),
            Column(heading="LAST RUN"),
            Column(heading="CHECKS", align="right"),
            Column(heading="MODE"),
            Column(heading="REQUESTS", align="right"),
            Column(heading="DELIVERED", align="right"),
            Column(heading="NEXT RUN"),
            Column(heading="SKIPPED", align="right"),
        ),
        rows=[
            (
                each["queue"],
                _waiting(each),
                str(each.get("failed", 0)),
                _state(each),
                *_run_cells(each.get("last_run"), now),
                _next(each, now),
                str(each["skipped_ticks"]),
            )
            for each in queues
        ],
    )


def queue_lines(queue: Mapping[str, Any], *, now: datetime) -> list[str]:
    """Tell one queue in lines: state, what waits, runs, and the checks of the last run."""
    facts = [
        ("state", _told_state(queue, now)),
        ("waiting", _told_waiting(queue)),
        ("in hand", counted(int(queue.get("trying") or 0), "message")),
        ("failed", f"{counted(int(queue.get('failed') or 0), 'message')} to be looked at"),
        ("next run", _moment(queue.get("next_run_at"), now)),
        ("skipped ticks", str(queue["skipped_ticks"])),
    ]
    hold = parse_instant(queue.get("hold_until"))
    if hold is not None and hold > now:
        facts.append(("asked to wait", f"until {local_and_relative(hold, now)}"))
    run = queue.get("last_run")
    if run:
        facts += [("last run", _told_run(run, now)), *_checks(run)]
    return [one_line(str(queue["queue"])), *(f"  {name:<14} {one_line(text)}" for name, text in facts)]


def _waiting(queue: Mapping[str, Any]) -> str:
    return "?" if queue["waiting"] is None else str(queue["waiting"])


def _state(queue: Mapping[str, Any]) -> str:
    state = str(queue["state"])
    return _STATES.get(state, state)


def _next(queue: Mapping[str, Any], now: datetime) -> str:
    moment = parse_instant(queue.get("next_run_at"))
    if moment is None or queue.get("paused"):
        return "-"
    return "now" if moment <= now else relative(moment, now)


def _moment(text: object, now: datetime) -> str:
    moment = parse_instant(text)
    return "-" if moment is None else local_and_relative(moment, now)


def _modes(run: Mapping[str, Any]) -> str:
    used = dict.fromkeys(str(each.get("mode")) for each in run.get("checks", ()))
    return ",".join(mode for mode in used if mode != "none") or "-"


def _short_run(run: Mapping[str, Any] | None, now: datetime) -> str:
    if not run:
        return "-"
    started = parse_instant(run["started_at"])
    ago = "" if started is None else f", {relative(started, now)}"
    failed = f", {run['failed']} failed" if run["failed"] else ""
    return f"{run['delivered']} in {run['requests']}{failed}{ago}"


def _run_cells(run: Mapping[str, Any] | None, now: datetime) -> tuple[str, ...]:
    if not run:
        return ("-",) * 5
    started = parse_instant(run["started_at"])
    delivered = f"{run['delivered']}" + (f" ({run['failed']} failed)" if run["failed"] else "")
    return (
        "-" if started is None else relative(started, now),
        str(len(run.get("checks", ()))),
        _modes(run),
        str(run["requests"]),
        delivered,
    )


def _told_state(queue: Mapping[str, Any], now: datetime) -> str:
    for name, word in (("paused", "paused"), ("on_hold", "on hold")):
        hold = queue.get(name)
        if hold:
            by = f" by {hold['by']}" if hold.get("by") else ""
            why = f": {hold['reason']}" if hold.get("reason") else ""
            return f"{word}{by} since {_moment(hold.get('since'), now)}{why}"
    return _state(queue)


def _told_waiting(queue: Mapping[str, Any]) -> str:
    ledger = int(queue.get("waiting_in_ledger") or 0)
    again = f"{counted(ledger, 'message')} to be tried again"
    if queue["waiting"] is None:
        return f"not known ({queue.get('broker_fault') or 'the broker does not answer'}); {again}"
    return f"{counted(int(queue['waiting']), 'message')} ({queue.get('ready_at_broker')} at the broker, {again})"


def _told_run(run: Mapping[str, Any], now: datetime) -> str:
    ended = "" if run.get("ended_at") else ", under way"
    by = f", ended by {run['ended_by']}" if run.get("ended_by") else ""
    return (
        f"{_moment(run['started_at'], now)}: {counted(int(run['requests']), 'request')}, {run['delivered']} delivered, "
        f"{run['skipped']} skipped, {run['retried']} to be tried again, {run['failed']} failed{by}{ended}"
    )


def _checks(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    start = parse_instant(run["started_at"])
    told = []
    for number, check in enumerate(run.get("checks", ()), start=1):
        began = parse_instant(check.get("started_at"))
        parts = [
            f"after {(began - start).total_seconds():.0f} s" if began and start else "",
            f"{check.get('waiting', 0)} waiting",
            str(check.get("mode", "none")),
            counted(int(check.get("requests") or 0), "request"),
            f"{check.get('delivered', 0)} delivered",
            f"{check.get('retried', 0)} to be tried again",
            f"{check.get('failed', 0)} failed",
        ]
        told.append((f"  check {number}", ", ".join(part for part in parts if part)))
    return told
