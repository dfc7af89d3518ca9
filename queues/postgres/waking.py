"""Hearing of "run now" and "resume" at once, on whatever replica they are asked for: LISTEN and NOTIFY."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

CHANNEL: Final = "connector_schedules"
PROBE_SECONDS: Final = 20.0
"""After so long without news the connection is asked whether it is alive."""

_LONGEST_PAUSE_SECONDS: Final = 30.0
_HIGHEST_EXPONENT: Final = 5

_NOTIFY = text("select pg_notify(:channel, :queue)")

_log = structlog.stdlib.get_logger("queues.postgres")


async def tell_workers(connection: AsyncConnection, queue: str) -> None:
    """Have the workers of *queue* look at its schedule, as soon as the transaction of *connection* is committed."""
    await connection.execute(_NOTIFY, {"channel": CHANNEL, "queue": queue})


class ScheduleNews:
    """
    Hears which schedules somebody has changed.

    A convenience: workers look at their schedules every second anyway. While the connection is away, or where a pooler
    in transaction mode swallows it, they start that much later.

    Args:
        engine: from `open_engine`, of its own: the connection is kept.
        wake: told the queue; None after the connection was made anew, for what was said meanwhile was not heard.
        probe_seconds: after so long without news the connection is asked whether it is alive, and given as long again.
    """

    def __init__(
        self, engine: AsyncEngine, *, wake: Callable[[str | None], None], probe_seconds: float = PROBE_SECONDS
    ) -> None:
        self._engine = engine
        self._wake = wake
        self._probe_seconds = probe_seconds

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made anew, with growing pauses."""
        failures = 0
        while True:
            try:
                async with self._engine.connect() as connection:
                    await self._listen(connection)
                failures = 0
            except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                failures += 1
                if failures == 1:
                    _log.warning("schedule_news.away", reason=str(error))
                longest = min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(failures - 1, _HIGHEST_EXPONENT))
                # Jitter: replicas that lost the same server do not come back in step.
                await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    async def _listen(self, connection: AsyncConnection) -> None:
        """Hear until the connection is lost."""
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        if driver is None:
            return
        is_lost = asyncio.Event()
        driver.add_termination_listener(lambda _connection: is_lost.set())
        await driver.add_listener(CHANNEL, lambda _connection, _pid, _channel, queue: self._wake(queue))
        _log.debug("schedule_news.listening")
        self._wake(None)
        try:
            while not is_lost.is_set():
                try:
                    async with asyncio.timeout(self._probe_seconds):
                        await is_lost.wait()
                except TimeoutError:
                    # A connection that is half open says nothing, for ever: this one raises.
                    await driver.execute("select 1", timeout=self._probe_seconds)
        finally:
            # Not back into the pool, where it would go on listening.
            await connection.invalidate()
