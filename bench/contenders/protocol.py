"""
How a contender talks to the harness: reads its task, says ready, awaits `go`, reports, awaits the end; a line each.

It keeps its connections until the harness closes its standard input, so that processor time and memory of all processes
can be read meanwhile.
"""

import json
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    What to drain.

    Attributes:
        queue: its full name; it holds exactly *records* price events.
        target: base URL of the target.
        batch: records in one request.
        in_flight: requests at once.
        singles: every record in a request of its own, *batch* is 1 then.
        database: the URL of an empty, migrated database, for whom it concerns.
        tuned: on uvloop, acknowledging groups, without log lines; otherwise as the library's documentation shows.
        token: of a store with the interface of Magento; empty where the target is the sink.
    """

    broker: str
    queue: str
    target: str
    records: int
    batch: int
    in_flight: int
    singles: bool
    database: str
    tuned: bool
    token: str


def read_task() -> Task:
    """Read the task from standard input: it holds passwords, which are not for a command line."""
    return Task(**json.loads(sys.stdin.readline()))


def await_go() -> float:
    """Say that everything is loaded and connected, await `go`; returns the monotonic time of the start."""
    _tell({"ready": True})
    sys.stdin.readline()
    return time.monotonic()


def report(*, started_at: float, ended_at: float) -> None:
    """
    Tell how long it took, then await the end.

    Args:
        started_at: monotonic seconds.
        ended_at: monotonic seconds when everything was acknowledged.
    """
    _tell({"seconds": ended_at - started_at})
    sys.stdin.read()


def _tell(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
