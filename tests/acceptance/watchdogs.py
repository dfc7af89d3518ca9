"""A watchdog seen from outside: in `/health/ready`, in the metrics and in the log, while it is raised and after."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.daemon_process import PATIENCE_SECONDS
from tests.acceptance.site import Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What `/health/ready` and `/metrics` said while the watchdog was raised."""

    status: int
    health: Mapping[str, Any]
    metric: float

    def reason(self, check: str) -> str:
        """Give the reason of a failed check."""
        found = self.health["checks"][check]
        assert not found["ok"]
        return str(found["reason"])

    def warning(self, watchdog: str, subject: str) -> str:
        """Give the reason of a warning."""
        (found,) = [
            each for each in self.health["warnings"] if (each["watchdog"], each["subject"]) == (watchdog, subject)
        ]
        return str(found["reason"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Waits for one watchdog of one subject; made before the fault."""

    connector: Connector
    watchdog: str
    subject: str
    known: int

    @classmethod
    def of(cls, connector: Connector, watchdog: str, subject: str) -> "Witness":
        """Remember what the log told before."""
        known = len(connector.daemon.lines("watchdog.raised", watchdog=watchdog, subject=subject))
        return cls(connector=connector, watchdog=watchdog, subject=subject, known=known)

    async def raised(self) -> Seen:
        """Wait until the log tells of it; give what health and metrics say then."""
        await self.connector.daemon.wait_for(
            "watchdog.raised", watchdog=self.watchdog, subject=self.subject, count=self.known + 1
        )
        answer = await self.connector.api.call("GET", "/health/ready")
        return Seen(status=answer.status, health=answer.document, metric=await self.metric())

    async def cleared(self) -> None:
        """Wait until the log tells of its end; health and metrics know it no more."""
        await self.connector.daemon.wait_for(
            "watchdog.cleared", watchdog=self.watchdog, subject=self.subject, count=self.known + 1
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            # Another watchdog of the same fault may take one round more.
            while self._is_told((await self.connector.api.call("GET", "/health/ready")).document):
                await self.connector.daemon.next_line()
        assert await self.metric() == 0

    def _is_told(self, health: Mapping[str, Any]) -> bool:
        faults = [
            f"{name}: {check['reason']}" if name == self.subject else check["reason"]
            for name, check in health["checks"].items()
            if not check["ok"]
        ]
        # RabbitMQ 4 has a delivery limit unless somebody lifts it: that is told all the time.
        passing = [each["subject"] for each in health["warnings"] if each["watchdog"] != "delivery_limit"]
        return any(self.subject in each for each in [*faults, *passing])

    async def metric(self) -> float:
        """Read the gauge."""
        labels = f'{{subject="{self.subject}",watchdog="{self.watchdog}"}}'
        text = (await self.connector.api.call("GET", "/metrics")).document
        values = [line.split()[-1] for line in text.splitlines() if line.startswith(f"connector_watchdog{labels}")]
        return float(values[0]) if values else 0.0
