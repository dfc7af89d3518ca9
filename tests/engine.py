"""The engine on fakes: one queue, a clock that stands still, a target that answers by a script."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from queues.definition import QueueDefinition
from queues.message import ChangeEvent, encode
from queues.ports import CheckSummary
from queues.settings import QueueProcessingSettings
from queues.worker.probation import Probation
from queues.worker.service import QueueWorker
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.schedule import FakeSchedule
from tests.fakes.sender import ScriptedSender
from tests.fakes.source import FakeSource
from tests.strategies import event

SPANS = Spans(run_lease=timedelta(seconds=30), claim_lease=timedelta(seconds=180), request=timedelta(seconds=60))


def pricing(*, batchable: bool = True, max_in_flight: int = 1) -> QueueDefinition:
    return QueueDefinition(
        instance="main",
        direction="to_magento",
        entity="pricing",
        batchable=batchable,
        max_in_flight=max_in_flight,
    )


@dataclass(slots=True)
class Engine:
    """One queue with everything around it."""

    definition: QueueDefinition
    clock: FakeClock
    source: FakeSource
    ledger: FakeLedger
    schedule: FakeSchedule
    sender: ScriptedSender
    stop: Stop
    worker: QueueWorker
    checks: list[CheckSummary] = field(default_factory=list)

    def publish(self, *events: ChangeEvent) -> None:
        for each in events:
            self.source.publish(self.definition.name, encode(each))

    def publish_keys(self, keys: Iterable[str]) -> None:
        self.publish(*(event(key) for key in keys))

    def publish_count(self, count: int) -> list[str]:
        keys = [f"AC-{1000 + number}" for number in range(count)]
        self.publish_keys(keys)
        return keys

    async def waiting(self) -> int:
        return await self.source.ready(self.definition.name)


def build(
    settings: QueueProcessingSettings | None = None,
    *,
    definition: QueueDefinition | None = None,
    of: Engine | None = None,
    probation: Probation | None = None,
) -> Engine:
    """
    Build an engine; with *of* a second one on the same broker and database.

    It is another process, unless both are given the same *probation*; another *definition* gives it a queue and a
    target of its own.
    """
    clock = of.clock if of else FakeClock()
    is_same_queue = of is not None and definition is None
    definition = definition or (of.definition if of else pricing())
    source = of.source if of else FakeSource()
    ledger = of.ledger if of else FakeLedger(clock, claim_lease=SPANS.claim_lease)
    schedule = of.schedule if of else FakeSchedule(clock, lease=SPANS.run_lease)
    source.declare(definition.name)
    if not of:
        schedule.use(settings or QueueProcessingSettings())
    sender = of.sender if of and is_same_queue else ScriptedSender(clock)
    stop = Stop()
    checks: list[CheckSummary] = []
    queue = WorkedQueue(
        definition=definition,
        sender=sender,
        check_event=lambda _event: None,
        part_of=lambda _event: "",
        on_check=lambda _definition, summary: checks.append(summary),
    )
    ports = Ports(clock=clock, source=source, ledger=ledger, schedule=schedule)
    worker = QueueWorker(queue, ports, SPANS, stop=stop, probation=probation)
    return Engine(definition, clock, source, ledger, schedule, sender, stop, worker, checks)


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[Engine]:
    """Let the engine work on its schedule until the end of the block, then kill it as SIGKILL would."""
    await engine.schedule.register(engine.definition.name)
    task = asyncio.create_task(engine.worker.work())
    try:
        yield engine
    finally:
        engine.stop.request()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
