"""
Carries out the runs of syncs: finds the records to be looked at page by page and notes their keys.

A run that a crash cut off goes on at its last page; noting a record twice is one look. It ends as a success when every
page is noted; what then becomes of each record stands in the queues and their log.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog

from daemon.capture.ports import SourceUnavailable
from queues.errors import DatabaseUnavailable, LeaseLost
from queues.failpoints import hit
from queues.ports import Clock
from queues.postgres.changed_keys import ChangedKey, Origin
from queues.postgres.sync_cursors import SyncCursor
from queues.postgres.sync_runs import LineLevel, SyncRun

PAUSE_SECONDS: Final = 1.0
"""Between two looks for runs while there are none."""

RENEWAL_SECONDS: Final = 5.0
"""How often a run whose page takes long is kept."""

_log = structlog.stdlib.get_logger("daemon.capture")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage:
    """
    Some of the records a run looks at.

    Attributes:
        until: the greatest stamp seen, by the source's clock; None: there was none.
        next_position: where the next page begins; empty after the last.
        cursor: to be kept when the keys are noted.
        told: what was read, for people.
    """

    keys: Sequence[ChangedKey]
    until: datetime | None
    next_position: str
    cursor: SyncCursor | None = None
    told: str = "records"


class KeyLister(Protocol):
    """Lists the keys of one sync at the source."""

    async def page(self, *, since: datetime | None, position: str) -> KeyPage:
        """
        Read one page: all records without *since*, else those that changed after what was read last.

        Args:
            since: where to begin if nothing was read before.
            position: from the page before; empty for the first.

        Raises:
            SourceUnavailable: they cannot be read now.
        """


class SyncRuns(Protocol):
    """The runs; all raise DatabaseUnavailable."""

    async def take(self, owner: UUID, *, individual: bool = False) -> SyncRun | None:
        """Take the oldest run that waits, or that its owner left behind; None if there is none."""

    async def renew(self, run: SyncRun, owner: UUID) -> None:
        """Keep a run whose page takes long. Raises LeaseLost."""

    async def leave(self, run: SyncRun, owner: UUID) -> None:
        """Leave it to whoever comes next, at once."""

    async def progress(self, run: SyncRun, owner: UUID, *, position: str, until: datetime | None, noted: int) -> None:
        """Note that a page is done. Raises LeaseLost."""

    async def end(self, run: SyncRun, owner: UUID, *, error: str = "", index: bool = False) -> None:
        """End it, with an error or as a success. Raises LeaseLost."""

    async def tell(self, run_id: int, text: str, *, level: LineLevel = "info") -> None:
        """Add a line to what it tells."""


class NotedKeys(Protocol):
    """Where the keys to be looked at wait."""

    async def note(self, keys: Sequence[ChangedKey], *, origin: Origin, at_once: bool = False) -> bool:
        """Note that records changed. Raises DatabaseUnavailable."""


class Cursors(Protocol):
    """Where it is kept how far lists were read."""

    async def save(self, cursor: SyncCursor) -> None:
        """Keep a cursor in the place of the one before. Raises DatabaseUnavailable."""


class Surroundings(Protocol):
    """What a run asks about the rest of the connector."""

    def kinds(self, sync: str) -> Sequence[str]:
        """Give the event types that a single record of *sync* is looked at for."""

    async def wants_index(self, sync: str) -> bool:
        """Tell whether the shop is to be told when a run of *sync* is over (R97)."""

    async def clocks(self) -> Sequence[tuple[LineLevel, str]]:
        """Compare the clocks of both systems with ours, for people (B8)."""


class Syncing:
    """
    Carries out runs, one at a time and single records beside it. Safe on several replicas at once.

    Args:
        runs: where they wait.
        listers: by the name of the sync or of a kind of records.
        keys: where the records found are noted.
        cursors: where it is kept how far lists were read.
        surroundings: the rest of the connector.
    """

    def __init__(
        self,
        runs: SyncRuns,
        listers: Mapping[str, KeyLister],
        keys: NotedKeys,
        cursors: Cursors,
        surroundings: Surroundings,
        *,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._listers = listers
        self._keys = keys
        self._cursors = cursors
        self._surroundings = surroundings
        self._clock = clock

    async def run(self) -> None:
        """Look for runs again and again, until cancelled; single records wait for no list."""
        async with asyncio.TaskGroup() as group:
            for individual in (False, True):
                group.create_task(
                    self._look(individual=individual), name=f"syncs {'single' if individual else 'whole'}"
                )

    async def _look(self, *, individual: bool) -> None:
        while True:
            found = False
            try:
                found = await self.carry_out(individual=individual)
            except DatabaseUnavailable as error:
                _log.warning("sync.interrupted", reason=str(error))
            except Exception:  # noqa: BLE001 - the one broad catch of this loop: a fault of ours must not end all syncs
                _log.exception("sync.crashed")
            if not found:
                await self._clock.sleep(PAUSE_SECONDS)

    async def carry_out(self, *, individual: bool = False) -> bool:
        """
        Carry out one run; tell whether there was one.

        Raises:
            DatabaseUnavailable: it goes on later from its last page.
        """
        owner = uuid4()
        run = await self._runs.take(owner, individual=individual)
        if run is None:
            return False
        try:
            async with self._kept(run, owner):
                noted = await self._carry_out(run, owner)
        except LeaseLost as error:
            _log.info("sync.left", run=run.id, sync=run.sync, reason=str(error))
        except SourceUnavailable as error:
            await self._end(run, owner, error=str(error))
        except asyncio.CancelledError:
            with suppress(DatabaseUnavailable):
                await asyncio.shield(self._runs.leave(run, owner))
            raise
        else:
            await self._end(run, owner, noted=noted)
        return True

    @asynccontextmanager
    async def _kept(self, run: SyncRun, owner: UUID) -> AsyncIterator[None]:
        """Renew the lease for as long as the block lasts; one that is lost shows at the next page."""

        async def renew() -> None:
            while True:
                await self._clock.sleep(RENEWAL_SECONDS)
                with suppress(DatabaseUnavailable):
                    await self._runs.renew(run, owner)

        renewing = asyncio.create_task(renew(), name=f"lease of sync run {run.id}")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _carry_out(self, run: SyncRun, owner: UUID) -> int:
        _log.info("sync.started", run=run.id, sync=run.sync, kind=run.kind, mode=run.mode, position=run.position)
        origin: Origin = "manual" if run.mode == "manual" else "catch_up"
        if run.kind == "individual":
            keys = [ChangedKey(event_type=kind, key=run.key) for kind in self._surroundings.kinds(run.sync)]
            await self._keys.note(keys, origin=origin, at_once=True)
            await self._runs.progress(run, owner, position="", until=run.asked_at, noted=1)
            return 1
        lister = self._listers.get(run.sync)
        if lister is None:
            raise SourceUnavailable(f"no source of {run.sync} is configured")
        await self._tell_start(run)
        position, noted = run.position, run.noted
        while True:
            page = await lister.page(since=run.since, position=position)
            await self._keys.note(page.keys, origin=origin, at_once=True)
            if page.cursor is not None:
                await self._cursors.save(page.cursor)
            position, noted = page.next_position, noted + len(page.keys)
            await self._runs.progress(run, owner, position=position, until=page.until, noted=len(page.keys))
            hit("sync.noted")
            await self._runs.tell(run.id, f"{page.told}: {len(page.keys):,} to be looked at")
            if not position:
                return noted

    async def _tell_start(self, run: SyncRun) -> None:
        what = "all records" if run.since is None else f"changes since {run.since:%Y-%m-%d %H:%M:%S} UTC"
        who = f"asked for by {run.actor}" if run.mode == "manual" else f"started by {run.actor}"
        again = f", going on at page {run.position}" if run.position else ""
        await self._runs.tell(run.id, f"{run.sync}: {what}, {who}{again}")
        for level, text in await self._surroundings.clocks():
            await self._runs.tell(run.id, text, level=level)

    async def _end(self, run: SyncRun, owner: UUID, *, error: str = "", noted: int = 0) -> None:
        index = run.kind != "individual" and noted > 0 and not error and await self._surroundings.wants_index(run.sync)
        try:
            await self._runs.end(run, owner, error=error, index=index)
        except LeaseLost as lost:
            _log.info("sync.left", run=run.id, sync=run.sync, reason=str(lost))
            return
        if error:
            _log.error("sync.failed", run=run.id, sync=run.sync, reason=error)
            await self._runs.tell(run.id, f"ended: {error}", level="error")
        else:
            _log.info("sync.finished", run=run.id, sync=run.sync, noted=noted)
            await self._runs.tell(run.id, f"completed: {noted:,} to be looked at")
