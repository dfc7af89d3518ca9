"""Cleaning and emptying the sync log; nothing but the log: queues, dead letters and the audit log are not touched."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.tables.sync_log import day_of

_CHUNK: Final = 5_000
"""Rows deleted in one transaction."""
_PAGE: Final = 1_000

_PARTITIONS: Final = text("""
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'sync_log'::regclass
""")
_NOW: Final = text("select now()")
_COUNT: Final = text("select count(*) from sync_log where at < :until")
_COUNT_OVER: Final = text("""
    select (select count(*) from sync_log where at < :day) - (select count(*) from sync_log_default where at < :day)
         + (select count(*) from sync_log_default where at < :until)
""")
_DROP_DAY: Final = text("select drop_log_day(cast(:day as date))")
_PRUNE_DEFAULT: Final = text("""
    delete from sync_log_default where (at, id) in (
        select at, id from sync_log_default where at < :until limit :chunk)
""")
_PRUNE: Final = text("""
    delete from sync_log where (at, id) in (select at, id from sync_log where at < :until limit :chunk)
""")
_DAY: Final = text("""
    select * from sync_log
    where at >= :first and at < :next
      and (at, id) > (cast(:after as timestamptz), cast(:after_id as uuid))
    order by at, id limit :page
""")


_REPORT: Final = "sync_log.reported"
_ONE_REPORT_AT_A_TIME: Final = 4_127_903_655_218_900_738
_REPORT_LOCK: Final = text("select pg_advisory_xact_lock(:lock)")
_REPORTED: Final = text(
    f"select exists (select from audit_log where action = '{_REPORT}' and target = :target)"  # noqa: S608 - a constant
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCount:
    """How many entries there are, by the database's clock at *as_of*."""

    entries: int
    as_of: datetime


class PostgresLogKeeping:
    """
    The sync log, as a whole.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def days(self) -> Sequence[date]:
        """Name the days that have a part of their own, oldest first."""

        async def work(connection: AsyncConnection) -> Sequence[date]:
            names = (await connection.execute(_PARTITIONS)).scalars()
            return sorted(day for day in map(day_of, names) if day is not None)

        return await transact(self._engine, work)

    async def count(self) -> LogCount:
        """Count every entry there is."""

        async def work(connection: AsyncConnection) -> LogCount:
            as_of: datetime = (await connection.execute(_NOW)).scalar_one()
            entries: int = (await connection.execute(_COUNT, {"until": as_of})).scalar_one()
            return LogCount(entries=entries, as_of=as_of)

        return await transact(self._engine, work)

    async def count_over(self, before: datetime) -> int:
        """Count what cleaning up to *before* would drop: whole days that were over by then."""

        async def work(connection: AsyncConnection) -> int:
            values = {"day": _midnight(before), "until": before}
            counted: int = (await connection.execute(_COUNT_OVER, values)).scalar_one()
            return counted

        return await transact(self._engine, work)

    async def over(self, before: datetime) -> Sequence[date]:
        """Name the days that were over by *before*, oldest first."""
        last = _midnight(before).date()
        return [day for day in await self.days() if day + timedelta(days=1) <= last]

    async def read_day(self, day: date) -> AsyncIterator[Sequence[Row[Any]]]:
        """Read the entries of *day* in pages, oldest first."""
        first = datetime(day.year, day.month, day.day, tzinfo=UTC)
        after, after_id = first - timedelta(days=1), UUID(int=0)
        while True:
            values = {
                "first": first,
                "next": first + timedelta(days=1),
                "after": after,
                "after_id": after_id,
                "page": _PAGE,
            }

            async def work(connection: AsyncConnection, given: dict[str, Any] = values) -> Sequence[Row[Any]]:
                return (await connection.execute(_DAY, given)).all()

            rows = await transact(self._engine, work)
            if not rows:
                return
            yield rows
            after, after_id = rows[-1].at, rows[-1].id

    async def drop_day(self, day: date) -> None:
        """Drop one day that is over."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_DROP_DAY, {"day": day})

        await transact(self._engine, work)

    async def drop_strays(self, before: datetime) -> int:
        """Delete what stands outside any day's part and is older than *before*."""
        return await self._delete(_PRUNE_DEFAULT, before)

    async def flush(self, until: datetime, act: Act) -> int:
        """
        Delete every entry before *until*; the act is written down first, so that it is told even if it is cut short.

        Returns:
            How many were deleted.
        """

        async def work(connection: AsyncConnection) -> None:
            counted: int = (await connection.execute(_COUNT, {"until": until})).scalar_one()
            details = {"entries": counted, "until": until.isoformat()}
            await write_audit(connection, act, action="sync_log.flushed", target="sync_log", details=details)

        await transact(self._engine, work)
        return await self._delete(_PRUNE, until)

    async def tell_cleaning(self, act: Act, *, entries: int, before: datetime) -> None:
        """Write down that a person had the log cleaned."""

        async def work(connection: AsyncConnection) -> None:
            details = {"entries": entries, "before": before.isoformat()}
            await write_audit(connection, act, action="sync_log.cleaned", target="sync_log", details=details)

        await transact(self._engine, work)

    async def take_report(self, until: datetime) -> bool:
        """Take the report up to *until* in hand; false if somebody has before."""
        target = until.isoformat()

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(_REPORT_LOCK, {"lock": _ONE_REPORT_AT_A_TIME})
            if (await connection.execute(_REPORTED, {"target": target})).scalar_one():
                return False
            await write_audit(connection, Act(actor="am-connector"), action=_REPORT, target=target, details={})
            return True

        return await transact(self._engine, work)

    async def _delete(self, statement: TextClause, until: datetime) -> int:
        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(statement, {"until": until, "chunk": _CHUNK})).rowcount

        total = 0
        while True:
            count = await transact(self._engine, work)
            total += count
            if count < _CHUNK:
                return total


def _midnight(moment: datetime) -> datetime:
    """Give the last midnight (UTC) up to *moment*."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
