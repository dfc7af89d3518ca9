"""
What may have killed a worker is tried alone, so that it cannot take others with it (RELIABILITY.md, F9).

A message whose last attempt ended with a dead worker is under suspicion. Its next attempt is made while nothing else is
in hand in the whole process: if it kills again, nobody else is charged, and it comes to its end by itself.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Probation:
    """
    Shared by all queues of a process: groups in hand `join` and `leave`, a suspect goes `alone`.

    Through one door, in the order in which they came: a suspect waits until what is in hand is written down, and nobody
    joins before it; but many suspects in a row do not keep other queues from their work either.
    """

    def __init__(self) -> None:
        self._in_hand: Counter[str] = Counter()
        self._door = asyncio.Lock()
        self._at_door = ""
        self._waiting: set[str] = set()
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    def holds_up(self, queue: str) -> bool:
        """Tell whether *queue* waits for something of another queue: then it cannot help doing nothing."""
        return queue in self._waiting and any(other != queue for other in (self._at_door or queue, *self._in_hand))

    async def join(self, queue: str) -> None:
        """Take a group of *queue* in hand, as soon as no suspect that came before waits or is being tried."""
        async with self._through_door(queue):
            self._in_hand[queue] += 1
            self._is_empty.clear()

    def leave(self, queue: str) -> None:
        """Note that the fate of one group of *queue* is written down, whatever it is."""
        self._in_hand[queue] -= 1
        if not self._in_hand[queue]:
            del self._in_hand[queue]
        if not self._in_hand:
            self._is_empty.set()

    @asynccontextmanager
    async def alone(self, queue: str) -> AsyncIterator[None]:
        """Have nothing else in hand for as long as the block lasts."""
        async with self._through_door(queue):
            self._waiting.add(queue)
            try:
                await self._is_empty.wait()
            finally:
                self._waiting.discard(queue)
            yield

    @asynccontextmanager
    async def _through_door(self, queue: str) -> AsyncIterator[None]:
        self._waiting.add(queue)
        try:
            # A lock of asyncio is given to those who wait in the order in which they came.
            await self._door.acquire()
        finally:
            self._waiting.discard(queue)
        self._at_door = queue
        try:
            yield
        finally:
            self._at_door = ""
            self._door.release()
