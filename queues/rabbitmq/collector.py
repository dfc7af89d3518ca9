"""Brings what nobody routed, and what the broker gave up on, to where people see it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog

from queues.errors import BrokerUnavailable, NotFound
from queues.failpoints import hit
from queues.ports import Delivery, MessageSource, Take
from queues.rabbitmq.backoff import Backoff
from queues.rabbitmq.connection import describe
from queues.rabbitmq.topology import dead_queue, unrouted_queue

_log = structlog.get_logger()

Reason = Literal["unrouted", "broker_dead_lettered"]
Store = Callable[[bytes, Mapping[str, str], Reason], Awaitable[None]]
"""Makes one message durable, or raises; called again with the same message after a crash, so it must be repeatable."""

_WINDOW: Final = 20
_MIDDLE: Final = 0.5
"""Nobody competes for a database that is away: no jitter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """
    Drains two queues of an instance into *store*.

    Attributes:
        source: the queues at the broker.
        instance: names the installation.
        store: where the messages go; only when it returns are they acknowledged.
        pause_seconds: between two looks at the queues.
        backoff: the pauses between tries of a *store* that raises.
    """

    source: MessageSource
    instance: str
    store: Store
    pause_seconds: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)

    async def run(self) -> None:
        """Look at both queues again and again, until cancelled; an outage of the broker is waited out."""
        while True:
            await self.collect()
            await asyncio.sleep(self.pause_seconds)

    async def collect(self) -> int:
        """Take what is there now; count what was stored. The broker's failures are its connection's to tell."""
        stored = 0
        for queue, reason in self._queues():
            try:
                stored += await self._drain(queue, reason)
            except NotFound:
                _log.warning("collector.queue_missing", queue=queue)
            except BrokerUnavailable as error:
                _log.debug("collector.interrupted", queue=queue, error=str(error))
        return stored

    def _queues(self) -> tuple[tuple[str, Reason], ...]:
        return (unrouted_queue(self.instance), "unrouted"), (dead_queue(self.instance), "broker_dead_lettered")

    async def _drain(self, queue: str, reason: Reason) -> int:
        ready = await self.source.ready(queue)
        if ready == 0:
            return 0
        stored = 0
        async with self.source.take(queue, ready, window=min(ready, _WINDOW)) as take:
            async for delivery in take:
                await self._store(take, delivery, queue, reason)
                stored += 1
        _log.info("collector.stored", queue=queue, reason=reason, messages=stored)
        return stored

    async def _store(self, take: Take, delivery: Delivery, queue: str, reason: Reason) -> None:
        """
        Store one delivery, however long that takes.

        It is kept in hand meanwhile: given back at every try, it would be dropped by a broker with a delivery limit.
        """
        failures = 0
        while True:
            try:
                await self.store(delivery.body, delivery.headers, reason)
            except Exception as error:  # noqa: BLE001 - whatever the store cannot do now, it may be able to do later
                failures += 1
                if failures & (failures - 1) == 0:  # the 1st, 2nd, 4th, 8th … time
                    _log.warning("collector.waiting", queue=queue, failures=failures, error=describe(error))
                await asyncio.sleep(self.backoff.delay(failures=failures, draw=_MIDDLE))
            else:
                hit("collector.stored")
                await take.acknowledge([delivery.tag])
                return
