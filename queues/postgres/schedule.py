"""
The schedule in PostgreSQL: one grid of ticks for all replicas, leases that expire by the database's clock.

The arithmetic of the grid is that of `queues.window`; the times it works with are read in the same transaction.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import LeaseLost, NotFound
from queues.ports import CheckSummary, CheckTerms, NotDue, RunLease
from queues.postgres.claiming import FENCE
from queues.postgres.engine import transact
from queues.postgres.tables.settings_versions import QUEUE_PROCESSING
from queues.postgres.texts import storable, to_json
from queues.settings import QueueProcessingSettings, SettingsSnapshot
from queues.window import NextTick, due_tick, is_due, next_tick

INTERVAL: Final = timedelta(seconds=60)
RUN_LEASE: Final = timedelta(seconds=60)
LONGEST_WAIT: Final = timedelta(seconds=1)
"""How long a worker waits before it looks again: the most a resumed queue, or "run now", is late."""
SHORTEST_WAIT: Final = timedelta(milliseconds=20)

_REGISTER = text("insert into schedules (queue) values (:queue) on conflict do nothing")

_READ = text("""
    select now() as now, next_run_at, run_requested_at, paused_since, run_id, lease_until
    from schedules where queue = :queue
""")

_READ_AND_LOCK = text("""
    select now() as now, next_run_at, run_requested_at, paused_since, run_id, lease_until
    from schedules where queue = :queue for update
""")

_TAKE_LEASE = text("""
    update schedules
    set run_id = :run, worker = :worker, tick = :tick, lease_until = now() + cast(:lease as interval),
        fencing_token = fencing_token + 1, next_run_at = :next_run_at,
        skipped_ticks = skipped_ticks + cast(:skipped as int),
        run_requested_at = case when cast(:serves_request as bool) then null else run_requested_at end
    where queue = :queue
    returning fencing_token
""")

_OPEN_RUN = text("""
    insert into runs (id, queue, fencing_token, worker, tick, started_at, skipped_ticks)
    values (:run, :queue, :token, :worker, :tick, now(), :skipped)
""")

_CLOSE_RUN = text("update runs set ended_at = now(), ended_by = :ended_by where id = :run and ended_at is null")

_RENEW = text(f"""
    update schedules
    set lease_until = now() + cast(:lease as interval),
        held_up_at = case when cast(:held_up as bool) then now() else held_up_at end
    where queue = cast(:queue as text) and {FENCE} returning queue
""")  # noqa: S608 - put together from constants only

_RECORD_CHECK = text(f"""
    update runs
    set checks = checks || cast(:check as jsonb), requests = requests + cast(:requests as int),
        delivered = delivered + cast(:delivered as int), skipped = skipped + cast(:skipped as int),
        retried = retried + cast(:retried as int), failed = failed + cast(:failed as int)
    where id = cast(:run as uuid) and {FENCE} returning id
""")  # noqa: S608 - put together from constants only

_READ_TICK = text(f"""
    select now() as now, tick, next_run_at from schedules where queue = cast(:queue as text) and {FENCE} for update
""")  # noqa: S608 - put together from constants only

_GIVE_BACK = text("""
    update schedules
    set run_id = null, worker = '', tick = null, lease_until = null, next_run_at = :next_run_at,
        skipped_ticks = skipped_ticks + cast(:skipped as int)
    where queue = :queue
""")

_COUNT_SKIPPED = text("update runs set skipped_ticks = skipped_ticks + cast(:skipped as int) where id = :run")

_TERMS = text("""
    select paused_since is not null as paused, case when hold_until > now() then hold_until end as hold_until, on_hold,
           coalesce(newest.version, 0) as version, coalesce(newest.document, '{}') as document
    from schedules left join lateral (
        select version, document from settings_versions where section = :section order by version desc limit 1
    ) as newest on true
    where queue = :queue
""")

_HOLD_UNTIL = text(f"""
    update schedules set hold_until = greatest(hold_until, now() + cast(:span as interval))
    where queue = cast(:queue as text) and {FENCE} returning queue
""")  # noqa: S608 - put together from constants only

_SET_ON_HOLD = text(f"""
    update schedules
    set on_hold = cast(:on_hold as bool), on_hold_why = cast(:why as text),
        on_hold_since = case when not cast(:on_hold as bool) then null when on_hold then on_hold_since else now() end
    where queue = cast(:queue as text) and {FENCE} returning queue
