"""One simulated world: a seed decides settings, messages, faults and every delay in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from queues.definition import QueueDefinition
from queues.errors import InvalidMessage
from queues.message import ChangeEvent, encode
from queues.ports import Ledger, MessageSource
from queues.settings import QueueProcessingSettings
from queues.worker.service import QueueWorker, work_until_stopped
from queues.worker.setup import Ports, Spans, WorkedQueue
from tests.fakes.clock import START
from tests.fakes.ledger import FakeLedger
from tests.fakes.schedule import FakeSchedule
from tests.simulation.broker import Broker, BrokerConnection
from tests.simulation.checker import Checker
from tests.simulation.history import History
from tests.simulation.loop import VirtualLoop
from tests.simulation.process import Outside, Process, ProcessClock
from tests.simulation.store import Store, StoreConnection
from tests.simulation.target import PROFILES, SimulatedSender, Target
from tests.strategies import event

SPANS: Final = Spans(run_lease=timedelta(seconds=30), claim_lease=timedelta(seconds=180), request=timedelta(seconds=60))
"""Those of the daemon."""

GRACE: Final = timedelta(seconds=70)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The engine with another ledger, source or client put between: how the broken variants are made."""

    ledger: Callable[[FakeLedger], Ledger] = lambda ledger: ledger
    source: Callable[[MessageSource, Ledger], MessageSource] = lambda source, _ledger: source
    resends: bool = False


SOUND: Final = Variant()


@dataclass(slots=True)
class World:
    """Everything around the processes, and the processes."""

    random: Random
    loop: VirtualLoop
    definition: QueueDefinition
    variant: Variant
    history: History
    outside: Outside
    store: Store
    broker: Broker
    target: Target
    checker: Checker
    keys: list[str]
    processes: list[Process] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    numbers: int = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.loop.time())

    # --- processes --------------------------------------------------------------------------------------------------

    def start_process(self) -> Process:
        process = Process(f"p{len(self.processes) + 1}")
        self.processes.append(process)
        ledger = self.variant.ledger(self.store.ledger)
        connection = StoreConnection(self.store, process, ledger)
        queue = WorkedQueue(
            definition=self.definition,
            sender=SimulatedSender(self.target, process),
            check_event=_check_event,
            part_of=lambda _event: "",
            on_check=lambda _definition, summary: self.history.note(
                f"{process.name} checked {summary.mode} {summary.waiting}, ended by {summary.ended_by or 'itself'}"
            ),
        )
        ports = Ports(
            clock=ProcessClock(process, self.now),
            source=self.variant.source(BrokerConnection(self.broker, process), ledger),
            ledger=connection,
            schedule=connection,
        )
        worker = QueueWorker(queue, ports, SPANS, stop=process.stop)
        self.history.note(f"{process.name} starts")
        process.main = self.loop.create_task(work_until_stopped([worker], process.stop, grace=GRACE))
        return process

    @property
    def living(self) -> list[Process]:
        return [each for each in self.processes if each.is_alive]

    def kill(self, process: Process) -> None:
        self.history.note(f"{process.name} is killed")
        process.is_alive = False
        if process.main is not None:
            process.main.cancel()
        self.broker.lose(process)

    async def stop(self, process: Process, patience: float) -> None:
        """Stop softly; cancel after *patience*, as a second signal does."""
        self.history.note(f"{process.name} is asked to stop")
        process.stop.request()
        if process.main is None:
            return
        await asyncio.wait({process.main}, timeout=patience)
        process.main.cancel()
        await asyncio.wait({process.main})
        self.history.note(f"{process.name} has stopped")
        process.is_alive = False
        self.broker.lose(process)

    # --- messages ---------------------------------------------------------------------------------------------------

    def publish(self, body: bytes) -> None:
        self.checker.published.append(body)
        self.bodies.append(body)
        self.broker.publish(body)

    def publish_some(self, count: int) -> None:
        """Publish *count* messages: new, old, repeated, unreadable."""
        for _ in range(count):
            drawn = self.random.random()
            if drawn < 0.08 and self.bodies:
                body = self.random.choice(self.bodies)
            elif drawn < 0.12:
                body = self.random.choice((b"", b"\xff\x00", b"{}", b'{"specversion": "9"}')) + b" " * len(self.bodies)
            else:
                body = encode(self._event(drawn))
            self.publish(body)

    def _event(self, drawn: float) -> ChangeEvent:
        self.numbers += 1
        key = self.random.choice(self.keys)
        age = self.numbers - (self.random.randrange(30) if drawn < 0.3 else 0)
        made = event(key, number=age, kind="to_magento.order" if drawn < 0.14 else self.definition.event_type)
        data = {"price": "1", "refuse": True} if 0.14 <= drawn < 0.16 else {"price": str(self.numbers)}
        return replace(made, id=f"{key}-{age}#{self.numbers}", data=data)

    # --- people -----------------------------------------------------------------------------------------------------

    async def click(self, letters: int) -> None:
        """Have some Failed messages reprocessed, each by several people at once."""
        for message_id in [each for each, letter in self.store.ledger.letters.items() if letter.state == "failed"][
            :letters
        ]:
            for _ in range(self.random.randint(1, 3)):
                await asyncio.sleep(self.random.choice((0.0, 0.0, 0.3)))
                if self.store.ledger.reprocess(message_id):
                    self.checker.clicks[str(message_id)] += 1
                    self.store.witness("a click")

    def change_settings(self) -> None:
        settings = draw_settings(self.random)
        self.store.highest_retry_count = max(self.store.highest_retry_count, settings.retry_count)
        self.store.schedule.use(settings)
        self.history.note(f"settings: {settings}")


