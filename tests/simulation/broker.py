"""A broker with the manners of RELIABILITY.md, section 0: lost acknowledgements, odd orders, a delivery limit."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from queues.errors import BrokerUnavailable
from queues.ports import Delivery
from tests.simulation.history import History
from tests.simulation.process import Process

DELIVERY_LIMIT = 20
"""Returns a message survives in a quorum queue of RabbitMQ 4.0; at the next one it is deleted."""

LOST_ACKNOWLEDGEMENTS = 3
"""How often the broker forgets the acknowledgement of one message, at most."""

Order = Literal["front", "reversed", "tail", "shuffled"]


@dataclass(slots=True, eq=False)
class Queued:
    """A message as it lies in the queue."""

    body: bytes
    returns: int = 0
    forgotten: int = 0


@dataclass(slots=True)
class Broker:
    """
    One queue and everybody who takes from it.

    Attributes:
        order: where returned messages go.
        forgets: probability that a closing channel loses acknowledgements.
        on_acknowledge: told the body of everything acknowledged, when it is.
    """

    random: Random
    history: History
    order: Order
    forgets: float
    on_acknowledge: Callable[[bytes], None]
    messages: deque[Queued] = field(default_factory=deque)
    takes: list["SimulatedTake"] = field(default_factory=list)
    is_down: bool = False
    deleted: list[bytes] = field(default_factory=list)

    def publish(self, body: bytes) -> None:
        self.messages.append(Queued(body))
        for take in self.takes:
            take.fetch()

    def lose(self, process: Process | None = None) -> None:
        """Break the connection of *process*, or all of them."""
        for take in list(self.takes):
            if process is None or take.process is process:
                take.lose()

    def give_back(self, unsettled: Sequence[Queued], settled: Sequence[Queued]) -> None:
        """Take back what was not acknowledged, and some of what was."""
        back = list(unsettled)
        if settled and self.random.random() < self.forgets:
            cut = self.random.randrange(len(settled))
            for each in settled[cut:]:
                if each.forgotten < LOST_ACKNOWLEDGEMENTS:
                    each.forgotten += 1
                    back.append(each)
        kept: list[Queued] = []
        for each in back:
            each.returns += 1
            if each.returns > DELIVERY_LIMIT:
                self.deleted.append(each.body)
                self.history.violate("I1", f"the delivery limit deleted {each.body[:60]!r}")
            else:
                kept.append(each)
        self._put_back(kept)
        for take in self.takes:
            take.fetch()

    def _put_back(self, kept: list[Queued]) -> None:
        match self.order:
            case "front":
                self.messages.extendleft(reversed(kept))
            case "reversed":
                self.messages.extendleft(kept)
            case "tail":
                self.messages.extend(kept)
            case "shuffled":
                self.random.shuffle(kept)
                self.messages.extendleft(kept)


class SimulatedTake:
    """Matches queues.ports.Take."""

    def __init__(self, broker: Broker, process: Process, *, wanted: int, window: int) -> None:
        self.process = process
        self._broker = broker
        self._wanted = wanted
        self._window = window
        self._fetched = 0
        self._arrived: deque[Delivery] = deque()
        self._in_hand: dict[int, Queued] = {}
        self._settled: dict[int, Queued] = {}
        self._is_consuming = True
        self._is_lost = False
        self._news = asyncio.Event()

    @property
    def unsettled(self) -> list[Queued]:
        return list(self._in_hand.values())

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        while True:
            await self.process.enter()
            self._check()
            self.fetch()
            if self._arrived:
                yield self._arrived.popleft()
            elif not self._is_consuming or self._fetched == self._wanted or not self._broker.messages:
                return
            else:
                self._news.clear()
                await self._news.wait()

    async def acknowledge(self, tags: Sequence[int]) -> None:
        await self.process.enter()
        self._check()
        for tag in tags:
            if tag in self._in_hand:
                self._settled[tag] = self._in_hand.pop(tag)
                self._broker.on_acknowledge(self._settled[tag].body)
        self.fetch()
        self._news.set()

    async def stop(self) -> None:
        await self.process.enter()
        self._check()
        await asyncio.sleep(self._broker.random.choice((0.0, 0.01)))
        self._check()
        self._is_consuming = False
        self._news.set()

    def fetch(self) -> None:
        """Send the consumer what its window allows."""
        queue = self._broker.messages
        while self._is_consuming and queue and self._fetched < self._wanted and len(self._in_hand) < self._window:
            queued = queue.popleft()
            self._fetched += 1
            self._in_hand[self._fetched] = queued
            self._arrived.append(
                Delivery(tag=self._fetched, body=queued.body, redelivered=queued.returns > 0, headers={})
            )
        self._news.set()

    def lose(self) -> None:
        """Break; everything unacknowledged, and maybe more, goes back."""
        if self._is_lost:
            return
        self._is_lost, self._is_consuming = True, False
        self._arrived.clear()
        if self in self._broker.takes:
            self._broker.takes.remove(self)
        self._broker.give_back(list(self._in_hand.values()), list(self._settled.values()))
        self._news.set()

    def _check(self) -> None:
        if self._is_lost:
            raise BrokerUnavailable("the channel was lost")


@dataclass(frozen=True, slots=True)
class BrokerConnection:
    """Matches queues.ports.MessageSource for one process."""

    broker: Broker
    process: Process

    async def ready(self, _queue: str) -> int:
        await self._reach()
        return len(self.broker.messages)

    @asynccontextmanager
    async def take(self, _queue: str, count: int, *, window: int) -> AsyncIterator[SimulatedTake]:
        await self._reach()
        errors = self.process.store_errors
        take = SimulatedTake(self.broker, self.process, wanted=count, window=window)
        self.broker.takes.append(take)
        take.fetch()
        try:
            yield take
            await take.stop()
            if take.unsettled and errors == self.process.store_errors:
                self.broker.history.violate("give back", f"{self.process.name} gave {len(take.unsettled)} back")
        finally:
            take.lose()

    async def _reach(self) -> None:
        await self.process.enter()
        await asyncio.sleep(self.broker.random.choice((0.0, 0.0, 0.002, 0.05)))
        await self.process.enter()
        if self.broker.is_down:
            raise BrokerUnavailable("connect: refused")
