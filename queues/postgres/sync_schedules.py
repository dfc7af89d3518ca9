"""When syncs start by themselves: one table for all replicas, so that each start is made once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.sync_runs import RunKind, SyncRun, insert_run

_COLUMNS = "sync, purpose, rule, registered_at, next_run_at, last_start_at"

_NOW = text("select now()")

_READ = text(f"select {_COLUMNS} from sync_schedules order by sync, purpose")  # noqa: S608 - put together from constants only

_SET = text("""
    insert into sync_schedules (sync, purpose, rule, next_run_at)
    values (:sync, :purpose, :rule, :next_run_at)
    on conflict (sync, purpose) do update
        set rule = excluded.rule, next_run_at = excluded.next_run_at
        where sync_schedules.rule <> excluded.rule
""")

_DROP = text("delete from sync_schedules where sync = :sync and purpose = :purpose")

_CLAIM = text("""
    update sync_schedules set next_run_at = :following, last_start_at = now()
    where sync = :sync and purpose = :purpose and next_run_at = :due
    returning registered_at
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStart:
    """
    One way a sync starts by itself.

    Attributes:
        purpose: why: `auto_cron`, `catch_up`, `comparison`.
        rule: the timetable *next_run_at* is of.
        registered_at: since when it starts so.
        next_run_at: None: never again.
    """

    sync: str
    purpose: str
    rule: str
    registered_at: datetime
    next_run_at: datetime | None
    last_start_at: datetime | None


class PostgresSyncSchedules:
    """
    The starts to come.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self) -> tuple[datetime, Sequence[SyncStart]]:
        """Read the database's clock, and all starts."""

        async def work(connection: AsyncConnection) -> tuple[datetime, Sequence[SyncStart]]:
            now: datetime = (await connection.execute(_NOW)).scalar_one()
            return now, [_start(row) for row in await connection.execute(_READ)]

        return await transact(self._engine, work)

    async def set(self, sync: str, purpose: str, *, rule: str, next_run_at: datetime | None) -> None:
        """Note the next start by *rule*; one that is noted by the same rule stays as it is."""
        values = {"sync": sync, "purpose": purpose, "rule": rule, "next_run_at": next_run_at}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_SET, values)

        await transact(self._engine, work)

    async def drop(self, start: SyncStart) -> None:
        """Let it start so no more."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_DROP, {"sync": start.sync, "purpose": start.purpose})

        await transact(self._engine, work)

    async def begin(
        self, start: SyncStart, *, kind: RunKind, following: datetime | None, actor: str, from_then_on: bool
    ) -> SyncRun | None:
        """
        Make a start that is due, and note the one after it; both or neither.

        Args:
            start: as it was read.
            kind: of the run.
            following: the next start.
            actor: named in the run.
            from_then_on: without a success before, it looks at changes since it was registered, not at everything.

        Returns:
            None when another replica was faster, or a run of this sync waits or is under way: that one does the work.
        """
        values = {"sync": start.sync, "purpose": start.purpose, "due": start.next_run_at, "following": following}

        async def work(connection: AsyncConnection) -> SyncRun | None:
            row = (await connection.execute(_CLAIM, values)).one_or_none()
            if row is None:
                return None
            floor = row.registered_at if from_then_on else None
            return await insert_run(connection, start.sync, kind, mode="auto", actor=actor, floor=floor)

        return await transact(self._engine, work)


def _start(row: Row[Any]) -> SyncStart:
    return SyncStart(
        sync=row.sync,
        purpose=row.purpose,
        rule=row.rule,
        registered_at=row.registered_at,
        next_run_at=row.next_run_at,
        last_start_at=row.last_start_at,
    )
