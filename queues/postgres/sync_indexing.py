"""
The step after a run: the shop is told to index when the records of the run are delivered.

    capturing   keys the run noted are still to be looked at
    delivering  they are events; every queue they went into still has to make a check that takes what was there then
    calling     the shop is being told, by one replica
    done, failed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.texts import storable

_OPEN = text("""
    select id, sync, index_state from sync_runs
    where index_state in ('capturing', 'delivering') order by id limit 100
""")

# A key that was noted again since belongs to another change; this run's look at it is over when it is let go.
_CAPTURED = text("""
    update sync_runs r set index_state = 'delivering', index_since = now()
    where id = :id and index_state = 'capturing'
      and not exists (
          select from changed_keys c where c.event_type = any(cast(:kinds as text[])) and c.noted_at <= r.ended_at)
""")

# A check takes what waits at its start and is over when each of it was attempted (rules 2 and 8).
_DELIVERED = text("""
    update sync_runs r set index_state = 'calling', index_since = now()
    where id = :id and index_state = 'delivering'
      and not exists (
          select from unnest(cast(:queues as text[])) as q (queue)
          where not exists (
              select from runs, jsonb_array_elements(runs.checks) as made (document)
              where runs.queue = q.queue and runs.started_at > r.index_since - interval '2 minutes'
                and made.document ->> 'ended_by' = ''
                and cast(made.document ->> 'started_at' as timestamptz) > r.index_since))
""")

_EXPIRED = text("""
    update sync_runs
    set index_state = 'failed', index_since = now(),
        index_error = 'its records were not delivered in time'
    where index_state in ('capturing', 'delivering') and ended_at < now() - cast(:patience as interval)
    returning id, sync, index_error
""")

_TAKE = text("""
    with next as (
        select id from sync_runs
        where index_state = 'calling' and (index_tries = 0 or index_since < now() - cast(:pause as interval))
        order by id limit 1 for update skip locked
    )
    update sync_runs r set index_tries = r.index_tries + 1, index_since = now()
    from next where r.id = next.id
    returning r.id, r.sync, r.index_tries
""")

_DONE = text("update sync_runs set index_state = 'done', index_since = now(), index_error = '' where id = :id")

_NOT_DONE = text("""
    update sync_runs
    set index_error = :error, index_since = now(),
        index_state = case when index_tries >= cast(:most as int) then 'failed' else index_state end
    where id = :id returning index_state
""")

_FAILED = text("""
    select distinct on (sync) sync, index_state, index_error, index_since from sync_runs
    where index_state in ('done', 'failed') order by sync, index_since desc
""")

MOST_TRIES = 3
PAUSE = timedelta(seconds=30)
PATIENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """A run whose step has not been made."""

    id: int
    sync: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStep:
    """A step to be made now; *tries* counts this one."""

    id: int
    sync: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedStep:
    """The last step of a sync, which came to nothing."""

    sync: str
    error: str


class PostgresSyncIndexing:
    """
    The steps after runs.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def open(self) -> Sequence[OpenStep]:
        """List the runs whose records are still on their way."""

        async def work(connection: AsyncConnection) -> Sequence[OpenStep]:
            return [
                OpenStep(id=row.id, sync=row.sync, state=row.index_state) for row in await connection.execute(_OPEN)
            ]

        return await transact(self._engine, work)

    async def move_on(self, step: OpenStep, *, kinds: Sequence[str], queues: Sequence[str]) -> None:
        """Bring a step forward as far as its records are."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_CAPTURED, {"id": step.id, "kinds": list(kinds)})
            await connection.execute(_DELIVERED, {"id": step.id, "queues": list(queues)})

        await transact(self._engine, work)

    async def give_up(self) -> Sequence[FailedStep]:
        """Let the steps be that have waited for a day."""

        async def work(connection: AsyncConnection) -> Sequence[FailedStep]:
            rows = await connection.execute(_EXPIRED, {"patience": PATIENCE})
            return [FailedStep(sync=row.sync, error=row.index_error) for row in rows]

        return await transact(self._engine, work)

    async def take(self) -> DueStep | None:
        """Take a step to be made now; nobody else makes it before a pause is over."""

        async def work(connection: AsyncConnection) -> DueStep | None:
            row = (await connection.execute(_TAKE, {"pause": PAUSE})).one_or_none()
            return None if row is None else DueStep(id=row.id, sync=row.sync, tries=row.index_tries)

        return await transact(self._engine, work)

    async def done(self, step: DueStep) -> None:
        """Note that it was made."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_DONE, {"id": step.id})

        await transact(self._engine, work)

    async def not_done(self, step: DueStep, error: str) -> bool:
        """Note that it came to nothing; tell whether it is tried no more."""
        values = {"id": step.id, "error": storable(error), "most": MOST_TRIES}

        async def work(connection: AsyncConnection) -> bool:
            return bool((await connection.execute(_NOT_DONE, values)).scalar_one() == "failed")

        return await transact(self._engine, work)

    async def failed(self) -> Sequence[FailedStep]:
        """List the syncs whose last step failed."""

        async def work(connection: AsyncConnection) -> Sequence[FailedStep]:
            rows = await connection.execute(_FAILED)
            return [FailedStep(sync=row.sync, error=row.index_error) for row in rows if row.index_state == "failed"]

        return await transact(self._engine, work)
