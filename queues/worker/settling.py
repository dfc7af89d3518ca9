"""Outcomes are written in groups, then acknowledged together: what is acknowledged has a durable fate."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from queues.definition import QueueDefinition
from queues.errors import BrokerUnavailable, DatabaseUnavailable
from queues.failpoints import hit
from queues.message import Message
from queues.ports import FinishedRequest, Ledger, RunLease, UnreadableMessage
from queues.worker.claims import ClaimTime
from queues.worker.ending import broker_reason
from queues.worker.portions import portions

GROUP_RECORDS: Final = 200
"""Records after which a group is written at once (DESIGN.md, section 6)."""

GROUP_SECONDS: Final = 0.2
"""Seconds a finished request waits for company."""

_log = structlog.stdlib.get_logger("queues.worker")


@dataclass(slots=True)
class _Group:
    requests: list[FinishedRequest] = field(default_factory=list)
    unreadable: list[UnreadableMessage] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    when_written: list[Callable[[], None]] = field(default_factory=list)
    records: int = 0

    def messages(self) -> Iterator[Message]:
        return (outcome.message for request in self.requests for outcome in request.outcomes)

    @property
    def is_empty(self) -> bool:
        return not (self.requests or self.unreadable or self.tags)

    def tell(self) -> None:
        """Call those who wait."""
        waiting, self.when_written = self.when_written, []
        for call in waiting:
            call()


class Settler:
    """
    Collects the outcomes of one check, writes them group by group and has them acknowledged.

    Args:
        acknowledge: tells the broker's take that the fate of these tags is durable.
        claim_time: how long an outcome may be written again after the database failed; once the claims may have expired
            another worker may hold them.
        on_trouble: told why the check should end early; what is in hand is still written.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        lease: RunLease,
        definition: QueueDefinition,
        settings_version: int,
        claim_time: ClaimTime,
        acknowledge: Callable[[Sequence[int]], Awaitable[None]],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._lease = lease
        self._definition = definition
        self._settings_version = settings_version
        self._claim_time = claim_time
        self._acknowledge = acknowledge
        self._on_trouble = on_trouble
        self._group = _Group()
        self._any = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False
        self._is_over = False
        self._broker_lost = False

    def add_request(self, request: FinishedRequest, tags: Sequence[int]) -> None:
        """Hand over a finished request and the deliveries whose fate it decides."""
        self._group.requests.append(request)
        self._note(len(request.outcomes), tags)

    def add_unreadable(self, message: UnreadableMessage, tags: Sequence[int]) -> None:
        """Hand over bytes that are no event."""
        self._group.unreadable.append(message)
        self._note(1, tags)

    def add_settled(self, tags: Sequence[int]) -> None:
        """Hand over deliveries whose fate was durable before (duplicates, custody)."""
        if tags:
            self._note(0, tags)

    def when_written(self, call: Callable[[], None]) -> None:
        """Have *call* called when everything handed over so far is written, or nothing more will be."""
        if self._is_over:
            call()
            return
        self._group.when_written.append(call)
        self._any.set()

    async def written(self) -> None:
        """Have everything handed over so far written at once; return when it is, or when nothing more will be."""
        is_written = asyncio.Event()
        self.when_written(is_written.set)
        self._full.set()
        await is_written.wait()

    def close(self) -> None:
        """Nothing more will come: `run` writes what is left and returns."""
        self._closing = True
        self._any.set()
        self._full.set()

    async def run(self) -> None:
        """
        Write groups until closed.

        Raises:
            DatabaseUnavailable: outcomes could not be written while the claims were surely ours; nothing of that group
                is acknowledged, and its claims expire.
        """
        try:
            await self._run()
        finally:
            self._is_over = True
            self._group.tell()

    async def _run(self) -> None:
        while True:
            await self._any.wait()
            if not self._closing:
                # A timer of the event loop, not of the Clock: it only bounds how long an outcome waits for company.
                try:
                    async with asyncio.timeout(GROUP_SECONDS):
                        await self._full.wait()
                except TimeoutError:
                    pass
            group = self._take_group()
            try:
                if not group.is_empty:
                    await self._write(group)
            finally:
                group.tell()
            if self._closing and self._group.is_empty:
                return

    def _note(self, records: int, tags: Sequence[int]) -> None:
        self._group.records += records
        self._group.tags += tags
        self._any.set()
        if self._group.records >= GROUP_RECORDS or len(self._group.tags) >= GROUP_RECORDS:
            self._full.set()

    def _take_group(self) -> _Group:
        group, self._group = self._group, _Group()
        if not self._closing:
            self._any.clear()
            self._full.clear()
        return group

    async def _write(self, group: _Group) -> None:
        if group.requests or group.unreadable:
            hit("settle.begun", group.messages())
            await self._settle(group)
            hit("settle.committed", group.messages())
        if group.tags and not self._broker_lost:
            try:
                await self._acknowledge(group.tags)
                hit("acknowledge.sent", group.messages())
            except BrokerUnavailable as error:
                # The broker gives these back; the ledger knows their fate, so that they are only acknowledged then.
                self._broker_lost = True
                self._on_trouble(broker_reason(error))
                _log.warning("acknowledge.failed", queue=self._definition.name, reason=str(error))

    async def _settle(self, group: _Group) -> None:
        """Write *group*, in one transaction unless its bodies are large."""
        for requests in portions(group.requests, _kept_bytes):
            await self._settle_portion(requests, [])
        for unreadable in portions(group.unreadable, lambda each: len(each.body)):
            await self._settle_portion([], unreadable)

    async def _settle_portion(
        self, requests: Sequence[FinishedRequest], unreadable: Sequence[UnreadableMessage]
    ) -> None:
        records = len(unreadable) + sum(len(each.outcomes) for each in requests)

        def delayed(error: DatabaseUnavailable) -> None:
            self._on_trouble("database_unavailable")
            _log.warning("settle.delayed", queue=self._definition.name, records=records, reason=str(error))

        async def settle() -> None:
            await self._ledger.settle(
                self._lease,
                self._definition,
                requests,
                unreadable,
                settings_version=self._settings_version,
            )

        try:
            await self._claim_time.write(settle, on_delay=delayed)
        except DatabaseUnavailable:
            self._on_trouble("database_unavailable")
            raise


def _kept_bytes(request: FinishedRequest) -> int:
    """Count the bodies that are written with the outcomes of *request*: of what was delivered none is."""
    return sum(len(each.message.body) for each in request.outcomes if each.state != "delivered")
