"""The log of a run, as it grows."""

import time
from typing import Any, Final

import typer

from daemon.cli.exit_codes import FAILED
from daemon.cli.moments import local, parse_instant
from daemon.cli.output import Output
from daemon.cli.session import ApiSession, api_session

LOOK_SECONDS: Final = 1.0
_LINES: Final = 200
_OVER: Final = frozenset({"success", "error", "stopped"})
_STYLES: Final = {"warning": "yellow", "error": "red"}


def follow_log(url: str | None, run_id: int, output: Output, *, to_its_end: bool = True) -> None:
    """Show what a run tells so far, and with *to_its_end* go on until it is over."""
    lines: list[Any] = []
    with api_session(url) as session:
        while True:
            # Asked before the lines: what is told until then is among them.
            run = session.get("sync-runs", str(run_id))
            lines += _show(session, run_id, lines[-1]["id"] if lines else None, output)
            if not to_its_end or run["state"] in _OVER:
                break
            time.sleep(LOOK_SECONDS)
    if output.is_json:
        output.document({"run": run, "lines": lines})
    else:
        output.line(f"run {run_id} of {run['sync']}: {run['state']}, {run['noted']:,} records to be looked at")
    if run["state"] == "error":
        raise typer.Exit(FAILED)


def _show(session: ApiSession, run_id: int, after: int | None, output: Output) -> list[Any]:
    shown: list[Any] = []
    while True:
        page = session.get("sync-runs", str(run_id), "log", after=after, limit=_LINES)["items"]
        for line in page:
            at = parse_instant(line["at"])
            output.line(f"{local(at) if at else ''}  {line['text']}", style=_STYLES.get(line["level"]))
        shown += page
        if len(page) < _LINES:
            return shown
        after = page[-1]["id"]
