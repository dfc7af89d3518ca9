"""
What may have killed a worker is tried alone, so that it cannot take others with it (RELIABILITY.md, F9).

A message whose last attempt ended with a dead worker is under suspicion. Its next attempt is made while nothing else is
in hand in the whole process: if it kills again, nobody else is charged, and it comes to its end by itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Probation:
    """
    Shared by all queues of a process: groups in hand `join` and `leave`, a suspect goes `alone`.

    A suspect waits until what is in hand is written down, and while one waits no group joins: it is not starved.
    """

    def __init__(self) -> None:
        self._in_hand = 0
        self._suspects = 0
        self._turn = asyncio.Lock()
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._is_open = asyncio.Event()
        self._is_open.set()

    async def join(self) -> None:
        """Take a group in hand, as soon as no suspect waits or is being tried."""
        while not self._is_open.is_set():
            await self._is_open.wait()
        self._in_hand += 1
        self._is_empty.clear()

    def leave(self) -> None:
        """Note that the fate of one group is written down, whatever it is."""
        self._in_hand -= 1
        if not self._in_hand:
            self._is_empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Have nothing else in hand for as long as the block lasts."""
        self._suspects += 1
        self._is_open.clear()
        try:
            async with self._turn:
                await self._is_empty.wait()
                yield
        finally:
            self._suspects -= 1
            if not self._suspects:
                self._is_open.set()
