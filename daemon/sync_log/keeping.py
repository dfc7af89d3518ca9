"""Cleaning the sync log: by its schedule, now, or all of it (R67 to R71, B10)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from daemon.settings.document.logs import Logging
from daemon.sync_log.archive import archive_day, drop_archives
from daemon.sync_log.choosing import LoggingInForce
from daemon.sync_log.cleaning_times import drop_before, last_cleaning
from queues.errors import StateConflict
from queues.ports import Clock
from queues.postgres.audit import Act
from queues.postgres.log_keeping import LogCount, PostgresLogKeeping

_log = structlog.stdlib.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """
    What a cleaning is about.

    Attributes:
        before: entries of days that were over by then go; None: they are kept for ever.
        entries: how many those are.
    """

    before: datetime | None
    entries: int


class LogKeeper:
    """
    Keeps the sync log as long as the settings say.

    Args:
        log: in the database.
        settings: in force.
        clock: tells when a cleaning is due.
    """

    def __init__(self, log: PostgresLogKeeping, settings: LoggingInForce, clock: Clock) -> None:
        self._log = log
        self._settings = settings
        self._clock = clock

    async def clean_when_due(self) -> int:
        """
        Do the newest cleaning that was due, if anything of it is left to do.

        Returns:
            The days that were dropped.
        """
        settings = await self._settings.logging()
        before = drop_before(last_cleaning(self._clock.now(), settings), settings)
        if before is None:
            return 0
        try:
            return await self._clean(before, settings)
        except OSError as error:
            # The days stay until they can be archived.
            _log.error("sync_log.not_archived", folder=settings.archive, reason=error.strerror or str(error))
            return 0

    async def due_now(self) -> Cleaning:
        """Tell what cleaning now would drop."""
        before = drop_before(self._clock.now(), await self._settings.logging())
        return Cleaning(before=before, entries=0 if before is None else await self._log.count_over(before))

    async def clean_now(self, act: Act) -> Cleaning:
        """
        Clean without waiting for the schedule, and write down who wanted it.

        Raises:
            StateConflict: the days could not be archived before; nothing more was dropped.
        """
        settings = await self._settings.logging()
        due = await self.due_now()
        if due.before is not None:
            await self._log.tell_cleaning(act, entries=due.entries, before=due.before)
            try:
                await self._clean(due.before, settings)
            except OSError as error:
                text = f"the log could not be archived in {settings.archive}: {error.strerror or error}"
                raise StateConflict(text, state="not_archived") from error
        return due

    async def count(self) -> LogCount:
        """Count every entry there is."""
        return await self._log.count()

    async def flush(self, until: datetime, act: Act) -> int:
        """Delete every entry before *until*, archived or not."""
        return await self._log.flush(until, act)

    async def _clean(self, before: datetime, settings: Logging) -> int:
        folder = None if settings.archive is None else Path(settings.archive)
        days = await self._log.over(before)
        for day in days:
            if folder is not None:
                await archive_day(folder, day, _documents(self._log.read_day(day)))
            await self._log.drop_day(day)
        await self._log.drop_strays(before)
        if folder is not None and settings.archive_days:
            drop_archives(folder, before=self._clock.now().date() - timedelta(days=settings.archive_days))
        return len(days)


async def _documents(pages: AsyncIterator[Sequence[Any]]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    async for page in pages:
        yield [dict(row._mapping) for row in page]  # noqa: SLF001 - SQLAlchemy's documented way to a mapping
