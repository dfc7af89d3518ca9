"""The engine in this process, on a real broker and a real database, with a target that answers by a script."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints

from daemon.clock import SystemClock
from queues.definition import QueueDefinition
from queues.message import ChangeEvent, Message, encode
from queues.ports import CheckSummary
from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.ledger import PostgresLedger
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.settings import PostgresSettings
from queues.rabbitmq.backoff import Backoff
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.source import RabbitSource
from queues.rabbitmq.topology import declare_topology, plan_topology
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, Exchange, Verdict
from queues.worker.service import QueueWorker
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop
from tests.acceptance.reconciliation import Account, draw_account
from tests.broker_queues import BrokerQueues
from tests.strategies import event

PATIENCE_SECONDS: Final = 60.0
SPANS: Final = Spans(run_lease=timedelta(seconds=30), claim_lease=timedelta(seconds=180), request=timedelta(seconds=60))
SHORT_SPANS: Final = Spans(
    run_lease=timedelta(seconds=1), claim_lease=timedelta(seconds=2), request=timedelta(seconds=0.5)
)


@dataclass(slots=True)
class Hold:
    """A request that waits at the target: *begun* when it is there, answered when *release* is set."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Sink:
    """
    Matches queues.ports.Sender: the target of all workers of a test.

    Attributes:
        script: gives each message's verdict.
        requests: the keys of each request, in the order in which they began.
        deliveries: how often each record was taken.
    """

    script: Callable[[Message], Verdict] = field(default=lambda _message: Delivered())
    requests: list[tuple[str, ...]] = field(default_factory=list)
    deliveries: Counter[str] = field(default_factory=Counter)
    _holds: dict[tuple[str, int], Hold] = field(default_factory=dict)

    def hold(self, key: str, *, request: int = 1) -> Hold:
        """Hold the request number *request* (1 is the first) of those that carry *key*."""
        return self._holds.setdefault((key, request), Hold())

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        self.requests.append(tuple(message.key for message in messages))
        number = len(self.requests)
        exchange = Exchange(
            request="POST /sink",
            request_id=f"request-{number}",
            started_at=SystemClock().now(),
            duration_ms=0,
            records=len(messages),
            status=200,
        )
        for message in messages:
            hold = self._holds.get((message.key, sum(message.key in keys for keys in self.requests)))
            if hold is not None:
                hold.begun.set()
                await hold.release.wait()
        verdicts = [self.script(message) for message in messages]
        self.deliveries.update(
            message.key for message, verdict in zip(messages, verdicts, strict=True) if isinstance(verdict, Delivered)
        )
        return [_with(verdict, exchange) for verdict in verdicts]

    async def probe(self) -> bool:
        return True

    @property
    def sizes(self) -> list[int]:
        return [len(keys) for keys in self.requests]


def _with(verdict: Verdict, exchange: Exchange) -> Verdict:
    match verdict:
        case Delivered():
            return Delivered(exchange=exchange)
        case _:
            return verdict


@dataclass(slots=True, kw_only=True)
class ServerEngine:
    """One worker of one queue, and what it has done."""

    definition: QueueDefinition
    worker: QueueWorker
    sink: Sink
    stop: Stop
    queues: BrokerQueues
    database_url: str
    checks: list[CheckSummary]
    news: asyncio.Event

    async def wait_until(self, claim: Callable[[], bool]) -> None:
        """Return when *claim* holds; it is asked after every check."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not claim():
                self.news.clear()
                await self.news.wait()

    async def publish(self, events: Sequence[ChangeEvent]) -> Sequence[ChangeEvent]:
        """Have *events* wait in the queue."""
        await self.queues.publish(self.definition.name, [encode(event) for event in events])
        await self.queues.wait_until_ready(self.definition.name, len(events))
        return events

    async def rows(self, statement: str, *values: object) -> Sequence[Mapping[str, Any]]:
        """Read from the database on a connection of its own."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def account(self, events: Sequence[ChangeEvent]) -> Account:
        """Draw the account of *events*."""
        return await draw_account(
            events,
            rows=self.rows,
            ready=await self.queues.ready(self.definition.name),
            requests=Counter(key for keys in self.sink.requests for key in keys),
            deliveries=self.sink.deliveries,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Let it work until the end of the block, then end it as SIGKILL would."""
        task = asyncio.create_task(self.worker.work())
        try:
            yield task
        finally:
            self.stop.request()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where workers find broker and database."""

    instance: str
    broker_url: str
    database_url: str
    queues: BrokerQueues

    @asynccontextmanager
    async def engine(
        self,
        settings: QueueProcessingSettings,
        *,
        sink: Sink | None = None,
        spans: Spans = SPANS,
        interval_seconds: float = 1.0,
        batchable: bool = True,
        through_broker: str | None = None,
        through_database: str | None = None,
    ) -> AsyncIterator[ServerEngine]:
        """
        Make a worker; nothing runs yet.

        Args:
            settings: in force from now on.
            sink: shared with other workers; None: one of its own.
            spans: its leases.
            interval_seconds: from one tick to the next.
            batchable: whether the queue has bulk requests.
            through_broker: another URL of the same broker, such as a proxy's.
            through_database: likewise.
        """
        definition = QueueDefinition(
            instance=self.instance, direction="to_magento", entity="pricing", batchable=batchable, max_in_flight=1
        )
        async with AsyncExitStack() as stack:
            engine = open_engine(through_database or self.database_url)
            stack.push_async_callback(engine.dispose)
            await PostgresSettings(engine).save_queue_processing(settings, Act(actor="tests", reason="", request_id=""))
            quick = Backoff(first_seconds=0.05, cap_seconds=0.2)
            connection = BrokerConnection(through_broker or self.broker_url, name="engine", backoff=quick)
            stack.push_async_callback(connection.close)
            await declare_topology(connection, plan_topology(self.instance, [definition]))
            schedule = PostgresSchedule(
                engine, interval=timedelta(seconds=interval_seconds), lease=spans.run_lease, worker="tests"
            )
            await schedule.register(definition.name)
            clock, stop, sink = SystemClock(), Stop(), sink or Sink()
            checks: list[CheckSummary] = []
            news = asyncio.Event()

            def note(_definition: QueueDefinition, summary: CheckSummary) -> None:
                checks.append(summary)
                news.set()

            queue = WorkedQueue(
                definition=definition,
                sender=sink,
                check_event=lambda _event: None,
                part_of=lambda _event: "",
                on_check=note,
            )
            ports = Ports(
                clock=clock,
                source=RabbitSource(connection),
                ledger=PostgresLedger(engine, claim_lease=spans.claim_lease),
                schedule=schedule,
            )
            yield ServerEngine(
                definition=definition,
                worker=QueueWorker(queue, ports, spans, stop=stop),
                sink=sink,
                stop=stop,
                queues=self.queues,
                database_url=self.database_url,
                checks=checks,
                news=news,
            )


def events(count: int) -> list[ChangeEvent]:
    """Make price events of so many records, from AC-1000 on."""
    return [event(f"AC-{1000 + number}") for number in range(count)]


async def all_settled(engine: ServerEngine, published: Sequence[ChangeEvent]) -> None:
    """Wait until every message has an end in the ledger."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            # Asked after every check: what a check has settled is in the ledger before it is told.
            engine.news.clear()
            (row,) = await engine.rows("select count(*) from ledger where settled_at is not null")
            if row["count"] == len(published):
                return
            await engine.news.wait()
