"""A ledger and a schedule side by side, in memory or in PostgreSQL: what their contract suites are run against."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.definition import QueueDefinition
from queues.message import Message
from queues.ports import FinishedRequest, Ledger, Outcome, RunLease, Schedule, UnreadableMessage
from queues.postgres.audit import Act
from queues.postgres.bulk_orders import BulkDone, BulkOrder, Choice
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import open_engine
from queues.postgres.ledger import PostgresLedger
from queues.postgres.queues import PostgresQueues
from queues.postgres.schedule import PostgresSchedule
from queues.verdicts import Delivered, Refused, Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.schedule import FakeSchedule

QUEUE = QueueDefinition(instance="main", direction="to_magento", entity="pricing", batchable=True)
ORDERS = QueueDefinition(instance="main", direction="to_magento", entity="order", batchable=False, supersedable=False)
REFUSED = Refused(error_class="validation", text="Invalid attribute price", status=400)
ACT = Act(actor="tests", reason="because")
CLAIM_LEASE = timedelta(seconds=180)
RUN_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a dead letter says of itself, whoever keeps it."""

    state: str
    reason: str
    generation: int
    attempts: int
    occurrences: int
    body: bytes


class Store(Protocol):
    """One ledger and one schedule, and what tests must see or do beside the ports."""

    ledger: Ledger
    schedule: Schedule

    async def register(self, queue: str) -> None: ...
    async def pass_time(self, seconds: float) -> None: ...
    async def set_clock_back(self, seconds: float) -> None: ...
    async def pause(self, queue: str) -> None: ...
    async def resume(self, queue: str) -> None: ...
    async def run_now(self, queue: str) -> None: ...
    async def skipped_ticks(self, queue: str) -> int: ...
    async def states(self) -> dict[str, str]: ...
    async def attempts(self, message: Message) -> list[str]: ...
    async def letters(self) -> dict[UUID, Letter]: ...
    async def reprocess(self, message_id: UUID) -> bool: ...
    async def log_rows(self) -> int: ...


class MemoryStore:
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._ledger = FakeLedger(self._clock, claim_lease=CLAIM_LEASE)
        self._schedule = FakeSchedule(self._clock, lease=RUN_LEASE)
        self.ledger: Ledger = self._ledger
        self.schedule: Schedule = self._schedule

    async def register(self, queue: str) -> None:
        await self._schedule.register(queue)

    async def pass_time(self, seconds: float) -> None:
        await self._clock.advance(seconds)

    async def set_clock_back(self, seconds: float) -> None:
        self._clock.step(-seconds)

    async def pause(self, queue: str) -> None:
        await self._schedule.pause(queue)

    async def resume(self, queue: str) -> None:
        await self._schedule.resume(queue)

    async def run_now(self, queue: str) -> None:
        await self._schedule.run_now(queue)

    async def skipped_ticks(self, queue: str) -> int:
        return self._schedule.skipped_ticks(queue)

    async def states(self) -> dict[str, str]:
        return {
            f"{row.message.event.id}/{row.generation}": row.state
            for row in self._ledger.rows.values()
            if row.message is not None
        }

    async def attempts(self, message: Message) -> list[str]:
        numbered = {
            (generation, number): outcome
            for (message_id, generation, number), outcome in self._ledger.attempts.items()
            if message_id == message.message_id
        }
        return [numbered[place] for place in sorted(numbered)]

    async def letters(self) -> dict[UUID, Letter]:
        return {
            message_id: Letter(
                state=letter.state,
                reason=letter.reason,
                generation=letter.generation,
                attempts=letter.attempts,
                occurrences=letter.occurrences,
                body=letter.body,
            )
            for message_id, letter in self._ledger.letters.items()
        }

    async def reprocess(self, message_id: UUID) -> bool:
        return self._ledger.reprocess(message_id)

    async def log_rows(self) -> int:
        return len(self._ledger.log)


