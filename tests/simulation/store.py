"""A database whose answers may come late, get lost after the commit, or never come; and a witness of every change."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeVar
from uuid import UUID

from queues.definition import QueueDefinition
from queues.errors import DatabaseUnavailable
from queues.message import Message
from queues.ports import (
    CheckSummary,
    CheckTerms,
    ClaimResult,
    FinishedRequest,
    Ledger,
    NotDue,
    RunLease,
    StoredMessage,
    UnreadableMessage,
    WaitingRows,
)
from tests.fakes.ledger import FakeLedger
from tests.fakes.schedule import FakeSchedule
from tests.simulation.history import History
from tests.simulation.process import Outside, Process

ANSWER_SECONDS = 4.0
"""How long a process waits for the database."""

Result = TypeVar("Result")
Identity = tuple[UUID, int]

ENDED = {"delivered", "skipped", "failed", "superseded", "coalesced", "discarded"}


@dataclass(slots=True)
class Store:
    """
    The one database.

    Attributes:
        trouble: probability that a transaction meets a fault.
        cut: processes that do not reach it.
        highest_retry_count: the highest that was ever in force.
    """

    random: Random
    history: History
    outside: Outside
    ledger: FakeLedger
    schedule: FakeSchedule
    now: Callable[[], datetime]
    is_away: bool = False
    trouble: float = 0.0
    cut: set[str] = field(default_factory=set)
    highest_retry_count: int = 1
    _seen: dict[Identity, tuple[str, int]] = field(default_factory=dict)

    async def transact(self, process: Process, what: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do *work* for *process* in one transaction, with the database's faults."""
        await process.enter()
        there, back, is_refused = self._fate()
        serving = self.outside.spawn(self._serve(process, what, work, there, back, is_refused), what)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                result: Result = await asyncio.shield(serving)
        except (TimeoutError, DatabaseUnavailable):
            await process.enter()
            process.store_errors += 1
            self.history.note(f"{process.name} got no answer to {what}")
            raise DatabaseUnavailable(f"PostgreSQL did not answer in time: {what}") from None
        finally:
            await process.enter()
        return result

    def _fate(self) -> tuple[float, float, bool]:
        if self.random.random() >= self.trouble:
            return self.random.choice((0.0, 0.0, 0.001, 0.02)), self.random.choice((0.0, 0.001)), False
        match self.random.randrange(4):
            case 0:
                return 0.0, 0.0, True
            case 1:
                return 0.01, 2 * ANSWER_SECONDS, False  # committed, the answer is lost
            case 2:
                return 2 * ANSWER_SECONDS, 0.0, True  # never committed, which nobody can know
            case _:
                return self.random.uniform(0.5, ANSWER_SECONDS - 0.5), 0.0, False

    async def _serve(
        self,
        process: Process,
        what: str,
        work: Callable[[], Awaitable[Result]],
        there: float,
        back: float,
        is_refused: bool,  # noqa: FBT001 - a value of this transaction, drawn before
    ) -> Result:
        await asyncio.sleep(there)
        if is_refused or self.is_away or process.name in self.cut:
            raise DatabaseUnavailable("connect: refused")
        result = await work()
        self.witness(f"{process.name} {what}")
        await asyncio.sleep(back)
        return result

    def witness(self, who: str) -> None:
        """Note what the last transaction changed, and hold it against the rules."""
        for identity, row in self.ledger.rows.items():
            before = self._seen.get(identity)
            after = (row.state, row.attempts)
            if before == after:
                continue
            self._seen[identity] = after
            name = "bytes" if row.message is None else row.message.event.id
            self.history.note(f"{who}: {name}/{identity[1]} {before} -> {after}")
            if before is not None and before[0] in ENDED:
                self.history.violate("I3", f"{name}/{identity[1]} left {before[0]} for {row.state}")
            if row.attempts > self.highest_retry_count:
                self.history.violate(
                    "I2", f"{name}/{identity[1]}: {row.attempts} attempts, Retry Count {self.highest_retry_count}"
                )


@dataclass(frozen=True, slots=True)
class StoreConnection:
    """Matches queues.ports.Ledger and queues.ports.Schedule for one process."""

    store: Store
    process: Process
    ledger: Ledger

    # --- the ledger -------------------------------------------------------------------------------------------------

    async def open_check(self, lease: RunLease) -> WaitingRows:
        self.process.check += 1
        return await self._do("open_check", lambda: self.ledger.open_check(lease))

    async def page(self, lease: RunLease, *, after: int, up_to: int, limit: int) -> Sequence[StoredMessage]:
        return await self._do("page", lambda: self.ledger.page(lease, after=after, up_to=up_to, limit=limit))

    async def claim(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        messages: Sequence[Message],
        *,
        retry_count: int,
        stored: bool,
        others_hold: bool = False,
    ) -> Sequence[ClaimResult]:
        return await self._do(
            "claim",
            lambda: self.ledger.claim(
                lease, definition, messages, retry_count=retry_count, stored=stored, others_hold=others_hold
            ),
        )

    async def settle(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        requests: Sequence[FinishedRequest],
        unreadable: Sequence[UnreadableMessage],
        *,
        settings_version: int,
    ) -> None:
        await self._do(
            "settle",
            lambda: self.ledger.settle(lease, definition, requests, unreadable, settings_version=settings_version),
        )

    async def keep(self, lease: RunLease, messages: Sequence[Message], *, claimed: bool) -> None:
        await self._do("take back" if claimed else "keep", lambda: self.ledger.keep(lease, messages, claimed=claimed))

    async def coalesce(self, lease: RunLease, definition: QueueDefinition, *, up_to: int) -> int:
        return await self._do("coalesce", lambda: self.ledger.coalesce(lease, definition, up_to=up_to))

    async def renew_claims(self, lease: RunLease) -> None:
        await self._do("renew_claims", lambda: self.ledger.renew_claims(lease))

    # --- the schedule -----------------------------------------------------------------------------------------------

    async def begin_run(self, queue: str) -> RunLease | NotDue:
        lease = await self._do("begin_run", lambda: self.store.schedule.begin_run(queue))
        if isinstance(lease, RunLease):
            self.process.runs.add(lease.run_id)
            self.store.history.note(f"{self.process.name} runs, token {lease.fencing_token}")
        return lease

    async def renew(self, lease: RunLease, *, held_up: bool = False) -> None:
        await self._do("renew", lambda: self.store.schedule.renew(lease, held_up=held_up))

    async def record_check(self, lease: RunLease, check: CheckSummary) -> None:
        await self._do("record_check", lambda: self.store.schedule.record_check(lease, check))

    async def end_run(self, lease: RunLease) -> None:
        await self._do("end_run", lambda: self.store.schedule.end_run(lease))

    async def terms(self, queue: str) -> CheckTerms:
        return await self._do("terms", lambda: self.store.schedule.terms(queue))

    async def hold_until(self, lease: RunLease, seconds: float) -> None:
        await self._do("hold_until", lambda: self.store.schedule.hold_until(lease, seconds))

    async def set_on_hold(self, lease: RunLease, *, on_hold: bool, reason: str) -> None:
        await self._do("set_on_hold", lambda: self.store.schedule.set_on_hold(lease, on_hold=on_hold, reason=reason))

    async def _do(self, what: str, work: Callable[[], Awaitable[Result]]) -> Result:
        return await self.store.transact(self.process, what, work)
