"""Makes the starts nobody asks for: Auto Cron, the catch-up, the comparison; each once, on one replica."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog

from daemon.sync.named_syncs import PlannedStart, Purpose
from queues.errors import DatabaseUnavailable
from queues.ports import Clock
from queues.postgres.sync_runs import RunKind, SyncRun
from queues.postgres.sync_schedules import SyncStart

PAUSE_SECONDS: Final = 2.0
"""Between two looks: the most a start is late."""

ACTORS: Final[dict[Purpose, str]] = {"auto_cron": "Auto Cron", "catch_up": "catch-up", "comparison": "comparison"}
"""Who asked, as people read it."""

_log = structlog.stdlib.get_logger("daemon.capture")


class Schedules(Protocol):
    """The starts to come; all raise DatabaseUnavailable."""

    async def read(self) -> tuple[datetime, Sequence[SyncStart]]:
        """Read the clock they go by, and all of them."""

    async def set(self, sync: str, purpose: str, *, rule: str, next_run_at: datetime | None) -> None:
        """Note the next start by *rule*."""

    async def drop(self, start: SyncStart) -> None:
        """Let it start so no more."""

    async def begin(
        self, start: SyncStart, *, kind: RunKind, following: datetime | None, actor: str, from_then_on: bool
    ) -> SyncRun | None:
        """Make a start that is due; None when somebody else made it, or a run is open."""


class Plans(Protocol):
    """What is to start by itself."""

    async def planned(self) -> Sequence[PlannedStart]:
        """Give it, by the settings in force. Raises DatabaseUnavailable."""


class AutoRuns:
    """
    Starts what is due. Safe on several replicas at once.

    A start that was missed, while no daemon ran, is made up for once, however many there were.

    Args:
        schedules: where the starts are kept.
        plans: what the settings ask for.
    """

    def __init__(self, schedules: Schedules, plans: Plans, *, clock: Clock) -> None:
        self._schedules = schedules
        self._plans = plans
        self._clock = clock

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                _log.warning("auto_runs.interrupted", reason=str(error))
            except Exception:  # noqa: BLE001 - the one broad catch of this loop: a fault of ours must not end the starts
                _log.exception("auto_runs.crashed")
            await self._clock.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """Bring the starts in line with the settings, and make those that are due."""
        planned = await self._plans.planned()
        now, stored = await self._schedules.read()
        left = {(each.sync, each.purpose): each for each in stored}
        for each in planned:
            start = left.pop((each.sync, each.purpose), None)
            if start is None or start.rule != each.times.rule:
                await self._schedules.set(
                    each.sync, each.purpose, rule=each.times.rule, next_run_at=each.times.after(now)
                )
            elif start.next_run_at is not None and start.next_run_at <= now:
                await self._begin(each, start, following=each.times.after(now))
        for start in left.values():
            await self._schedules.drop(start)

    async def _begin(self, planned: PlannedStart, start: SyncStart, *, following: datetime | None) -> None:
        run = await self._schedules.begin(
            start,
            kind=planned.kind,
            following=following,
            actor=ACTORS[planned.purpose],
            from_then_on=planned.purpose == "catch_up",
        )
        if run is None:
            _log.debug("sync.start_passed_over", sync=planned.sync, purpose=planned.purpose)
        else:
            _log.info("sync.start_made", sync=planned.sync, purpose=planned.purpose, run=run.id)
