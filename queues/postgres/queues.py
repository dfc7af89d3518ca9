"""What people see of the queues and ask of them: state, pause, resume, run now (DESIGN.md, rule 14)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import NotFound, StateConflict
from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.schedule import INTERVAL
from queues.postgres.texts import storable
from queues.postgres.waking import tell_workers
from queues.window import due_tick

_STATES: Final = text("""
    select s.queue, s.next_run_at, s.skipped_ticks, s.run_id, s.worker, s.lease_until, s.lease_until > now() as is_held,
           s.run_requested_at, s.paused_since, s.paused_by, s.paused_why, s.on_hold, s.on_hold_since, s.on_hold_why,
           case when s.hold_until > now() then s.hold_until end as hold_until,
           (select count(*) from ledger l where l.queue = s.queue and l.state = 'waiting') as waiting,
           (select count(*) from ledger l where l.queue = s.queue and l.state = 'trying') as trying,
           (select count(*) from dead_letters d where d.queue = s.queue and d.state = 'failed') as failed,
           r.id as last_run_id, r.tick, r.started_at, r.ended_at, r.ended_by, r.worker as last_worker,
           r.skipped_ticks as run_skipped_ticks, r.requests, r.delivered, r.skipped, r.retried, r.failed as run_failed,
           r.checks
    from schedules s
    left join lateral (
        select * from runs where runs.queue = s.queue order by runs.started_at desc limit 1
    ) r on true
    where cast(:queue as text) is null or s.queue = cast(:queue as text)
    order by s.queue
""")

_LOCK = text("""
    select now() as now, next_run_at, paused_since, run_requested_at from schedules where queue = :queue for update
""")

_PAUSE = text("""
    update schedules
    set paused_since = now(), paused_by = :actor, paused_why = :reason, run_requested_at = null, run_requested_by = ''
    where queue = :queue
""")

_RESUME = text("""
    update schedules set paused_since = null, paused_by = '', paused_why = '', next_run_at = :next_run_at
    where queue = :queue
""")

_RUN_NOW = text("update schedules set run_requested_at = now(), run_requested_by = :actor where queue = :queue")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """
    One run of a queue.

    Attributes:
        ended_by: `finished`, or `lost` when its worker stopped; empty while it runs.
        skipped_ticks: ticks it came too late for, and those that passed while it ran.
        checks: what each check did, as it was recorded.
    """

    run_id: UUID
    tick: datetime
    started_at: datetime
    ended_at: datetime | None
    ended_by: str
    worker: str
    skipped_ticks: int
    requests: int
    delivered: int
    skipped: int
    retried: int
    failed: int
    checks: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Who paused a queue, when and why."""

    since: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """
    What the database knows of one queue.

    Attributes:
        waiting: rows of the ledger; the broker's come on top.
        trying: rows with an attempt under way, or left behind by a dead worker.
        failed: open dead letters.
        next_run_at: the next tick of its grid.
        is_running: somebody holds its lease now.
        worker: the process that holds it, empty if nobody does.
        hold_until: no request before then, as the target asked.
        on_hold: waits for its target (`outage_policy: hold`).
    """

    queue: str
    waiting: int
    trying: int
    failed: int
    next_run_at: datetime
    run_requested: bool
    skipped_ticks: int
    is_running: bool
    worker: str
    lease_until: datetime | None
    pause: Pause | None
    hold_until: datetime | None
    on_hold: bool
    on_hold_since: datetime | None
    on_hold_why: str
    last_run: RunRecord | None


