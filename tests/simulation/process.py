"""One process of the connector in the simulation: it can be killed, frozen and stopped at any moment."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from queues.worker.stop import Stop


@dataclass(slots=True, eq=False)
class Process:
    """
    A process as the world sees it.

    Attributes:
        is_alive: a dead process reaches nothing: every call of a port ends it where it stands.
        runs: the owners of its claims.
        check: number of the check in hand, over all its runs.
        store_errors: calls of the database that failed for it.
        limited: (check, until) of the last 429 it was told.
        wall_offset: how wrong its wall clock is.
    """

    name: str
    stop: Stop = field(default_factory=Stop)
    is_alive: bool = True
    thawed: asyncio.Event = field(default_factory=asyncio.Event)
    runs: set[UUID] = field(default_factory=set)
    check: int = 0
    store_errors: int = 0
    limited: tuple[int, float] = (-1, 0.0)
    wall_offset: timedelta = timedelta(0)
    main: asyncio.Task[Any] | None = None

    def __post_init__(self) -> None:
        self.thawed.set()

    async def enter(self) -> None:
        """Pass from the process to the outside or back: not while it is frozen, never when it is dead."""
        self.check_alive()
        if not self.thawed.is_set():
            await self.thawed.wait()
            self.check_alive()

    def check_alive(self) -> None:
        if not self.is_alive:
            raise asyncio.CancelledError


@dataclass(frozen=True, slots=True)
class ProcessClock:
    """Matches queues.ports.Clock for one process."""

    process: Process
    wall: Callable[[], datetime]

    def now(self) -> datetime:
        return self.wall() + self.process.wall_offset

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))
        await self.process.enter()


class Outside:
    """Work that goes on outside of the processes, whatever becomes of those who asked for it."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[Any]] = {}

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[hash(task)] = task
        task.add_done_callback(self._forget)
        return task

    async def end(self) -> None:
        """End everything that still goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(hash(task), None)
        if not task.cancelled():
            task.exception()  # whoever asked may have given up: then nobody else looks at it
