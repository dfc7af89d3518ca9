"""
Carries out the runs of syncs: finds the records to be looked at page by page and notes their keys.

A run that a crash cut off goes on at its last page; noting a record twice is one look. It ends as a success when every
page is noted; what then becomes of each record stands in the queues and their log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog

from daemon.capture.ports import SourceUnavailable
from queues.errors import DatabaseUnavailable, LeaseLost
from queues.ports import Clock
from queues.postgres.audit import Act
from queues.postgres.changed_keys import ChangedKey, Origin
from queues.postgres.sync_runs import RunKind, RunMode, SyncRun

PAUSE_SECONDS: Final = 1.0
"""Between two looks for runs while there are none."""

OVERLAP: Final = timedelta(minutes=5)
"""
How far a run of changes looks back before the end of the last one: stamps are set when a row is saved and seen when its
transaction commits, so that a long one shows up behind (contracts: Acumatica, section 13).
"""

_log = structlog.stdlib.get_logger("daemon.capture")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage:
    """
    Some of the records a run looks at.

    Attributes:
        until: the upper bound of the run, fixed with its first page, by the source's clock.
        next_position: where the next page begins; empty after the last.
    """

    keys: Sequence[ChangedKey]
    until: datetime
    next_position: str


class KeyLister(Protocol):
    """Lists the keys of one event type at the source."""

    async def page(self, *, since: datetime | None, until: datetime | None, position: str) -> KeyPage:
        """
        Read one page of the records changed from *since* on and not after *until*; all records without *since*.

        Raises:
            SourceUnavailable: they cannot be read now.
        """


class SyncRuns(Protocol):
    """The runs; all raise DatabaseUnavailable."""

    async def ask(self, sync: str, kind: RunKind, act: Act, *, mode: RunMode = "manual", key: str = "") -> SyncRun:
        """Ask for a run. Raises StateConflict when one of this sync waits or is under way."""

    async def take(self, owner: UUID) -> SyncRun | None:
        """Take the oldest run that waits, or that its owner left behind; None if there is none."""

    async def progress(self, run: SyncRun, owner: UUID, *, position: str, until: datetime, noted: int) -> None:
        """Note that a page is done. Raises LeaseLost."""

    async def end(self, run: SyncRun, owner: UUID, *, error: str = "") -> None:
        """End it, with an error or as a success. Raises LeaseLost."""


class NotedKeys(Protocol):
    """Where the keys to be looked at wait."""

    async def note(self, keys: Sequence[ChangedKey], *, origin: Origin, at_once: bool = False) -> bool:
        """Note that records changed. Raises DatabaseUnavailable."""


class Syncing:
    """
    Carries out runs, one at a time. Safe on several replicas at once.

    Args:
        runs: where they wait.
        listers: by event type.
        keys: where the records found are noted.
    """

    def __init__(self, runs: SyncRuns, listers: Mapping[str, KeyLister], keys: NotedKeys, *, clock: Clock) -> None:
        self._runs = runs
        self._listers = listers
        self._keys = keys
        self._clock = clock

    async def run(self) -> None:
        """Look for runs again and again, until cancelled."""
        while True:
            try:
                found = await self.carry_out()
            except DatabaseUnavailable as error:
                _log.warning("sync.interrupted", reason=str(error))
                found = False
            if not found:
                await self._clock.sleep(PAUSE_SECONDS)

    async def carry_out(self) -> bool:
        """
        Carry out one run; tell whether there was one.

        Raises:
            DatabaseUnavailable: it goes on later from its last page.
        """
        owner = uuid4()
        run = await self._runs.take(owner)
        if run is None:
            return False
        try:
            await self._note_pages(run, owner)
        except LeaseLost as error:
            _log.info("sync.left", run=run.id, sync=run.sync, reason=str(error))
        except SourceUnavailable as error:
            await self._end(run, owner, error=str(error))
        else:
            await self._end(run, owner)
        return True

    async def _note_pages(self, run: SyncRun, owner: UUID) -> None:
        _log.info("sync.started", run=run.id, sync=run.sync, kind=run.kind, mode=run.mode, position=run.position)
        origin: Origin = "manual" if run.mode == "manual" else "catch_up"
        if run.kind == "individual":
            key = ChangedKey(event_type=run.sync, key=run.key)
            await self._keys.note([key], origin=origin, at_once=True)
            await self._runs.progress(run, owner, position="", until=run.asked_at, noted=1)
            return
        lister = self._listers.get(run.sync)
        if lister is None:
            raise SourceUnavailable(f"no source of {run.sync} is configured")
        since = None if run.since is None else run.since - OVERLAP
        until, position = run.until, run.position
        while True:
            page = await lister.page(since=since, until=until, position=position)
            await self._keys.note(page.keys, origin=origin, at_once=True)
            until, position = page.until, page.next_position
            await self._runs.progress(run, owner, position=position, until=until, noted=len(page.keys))
            if not position:
                return

    async def _end(self, run: SyncRun, owner: UUID, *, error: str = "") -> None:
        try:
            await self._runs.end(run, owner, error=error)
        except LeaseLost as lost:
            _log.info("sync.left", run=run.id, sync=run.sync, reason=str(lost))
            return
        if error:
            _log.error("sync.failed", run=run.id, sync=run.sync, reason=error)
        else:
            _log.info("sync.finished", run=run.id, sync=run.sync)
