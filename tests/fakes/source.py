"""A broker in memory: queues that give every message once, and take back what is not acknowledged."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from queues.errors import BrokerUnavailable, NotFound
from queues.ports import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message as it lies in a queue."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    redelivered: bool = False


@dataclass(slots=True)
class FakeQueue:
    """The messages of one queue, how often one was given back, and the windows of its takes."""

    messages: deque[Queued] = field(default_factory=deque)
    returned: int = 0
    windows: list[int] = field(default_factory=list)


class FakeTake:
    """Matches queues.ports.Take."""

    def __init__(self, queue: FakeQueue, *, wanted: int, window: int) -> None:
        self._queue = queue
        self._wanted = wanted
        self._window = window
        self._arrived: deque[Delivery] = deque()
        self._in_hand: dict[int, Queued] = {}
        self._settled: set[int] = set()
        self._fetched = 0
        self._is_consuming = True
        self._is_lost = False
        self._news = asyncio.Event()
        self.fetch()

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        while True:
            self._news.clear()
            self._check()
            self.fetch()
            if self._arrived:
                yield self._arrived.popleft()
            elif not self._is_consuming or self._fetched == self._wanted or not self._queue.messages:
                return
            else:
                await self._news.wait()

    async def acknowledge(self, tags: Sequence[int]) -> None:
        self._check()
        self._settled.update(tags)
        self.fetch()
        self._news.set()

    async def stop(self) -> None:
        self._check()
        self._is_consuming = False
        self._news.set()

    def fetch(self) -> None:
        """Move what the window allows from the queue into this take."""
        while (
            self._is_consuming
            and self._queue.messages
            and self._fetched < self._wanted
            and len(self._in_hand.keys() - self._settled) < self._window
        ):
            queued = self._queue.messages.popleft()
            self._fetched += 1
            self._in_hand[self._fetched] = queued
            self._arrived.append(
                Delivery(
                    tag=self._fetched, body=queued.body, redelivered=queued.redelivered, headers=dict(queued.headers)
                )
            )

    def lose(self) -> None:
        """Break, as by a lost connection; told once more, nothing changes."""
        if not self._is_lost:
            self.give_back()
            self._is_lost = True
        self._news.set()

    def give_back(self) -> None:
        """Put what is not acknowledged to the front of the queue again, in order."""
        rest = [replace(each, redelivered=True) for tag, each in self._in_hand.items() if tag not in self._settled]
        self._queue.messages.extendleft(reversed(rest))
        self._queue.returned += len(rest)
        self._in_hand.clear()
        self._arrived.clear()
        self._is_consuming = False

    def _check(self) -> None:
        if self._is_lost:
            raise BrokerUnavailable("the channel was lost")


class FakeSource:
    """Matches queues.ports.MessageSource; `lose_connection` and `is_down` are its faults."""

    def __init__(self) -> None:
        self.is_down = False
        self._queues: dict[str, FakeQueue] = {}
        self._takes: dict[str, list[FakeTake]] = {}

    def declare(self, queue: str) -> None:
        """Create *queue* unless it stands."""
        self._queues.setdefault(queue, FakeQueue())

    def publish(self, queue: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Put one message at the end of *queue*."""
        self._queues[queue].messages.append(Queued(body=body, headers=headers or {}))

    def delete(self, queue: str) -> None:
        """Delete *queue* and whatever it holds; its takes are lost."""
        for take in self._takes.pop(queue, []):
            take.lose()
        del self._queues[queue]

    def returned(self, queue: str) -> int:
        """Count the messages given back to *queue* so far, one each time."""
        return self._queues[queue].returned

    def windows(self, queue: str) -> list[int]:
        """Give the window of every take of *queue* so far."""
        return self._queues[queue].windows

    def lose_connection(self) -> None:
        """Break every take: unacknowledged messages go back to their queues."""
        for takes in self._takes.values():
            for take in takes:
                take.lose()

    async def ready(self, queue: str) -> int:
        return len(self._existing(queue).messages)

    @asynccontextmanager
    async def take(self, queue: str, count: int, *, window: int) -> AsyncIterator[FakeTake]:
        if count < 1:
            raise ValueError(f"count must be >= 1, got {count}")
        if not 1 <= window <= 65_535:
            raise ValueError(f"window must be 1 to 65535, got {window}")
        take = FakeTake(self._existing(queue), wanted=count, window=window)
        self._queues[queue].windows.append(window)
        self._takes.setdefault(queue, []).append(take)
        try:
            yield take
            await take.stop()
        finally:
            if take in self._takes.get(queue, []):
                self._takes[queue].remove(take)
                take.lose()

    def _existing(self, queue: str) -> FakeQueue:
        if self.is_down:
            raise BrokerUnavailable("connect: refused")
        if queue not in self._queues:
            raise NotFound("queue", queue)
        return self._queues[queue]
