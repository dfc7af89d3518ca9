"""The licence's limits on requests: told by lateness alone, until the queue is full."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from daemon.sandbox.acumatica.errors import PlainFault

_MINUTE = 60.0
MOST_WAITING = 20


class Throttle:
    """
    Requests in hand, waiting, and in this minute.

    Args:
        concurrent: how many are handled at once; None: any number.
        per_minute: over half of it each request is late by (time left in the minute / requests left).
    """

    def __init__(
        self,
        *,
        concurrent: int | None,
        per_minute: int | None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._free = None if concurrent is None else asyncio.Semaphore(concurrent)
        self._per_minute = per_minute
        self._monotonic, self._sleep = monotonic, sleep
        self._waiting = 0
        self._minute_began, self._in_minute = monotonic(), 0
        self.most_in_minute = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """
        Hold a turn while the block lasts.

        Raises:
            PlainFault: 429, more than 20 requests wait.
        """
        await self._be_late()
        if self._free is None:
            yield
            return
        if self._free.locked() and self._waiting >= MOST_WAITING:
            raise PlainFault(429)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    async def _be_late(self) -> None:
        now = self._monotonic()
        if now - self._minute_began >= _MINUTE:
            self._minute_began, self._in_minute = now, 0
        self._in_minute += 1
        self.most_in_minute = max(self.most_in_minute, self._in_minute)
        if self._per_minute is not None and self._in_minute > self._per_minute / 2:
            left = max(self._per_minute - self._in_minute, 1)
            await self._sleep(max(self._minute_began + _MINUTE - now, 0) / left)
