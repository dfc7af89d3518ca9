"""One measurement: fresh queue, fresh database, one contender, and the proof that every record arrived exactly once."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import Any, Literal

from bench import filling
from bench.databases import Databases
from bench.events import BATCH, price_events
from bench.processes import ContenderFailedError, Talker, children_of, cost_of, talking

Kind = Literal["single", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """
    Who drains, and how.

    Attributes:
        name: as the tables show it.
        module: run as a process.
        kind: requests of one record, or of 25.
        in_flight: requests at once.
        tuned: on uvloop, acknowledging groups, without log lines; otherwise as the library's documentation shows.
        is_celery: it reads calls of a Celery task, not bare events.
    """

    name: str
    module: str
    kind: Kind
    in_flight: int
    tuned: bool = False
    is_celery: bool = False

    @property
    def batch(self) -> int:
        """Records in one request."""
        return 1 if self.kind == "single" else BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """
    What one drain took.

    Attributes:
        cpu_seconds: of the contender's processes.
        all_cpu_seconds: of the contender, the broker and the database together.
        peak_mib: resident memory of the contender's processes at their peaks.
    """

    records: int
    requests: int
    seconds: float
    cpu_seconds: float
    all_cpu_seconds: float
    peak_mib: float


class Laboratory:
    """
    Measures against one broker and one database server, whose processes are children of ours.

    Attributes:
        broker: its URL.
    """

    def __init__(self, *, broker: str, databases: Databases) -> None:
        """Use the broker of this URL."""
        self.broker = broker
        self._databases = databases
        self._instances = count(1)

    def measure(self, contender: Contender, records: int) -> Measurement:
        """
        Let *contender* drain *records* waiting price events into the sink.

        Raises:
            ContenderFailedError: it ended, left something behind, or a record did not arrive exactly once.
        """
        servers = children_of(os.getpid())
        events = price_events(records)
        messages = filling.as_celery_calls(events) if contender.is_celery else filling.as_events(events)
        with (
            self.waiting(messages, entity="pricing", records=records) as queue,
            self.fresh_database() as database,
            talking("bench.sink") as sink,
        ):
            task = {
                "broker": self.broker,
                "queue": queue,
                "target": f"http://127.0.0.1:{sink.hear()['port']}",
                "records": records,
                "batch": contender.batch,
                "in_flight": contender.in_flight,
                "singles": contender.kind == "single",
                "database": database,
                "tuned": contender.tuned,
                "token": "",
            }
            with ready(contender.module, task) as talker:
                before, servers_before = cost_of(talker.pid), cost_of(*servers)
                seconds = drain(talker)
                after, servers_after = cost_of(talker.pid), cost_of(*servers)
            arrived = sink.ask("report")
            self.verify(queue, arrived, records=records, requests=ceil(records / contender.batch))
        cpu_seconds = after.cpu_seconds - before.cpu_seconds
        return Measurement(
            records=records,
            requests=arrived["requests"],
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            all_cpu_seconds=cpu_seconds + servers_after.cpu_seconds - servers_before.cpu_seconds,
            peak_mib=after.peak_mib,
        )

    def fresh_database(self) -> AbstractContextManager[str]:
        """Give the URL of an empty, migrated database until the end of the block."""
        return self._databases.fresh()

    @contextmanager
    def waiting(self, messages: filling.Messages, *, entity: str, records: int) -> Iterator[str]:
        """Let *messages* wait in a fresh queue until the end of the block; gives its name."""
        queue = f"bench-{os.getpid()}-{next(self._instances)}.to_magento.{entity}"
        asyncio.run(filling.fill(self.broker, queue, messages, count=records))
        try:
            yield queue
        finally:
            asyncio.run(filling.delete(self.broker, queue))

    def verify(self, queue: str, arrived: dict[str, Any], *, records: int, requests: int) -> None:
        """
        Hold what a target says *arrived* against what had to, and make sure that nothing is left.

        Raises:
            ContenderFailedError: they differ.
        """
        left = asyncio.run(filling.waiting(self.broker, queue))
        came = {**arrived, "left": left}
        expected = {"requests": requests, "records": records, "distinct": records, "left": 0}
        if came != expected:
            raise ContenderFailedError(f"expected {expected}, got {came}")


@contextmanager
def ready(module: str, task: dict[str, object]) -> Iterator[Talker]:
    """Start a contender with its task; it is connected and waits for the word."""
    with talking(module) as talker:
        talker.tell(json.dumps(task))
        _expect(talker.hear(), "ready")
        yield talker


def drain(talker: Talker) -> float:
    """Give the word and await the end; returns the seconds it took by the contender's own clock."""
    return float(_expect(talker.ask("go"), "seconds"))


def _expect(line: dict[str, Any], member: str) -> Any:  # noqa: ANN401 - JSON is anything; callers check
    if member not in line:
        raise ContenderFailedError(f"expected a line with {member!r}, got {line}")
    return line[member]
