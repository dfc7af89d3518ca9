"""
Deliberately broken engines: each must be caught, or the checker proves nothing.

They are made by putting an adapter between the engine and one of its ports, which has the effect of the fault.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from typing_extensions import override

from queues.definition import QueueDefinition
from queues.message import Message
from queues.ports import (
    Claimed,
    ClaimResult,
    Delivery,
    FinishedRequest,
    Ledger,
    MessageSource,
    RunLease,
    StoredMessage,
    Take,
    UnreadableMessage,
    WaitingRows,
)
from tests.fakes.ledger import FakeLedger
from tests.simulation.world import Variant

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _PassingLedger:
    """Hands everything on; the variants change one thing each."""

    inner: FakeLedger

    async def open_check(self, lease: RunLease) -> WaitingRows:
        return await self.inner.open_check(lease)

    async def page(self, lease: RunLease, *, after: int, up_to: int, limit: int) -> Sequence[StoredMessage]:
        return await self.inner.page(lease, after=after, up_to=up_to, limit=limit)

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
        return await self.inner.claim(
            lease, definition, messages, retry_count=retry_count, stored=stored, others_hold=others_hold
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
        await self.inner.settle(lease, definition, requests, unreadable, settings_version=settings_version)

    async def keep(self, lease: RunLease, messages: Sequence[Message], *, claimed: bool) -> None:
        await self.inner.keep(lease, messages, claimed=claimed)

    async def coalesce(self, lease: RunLease, definition: QueueDefinition, *, up_to: int) -> int:
        return await self.inner.coalesce(lease, definition, up_to=up_to)

    async def renew_claims(self, lease: RunLease) -> None:
        await self.inner.renew_claims(lease)


# --- acknowledge before settle ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _HastyTake:
    take: Take

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        async for delivery in self.take:
            await self.take.acknowledge([delivery.tag])
            yield delivery

    async def acknowledge(self, tags: Sequence[int]) -> None:
        """It has been done."""

    async def stop(self) -> None:
        await self.take.stop()


@dataclass(slots=True)
class _HastySource:
    source: MessageSource

    async def ready(self, queue: str) -> int:
        return await self.source.ready(queue)

    @asynccontextmanager
    async def take(self, queue: str, count: int, *, window: int) -> AsyncIterator[_HastyTake]:
        async with self.source.take(queue, count, window=window) as take:
            yield _HastyTake(take)


# --- count after the request ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _LateCounting(_PassingLedger):
    """Counts an attempt only when its outcome is written."""

    _postponed: list[tuple[Message, int, bool]] = field(default_factory=list)

    @override
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
        results: list[ClaimResult] = []
        for message in messages:
            row = self.inner.rows.get((message.message_id, message.generation))
            if row is None or (row.state == "waiting" and stored and row.attempts < retry_count):
                self._postponed.append((message, retry_count, stored))
                results.append(Claimed(attempt=1 if row is None else row.attempts + 1))
            else:
                results += await self.inner.claim(
                    lease, definition, [message], retry_count=retry_count, stored=stored, others_hold=others_hold
                )
        return results

    @override
    async def settle(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        requests: Sequence[FinishedRequest],
        unreadable: Sequence[UnreadableMessage],
        *,
        settings_version: int,
    ) -> None:
        now = {(each.message.message_id, each.message.generation) for made in requests for each in made.outcomes}
        for message, retry_count, stored in self._postponed:
            if (message.message_id, message.generation) in now:
                await self.inner.claim(lease, definition, [message], retry_count=retry_count, stored=stored)
        await self.inner.settle(lease, definition, requests, unreadable, settings_version=settings_version)


# --- requeue instead of keep ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Requeueing(_PassingLedger):
    """Keeps nothing that came from the broker: what was not tried is given back to it."""

    bodies: set[bytes] = field(default_factory=set)

    @override
    async def keep(self, lease: RunLease, messages: Sequence[Message], *, claimed: bool) -> None:
        for message in messages:
            identity = (message.message_id, message.generation)
            row = self.inner.rows.get(identity)
            if row is not None and row.body is None and row.attempts <= 1 and row.owner == lease.run_id:
                del self.inner.rows[identity]
                self.bodies.add(message.body)
            elif row is None:
                self.bodies.add(message.body)
            else:
                await self.inner.keep(lease, [message], claimed=claimed)


@dataclass(slots=True)
class _RequeueingTake:
    take: Take
    bodies: set[bytes]
    _tags: dict[int, bytes] = field(default_factory=dict)

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        async for delivery in self.take:
            self._tags[delivery.tag] = delivery.body
            self.bodies.discard(delivery.body)
            yield delivery

    async def acknowledge(self, tags: Sequence[int]) -> None:
        await self.take.acknowledge([tag for tag in tags if self._tags[tag] not in self.bodies])

    async def stop(self) -> None:
        await self.take.stop()


@dataclass(slots=True)
class _RequeueingSource:
    source: MessageSource
    bodies: set[bytes]

    async def ready(self, queue: str) -> int:
        return await self.source.ready(queue)

    @asynccontextmanager
    async def take(self, queue: str, count: int, *, window: int) -> AsyncIterator[_RequeueingTake]:
        async with self.source.take(queue, count, window=window) as take:
            yield _RequeueingTake(take, self.bodies)


def _requeueing_source(source: MessageSource, ledger: Ledger) -> MessageSource:
    if not isinstance(ledger, _Requeueing):
        raise TypeError("the requeueing source needs its ledger")
    return _RequeueingSource(source, ledger.bodies)


# --- no lease ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Leaseless(_PassingLedger):
    """Grants what another owner holds."""

    @override
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
        for message in messages:
            row = self.inner.rows.get((message.message_id, message.generation))
            if row is not None and row.state == "trying":
                row.lease_until = LONG_AGO
        return await self.inner.claim(
            lease, definition, messages, retry_count=retry_count, stored=stored, others_hold=others_hold
        )


BROKEN: Final = {
    "acknowledge before settle": Variant(source=lambda source, _ledger: _HastySource(source)),
    "count after the request": Variant(ledger=_LateCounting),
    "requeue instead of keep": Variant(ledger=_Requeueing, source=_requeueing_source),
    "no lease check": Variant(ledger=_Leaseless),
    "the client sends again in silence": Variant(resends=True),
}
