"""What "ready" means: database, broker, schedules being kept, and the queues there to be worked on."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon.http.ports import HealthCheck
from daemon.watch.findings import Finding, Watchdog
from daemon.watch.watch import Watch
from queues.errors import DatabaseUnavailable
from queues.postgres.engine import transact
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.health import read_health
from queues.worker.stop import Stop

_log = structlog.stdlib.get_logger("daemon")

_SCHEDULES: Final[frozenset[Watchdog]] = frozenset({"schedule_late", "lease_stuck"})
_QUEUES: Final[frozenset[Watchdog]] = frozenset({"missing_at_broker", "checks_failing"})


class Readiness:
    """The checks of one process."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        consume: BrokerConnection,
        publish: BrokerConnection,
        watch: Watch,
        stop: Stop,
    ) -> None:
        self._engine = engine
        self._consume = consume
        self._publish = publish
        self._watch = watch
        self._stop = stop

    def checks(self) -> Mapping[str, HealthCheck]:
        """Give the checks by the names that `/health/ready` shows."""
        return {
            "running": self._running,
            "database": self._database,
            "broker": self._broker,
            "schedules": self._schedules,
            "queues": self._queues,
        }

    def warnings(self) -> Sequence[Finding]:
        """Give what is not as it should be and keeps nothing from being done."""
        return [each for each in self._watch.findings if each.is_warning]

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
        return self._told(_SCHEDULES)

    async def _queues(self) -> str | None:
        return self._told(_QUEUES)

    def _told(self, watchdogs: frozenset[Watchdog]) -> str | None:
        found = [f"{each.subject}: {each.reason}" for each in self._watch.findings if each.watchdog in watchdogs]
        return "; ".join(found) or None