def _check_event(change: ChangeEvent) -> None:
    if "refuse" in change.data:
        raise InvalidMessage(code="invalid", member="data.refuse", text="must not be there")


def draw_settings(random: Random) -> QueueProcessingSettings:
    return QueueProcessingSettings(
        threshold_count=random.choice((0, 3, 10, 25)),
        batch_count=random.choice((1, 3, 8, 25)),
        retry_count=random.choice((1, 2, 3, 3, 5)),
        check_process_time=random.choice((5, 30, 50, 59)),
        process_sleep_time=random.choice((1, 5, 20)),
        outage_policy=random.choice(("count", "count", "count", "hold")),
        fail_fast=random.random() < 0.15,
        coalesce=random.random() < 0.15,
    )


def build(seed: int, variant: Variant, loop: VirtualLoop) -> World:
    """Build the world of *seed*."""
    random = Random(seed)
    history = History(loop.time)
    outside = Outside()
    definition = QueueDefinition(
        instance="main",
        direction="to_magento",
        entity="pricing",
        batchable=random.random() < 0.7,
        supersedable=random.random() < 0.85,
        max_in_flight=random.choice((1, 1, 2, 4)),
    )

    def now() -> datetime:
        return START + timedelta(seconds=loop.time())

    wall = ProcessClock(Process("database"), now)
    ledger = FakeLedger(wall, claim_lease=SPANS.claim_lease)
    schedule = FakeSchedule(wall, lease=SPANS.run_lease)
    store = Store(random, history, outside, ledger, schedule, now)
    checker = Checker(history, store, definition.name, definition.supersedable, definition.event_type)
    broker = Broker(
        random,
        history,
        order=random.choice(("front", "reversed", "tail", "shuffled")),
        forgets=random.choice((0.0, 0.2, 0.6)),
        on_acknowledge=checker.on_acknowledge,
    )
    keys = [f"K{number}" for number in range(random.randint(2, 25))]
    usual = random.choice(("good", "good", "flaky", "slow"))
    profiles = {key: usual if random.random() < 0.6 else random.choice(list(PROFILES)) for key in keys}
    target = Target(random, history, outside, profiles, checker.on_begin, resends=variant.resends)
    world = World(random, loop, definition, variant, history, outside, store, broker, target, checker, keys)
    target.on_deadly = world.kill
    return world