class PostgresQueues:
    """
    The queues as people see them.

    Args:
        engine: from `open_engine`; shared with the other stores.
        interval: from one tick to the next, as the schedule has it.
    """

    def __init__(self, engine: AsyncEngine, *, interval: timedelta = INTERVAL) -> None:
        self._engine = engine
        self._interval = interval

    async def states(self) -> Sequence[QueueState]:
        """Read the state of every queue, by name."""
        return await self._read(None)

    async def state(self, queue: str) -> QueueState:
        """
        Read the state of one queue.

        Raises:
            NotFound: it was never registered.
        """
        found = await self._read(queue)
        if not found:
            raise NotFound("queue", queue)
        return found[0]

    async def pause(self, queue: str, act: Act) -> None:
        """
        Let no further run of *queue* begin; the one in hand ends after its check.

        Raises:
            NotFound: it was never registered.
            StateConflict: it is paused already.
        """

        async def work(connection: AsyncConnection) -> None:
            row = await _locked(connection, queue)
            if row.paused_since is not None:
                raise StateConflict(f"{queue} is paused already", state="paused")
            values = {"queue": queue, "actor": storable(act.actor), "reason": storable(act.reason)}
            await connection.execute(_PAUSE, values)
            await write_audit(connection, act, action="queue.paused", target=queue, details={})

        await transact(self._engine, work)

    async def resume(self, queue: str, act: Act) -> None:
        """
        Let runs of *queue* begin again, from its next tick on; ticks that passed meanwhile were not missed.

        Raises:
            NotFound: it was never registered.
            StateConflict: it is not paused.
        """

        async def work(connection: AsyncConnection) -> None:
            row = await _locked(connection, queue)
            if row.paused_since is None:
                raise StateConflict(f"{queue} is not paused", state="active")
            following = row.next_run_at
            if following <= row.now:
                following = due_tick(following, now=row.now, interval=self._interval).at + self._interval
            await connection.execute(_RESUME, {"queue": queue, "next_run_at": following})
            await tell_workers(connection, queue)
            await write_audit(
                connection, act, action="queue.resumed", target=queue, details={"paused_since": row.paused_since}
            )

        await transact(self._engine, work)

    async def run_now(self, queue: str, act: Act) -> None:
        """
        Have a run begin at once; the grid is anchored anew at its start. While one runs, the next begins after it.

        Raises:
            NotFound: it was never registered.
            StateConflict: it is paused.
        """

        async def work(connection: AsyncConnection) -> None:
            row = await _locked(connection, queue)
            if row.paused_since is not None:
                raise StateConflict(f"{queue} is paused: resume it first", state="paused")
            await connection.execute(_RUN_NOW, {"queue": queue, "actor": storable(act.actor)})
            await tell_workers(connection, queue)
            await write_audit(connection, act, action="queue.run_requested", target=queue, details={})

        await transact(self._engine, work)

    async def _read(self, queue: str | None) -> Sequence[QueueState]:
        async def work(connection: AsyncConnection) -> Sequence[QueueState]:
            rows = await connection.execute(_STATES, {"queue": queue})
            return [_state(row) for row in rows]

        return await transact(self._engine, work)


async def _locked(connection: AsyncConnection, queue: str) -> Row[Any]:
    row = (await connection.execute(_LOCK, {"queue": queue})).one_or_none()
    if row is None:
        raise NotFound("queue", queue)
    return row


def _state(row: Row[Any]) -> QueueState:
    is_held = bool(row.is_held)
    return QueueState(
        queue=row.queue,
        waiting=row.waiting,
        trying=row.trying,
        failed=row.failed,
        next_run_at=row.next_run_at,
        run_requested=row.run_requested_at is not None,
        skipped_ticks=row.skipped_ticks,
        is_running=is_held,
        worker=row.worker if is_held else "",
        lease_until=row.lease_until if is_held else None,
        pause=(
            None if row.paused_since is None else Pause(since=row.paused_since, by=row.paused_by, why=row.paused_why)
        ),
        hold_until=row.hold_until,
        on_hold=row.on_hold,
        on_hold_since=row.on_hold_since,
        on_hold_why=row.on_hold_why,
        last_run=None if row.last_run_id is None else _run(row),
    )


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(
        run_id=row.last_run_id,
        tick=row.tick,
        started_at=row.started_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        worker=row.last_worker,
        skipped_ticks=row.run_skipped_ticks,
        requests=row.requests,
        delivered=row.delivered,
        skipped=row.skipped,
        retried=row.retried,
        failed=row.run_failed,
        checks=row.checks,
    )
