"""What "ready" means: database, broker, and schedules being kept."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon.http.ports import HealthCheck, Queues
from queues.errors import DatabaseUnavailable
from queues.ports import Clock
from queues.postgres.engine import transact
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.health import read_health
from queues.worker.stop import Stop

_log = structlog.stdlib.get_logger("daemon")

LATE_TICKS: Final = 2
"""Ticks a queue may be late before its schedule counts as not kept: a restart misses one."""


class Readiness:
    """The checks of one process."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        consume: BrokerConnection,
        publish: BrokerConnection,
        queues: Queues,
        worked: frozenset[str],
        clock: Clock,
        interval: timedelta,
        stop: Stop,
    ) -> None:
        self._engine = engine
        self._consume = consume
        self._publish = publish
        self._queues = queues
        self._worked = worked
        self._clock = clock
        self._interval = interval
        self._stop = stop

    def checks(self) -> Mapping[str, HealthCheck]:
        """Give the checks by the names that `/health/ready` shows."""
        return {
            "running": self._running,
            "database": self._database,
            "broker": self._broker,
            "schedules": self._schedules,
        }

    async def _running(self) -> str | None:
        return "stopping" if self._stop.is_requested else None

    async def _database(self) -> str | None:
        try:
            await transact(self._engine, lambda connection: connection.execute(text("select 1")))
        except DatabaseUnavailable as error:
            # The page needs no token, and the driver's words may name hosts: they are for the log.
            _log.warning("database.unavailable", reason=str(error))
            return "not reachable"
        return None

    async def _broker(self) -> str | None:
        health = await read_health(consume=self._consume, publish=self._publish)
        if not health.is_connected:
            return "not connected"
        return "publishers are blocked by an alarm (memory or disk)" if health.is_blocked else None

    async def _schedules(self) -> str | None:
        latest = self._clock.now() - LATE_TICKS * self._interval
        late = [
            state.queue
            for state in await self._queues.states()
            if state.queue in self._worked
            and state.pause is None
            and not state.is_running
            and state.next_run_at < latest
        ]
        return f"not run when due: {', '.join(late)}" if late else None