class DatabaseStore:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._schedule = PostgresSchedule(engine, lease=RUN_LEASE, worker="tests")
        self._queues = PostgresQueues(engine, interval=timedelta(seconds=60))
        self._letters = PostgresDeadLetters(engine)
        self.ledger: Ledger = PostgresLedger(engine, claim_lease=CLAIM_LEASE)
        self.schedule: Schedule = self._schedule

    async def register(self, queue: str) -> None:
        await self._schedule.register(queue)

    async def pass_time(self, seconds: float) -> None:
        """Move everything that is written down into the past: to the server's clock that is the same."""
        span = {"span": timedelta(seconds=seconds)}
        async with self._engine.begin() as connection:
            await connection.execute(
                text("update ledger set lease_until = lease_until - cast(:span as interval)"), span
            )
            await connection.execute(
                text("""
                    update schedules
                    set next_run_at = next_run_at - cast(:span as interval),
                        lease_until = lease_until - cast(:span as interval),
                        tick = tick - cast(:span as interval), hold_until = hold_until - cast(:span as interval)
                """),
                span,
            )

    async def set_clock_back(self, seconds: float) -> None:
        await self.pass_time(-seconds)

    async def pause(self, queue: str) -> None:
        await self._queues.pause(queue, ACT)

    async def resume(self, queue: str) -> None:
        await self._queues.resume(queue, ACT)

    async def run_now(self, queue: str) -> None:
        await self._queues.run_now(queue, ACT)

    async def skipped_ticks(self, queue: str) -> int:
        return (await self._queues.state(queue)).skipped_ticks

    async def states(self) -> dict[str, str]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(text("select event_id, generation, state from ledger order by sequence"))
            return {f"{row.event_id}/{row.generation}": row.state for row in rows}

    async def attempts(self, message: Message) -> list[str]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("select outcome from attempts where message_id = :id order by generation, number"),
                {"id": message.message_id},
            )
            return [row.outcome for row in rows]

    async def letters(self) -> dict[UUID, Letter]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("""
                    select message_id, state, reason, generation, attempts, occurrences, body from dead_letters
                """)
            )
            return {
                row.message_id: Letter(
                    state=row.state,
                    reason=row.reason,
                    generation=row.generation,
                    attempts=row.attempts,
                    occurrences=row.occurrences,
                    body=row.body,
                )
                for row in rows
            }

    async def reprocess(self, message_id: UUID) -> bool:
        async with self._engine.connect() as connection:
            found = await connection.execute(
                text("select id from dead_letters where message_id = :id"), {"id": message_id}
            )
            letter_id = found.scalar_one()
        done = await self._letters.act_on_many(BulkOrder(action="reprocess", choice=Choice(ids=(letter_id,)), act=ACT))
        return isinstance(done, BulkDone) and done.done == 1

    async def log_rows(self) -> int:
        async with self._engine.connect() as connection:
            rows = await connection.execute(text("select count(*) from sync_log"))
            return int(rows.scalar_one())


@asynccontextmanager
async def engine_on(url: str) -> AsyncIterator[AsyncEngine]:
    """Open a pool as a process of its own would."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_store(database: str | None) -> AsyncIterator[Store]:
    """Open the store on *database*, or in memory; both queues are registered."""
    if database is None:
        store: Store = MemoryStore()
        await _register(store)
        yield store
        return
    async with engine_on(database) as engine:
        store = DatabaseStore(engine)
        await _register(store)
        yield store


async def _register(store: Store) -> None:
    for definition in (QUEUE, ORDERS):
        await store.register(definition.name)


async def run_lease(store: Store, definition: QueueDefinition = QUEUE) -> RunLease:
    """Begin a run; after a dead one its lease must be over."""
    lease = await store.schedule.begin_run(definition.name)
    assert isinstance(lease, RunLease)
    return lease


def ended(
    message: Message,
    attempt: int,
    state: str,
    verdict: Verdict | None = None,
) -> FinishedRequest:
    """One request of one record that came to *state*."""
    guessed: Verdict | None = {"delivered": Delivered()}.get(state, REFUSED if attempt else None)
    outcome = Outcome(
        message=message,
        attempt=attempt,
        verdict=verdict or guessed,
        state=state,  # type: ignore[arg-type]  # tests write the state as they read it
        reason="" if state == "delivered" else "because",
    )
    return FinishedRequest(mode="single", exchange=None, outcomes=[outcome])


async def settle(
    store: Store,
    lease: RunLease,
    *requests: FinishedRequest,
    unreadable: Sequence[UnreadableMessage] = (),
    definition: QueueDefinition = QUEUE,
) -> None:
    """Settle with settings version 1."""
    await store.ledger.settle(lease, definition, requests, unreadable, settings_version=1)