""")  # noqa: S608 - put together from constants only


class PostgresSchedule:
    """
    Matches `queues.ports.Schedule`.

    Args:
        engine: from `open_engine`; shared with the other stores.
        interval: from one tick to the next.
        lease: how long a run's lease holds unless it is renewed.
        worker: names this process to people.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        interval: timedelta = INTERVAL,
        lease: timedelta = RUN_LEASE,
        worker: str = "",
    ) -> None:
        if interval <= timedelta(0):
            raise ValueError(f"interval must be positive, got {interval}")
        self._engine = engine
        self._interval = interval
        self._lease = lease
        self._worker = storable(worker)

    async def register(self, queue: str) -> None:
        """Make *queue* known, due at once; one that is known already keeps its grid."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_REGISTER, {"queue": queue})

        await transact(self._engine, work)

    async def begin_run(self, queue: str) -> RunLease | NotDue:
        """
        Take the lease if a tick (or "run now") is due, nobody else holds it and the queue is not paused.

        The next tick is set at once: a run whose worker dies is not made again, the grid goes on.

        Raises:
            NotFound: the queue was never registered.
        """

        async def work(connection: AsyncConnection) -> RunLease | NotDue:
            # Looked at without a lock first: most calls find nothing to do.
            row = await self._read(connection, _READ, queue)
            wait = self._wait(row)
            if wait is None:
                row = await self._read(connection, _READ_AND_LOCK, queue)
                wait = self._wait(row)
            return await self._begin(connection, queue, row) if wait is None else NotDue(wait=wait)

        return await transact(self._engine, work)

    async def renew(self, lease: RunLease, *, held_up: bool = False) -> None:
        """Extend the lease, and note that the run waits for another queue of its process. Raises LeaseLost."""
        await self._write_fenced(lease, _RENEW, {"lease": self._lease, "held_up": held_up})

    async def record_check(self, lease: RunLease, check: CheckSummary) -> None:
        """Add one check to the run's record. Raises LeaseLost."""
        document = asdict(check)
        document["ended_by"] = storable(check.ended_by)
        await self._write_fenced(
            lease,
            _RECORD_CHECK,
            {
                "check": to_json([document]),
                "requests": check.requests,
                "delivered": check.delivered,
                "skipped": check.skipped,
                "retried": check.retried,
                "failed": check.failed,
            },
        )

    async def end_run(self, lease: RunLease) -> None:
        """Give the lease back, count the ticks missed meanwhile, go on with the grid; nothing if it is not ours."""

        async def work(connection: AsyncConnection) -> None:
            row = (await connection.execute(_READ_TICK, _fence(lease))).one_or_none()
            if row is None:
                return
            following = next_tick(row.tick, now=row.now, interval=self._interval)
            await connection.execute(
                _GIVE_BACK, {"queue": lease.queue, "next_run_at": following.at, "skipped": following.skipped}
            )
            if following.skipped:
                await connection.execute(_COUNT_SKIPPED, {"run": lease.run_id, "skipped": following.skipped})
            await connection.execute(_CLOSE_RUN, {"run": lease.run_id, "ended_by": "finished"})

        await transact(self._engine, work)

    async def terms(self, queue: str) -> CheckTerms:
        """
        Read what the next check of *queue* goes by.

        Raises:
            NotFound: the queue was never registered.
        """

        async def work(connection: AsyncConnection) -> CheckTerms:
            row = await self._read(connection, _TERMS, queue, section=QUEUE_PROCESSING)
            settings = QueueProcessingSettings.from_document(row.document)
            return CheckTerms(
                settings=SettingsSnapshot(version=row.version, settings=settings),
                paused=row.paused,
                hold_until=row.hold_until,
                on_hold=row.on_hold,
            )

        return await transact(self._engine, work)

    async def hold_until(self, lease: RunLease, seconds: float) -> None:
        """Make no request of this queue before *seconds* have passed. Raises LeaseLost."""
        await self._write_fenced(lease, _HOLD_UNTIL, {"span": timedelta(seconds=seconds)})

    async def set_on_hold(self, lease: RunLease, *, on_hold: bool, reason: str) -> None:
        """Note that the queue waits for its target, or no longer. Raises LeaseLost."""
        await self._write_fenced(lease, _SET_ON_HOLD, {"on_hold": on_hold, "why": storable(reason) if on_hold else ""})

    async def _begin(self, connection: AsyncConnection, queue: str, row: Row[Any]) -> RunLease:
        run = uuid4()
        served = self._served(row)
        token = (
            await connection.execute(
                _TAKE_LEASE,
                {
                    "queue": queue,
                    "run": run,
                    "worker": self._worker,
                    "tick": served.at,
                    "lease": self._lease,
                    "next_run_at": served.at + self._interval,
                    "skipped": served.skipped,
                    "serves_request": row.run_requested_at is not None,
                },
            )
        ).scalar_one()
        if row.run_id is not None:
            await connection.execute(_CLOSE_RUN, {"run": row.run_id, "ended_by": "lost"})
        await connection.execute(
            _OPEN_RUN,
            {
                "run": run,
                "queue": queue,
                "token": token,
                "worker": self._worker,
                "tick": served.at,
                "skipped": served.skipped,
            },
        )
        return RunLease(
            queue=queue, run_id=run, fencing_token=token, tick=served.at, follows_loss=row.run_id is not None
        )

    def _served(self, row: Row[Any]) -> NextTick:
        if row.run_requested_at is not None:
            # "Run now" anchors the grid anew at its start.
            return NextTick(at=row.now, skipped=0)
        return due_tick(row.next_run_at, now=row.now, interval=self._interval)

    def _wait(self, row: Row[Any]) -> timedelta | None:
        """Tell how long to wait before looking again; None to run now."""
        now: datetime = row.now
        if row.lease_until is not None and row.lease_until > now:
            return _bounded(row.lease_until - now)
        if row.paused_since is not None:
            return LONGEST_WAIT
        if row.run_requested_at is not None or is_due(row.next_run_at, now=now, interval=self._interval):
            return None
        return _bounded(row.next_run_at - now)

    @staticmethod
    async def _read(connection: AsyncConnection, statement: TextClause, queue: str, **values: str) -> Row[Any]:
        row = (await connection.execute(statement, {"queue": queue, **values})).one_or_none()
        if row is None:
            raise NotFound("queue", queue)
        return row

    async def _write_fenced(self, lease: RunLease, statement: TextClause, values: Mapping[str, object]) -> None:
        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(statement, {**_fence(lease), **values})).one_or_none() is None:
                raise LeaseLost(f"another run holds {lease.queue}")

        await transact(self._engine, work)


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def _fence(lease: RunLease) -> dict[str, str | int | UUID]:
    return {"queue": lease.queue, "run": lease.run_id, "token": lease.fencing_token}
