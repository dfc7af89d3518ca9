"""One measurement: fresh queue, fresh database, one contender, and the proof that every record arrived exactly once."""

import asyncio
import json
import os
from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import Any, Literal

from bench import filling
from bench.databases import Databases
from bench.processes import ContenderFailedError, Cost, Talker, children_of, cost_of, talking

Kind = Literal["single", "batch"]

_INSTANCES = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """
    Who drains, and how.

    Attributes:
        name: as the tables show it.
        module: run as a process.
        batch: records in one request, 1 for single requests.
        in_flight: requests at once.
        ends_itself: it knows when everything is acknowledged; otherwise the sink's last request is its end.
        for_celery: it reads calls of a Celery task, not bare events.
    """

    name: str
    module: str
    batch: int
    in_flight: int
    ends_itself: bool = True
    for_celery: bool = False

    @property
    def kind(self) -> Kind:
        """Singles or batches."""
        return "single" if self.batch == 1 else "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """
    What one drain took.

    Attributes:
        cpu_seconds: of the contender's processes.
        all_cpu_seconds: of the contender, the broker and the database together.
        peak_mib: resident memory of the contender's processes at their peaks.
    """

    contender: str
    records: int
    requests: int
    seconds: float
    cpu_seconds: float
    all_cpu_seconds: float
    peak_mib: float

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        """Processor seconds of the contender for 1,000 records."""
        return self.cpu_seconds / self.records * 1000

    @property
    def all_cpu_per_thousand(self) -> float:
        """Processor seconds of all processes for 1,000 records."""
        return self.all_cpu_seconds / self.records * 1000


class Laboratory:
    """Measures contenders against one broker and one database server, one after the other."""

    def __init__(self, *, broker: str, databases: Databases) -> None:
        """Use the broker of this URL; its processes are children of ours, as the database's are."""
        self._broker = broker
        self._databases = databases

    def measure(self, contender: Contender, records: int) -> Measurement:
        """
        Let *contender* drain *records* waiting price events.

        Raises:
            ContenderFailedError: it ended, left something behind, or a record did not arrive exactly once.
        """
        queue = f"bench-{os.getpid()}-{next(_INSTANCES)}.to_magento.pricing"
        servers = children_of(os.getpid())
        asyncio.run(filling.fill(self._broker, queue, records, for_celery=contender.for_celery))
        with self._databases.fresh() as database, talking("bench.sink") as sink:
            target = f"http://127.0.0.1:{sink.hear()['port']}"
            with talking(contender.module) as talker:
                talker.tell(
                    json.dumps(
                        {
                            "broker": self._broker,
                            "queue": queue,
                            "target": target,
                            "records": records,
                            "batch": contender.batch,
                            "in_flight": contender.in_flight,
                            "database": database,
                        }
                    )
                )
                _expect(talker.hear(), "ready")
                before, before_servers = cost_of(talker.pid), cost_of(*servers)
                talker.tell("go")
                times, after = _await_end(contender, talker, sink, records)
                after_servers = cost_of(*servers)
            arrived = sink.ask("report")
        left = asyncio.run(filling.waiting(self._broker, queue))
        asyncio.run(filling.delete(self._broker, queue))
        _verify(contender, records, arrived, left)
        cpu_seconds = after.cpu_seconds - before.cpu_seconds
        return Measurement(
            contender=contender.name,
            records=records,
            requests=arrived["requests"],
            seconds=(times["ended_at"] or arrived["last_at"]) - times["started_at"],
            cpu_seconds=cpu_seconds,
            all_cpu_seconds=cpu_seconds + after_servers.cpu_seconds - before_servers.cpu_seconds,
            peak_mib=after.peak_mib,
        )


def _await_end(contender: Contender, talker: Talker, sink: Talker, records: int) -> tuple[dict[str, Any], Cost]:
    if contender.ends_itself:
        times = _expect(talker.hear(), "started_at")
        return times, cost_of(talker.pid)
    sink.ask(f"wait {records}")
    after = cost_of(talker.pid)
    talker.tell("stop")
    return _expect(talker.hear(), "started_at"), after


def _expect(line: dict[str, Any], member: str) -> dict[str, Any]:
    if member not in line:
        raise ContenderFailedError(f"expected a line with {member!r}, got {line}")
    return line


def _verify(contender: Contender, records: int, arrived: dict[str, Any], left: int) -> None:
    expected = {"requests": ceil(records / contender.batch), "records": records, "distinct": records, "left": 0}
    came = {
        "requests": arrived["requests"],
        "records": arrived["records"],
        "distinct": arrived["distinct"],
        "left": left,
    }
    if came != expected:
        raise ContenderFailedError(f"{contender.name}: expected {expected}, got {came}")
