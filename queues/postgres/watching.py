"""What the watchdogs ask of the database: cheap whatever the tables hold, for it is asked every few seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact

_FACTS: Final = text("""
    select s.queue, clock_timestamp() as now, s.next_run_at, s.paused_since is not null as is_paused,
           coalesce(s.lease_until > now(), false) as is_held, s.lease_until, s.worker,
           greatest(r.started_at, c.at, l.at, s.held_up_at) as last_sign_at,
           coalesce(c.ended_by, '{}') as last_checks_ended_by,
           complete.started_at as last_complete_run_at,
           o.created_at as oldest_stored_at
    from schedules s
    left join lateral (
        select started_at from runs where runs.queue = s.queue order by started_at desc limit 1
    ) r on true
    left join lateral (
        select array_agg(ended_by order by place) as ended_by, max(at) as at
        from (
            select row_number() over (order by recent.started_at desc, made.number desc) as place,
                   made.document ->> 'ended_by' as ended_by,
                   cast(made.document ->> 'started_at' as timestamptz)
                       + cast(made.document ->> 'duration_ms' as float) * interval '1 millisecond' as at
            from (
                select started_at, checks from runs where runs.queue = s.queue order by started_at desc limit 2
            ) recent, jsonb_array_elements(recent.checks) with ordinality as made (document, number)
        ) numbered
        where place <= 2
    ) c on true
    left join lateral (
        select at from sync_log where sync_log.queue = s.queue and sync_log.at >= r.started_at
        order by at desc limit 1
    ) l on true
    left join lateral (
        select started_at from runs
        where runs.queue = s.queue and runs.started_at > now() - interval '1 day'
          and runs.checks @> '[{"ended_by": ""}]'
        order by started_at desc limit 1
    ) complete on true
    left join lateral (
        select created_at from ledger where ledger.queue = s.queue and ledger.state = 'waiting'
        order by sequence limit 1
    ) o on true
    where s.queue = any(:queues)
    order by s.queue
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """
    How one queue stands, all by the database's clock.

    Attributes:
        now: when this was read.
        next_run_at: the next tick of its grid.
        is_held: somebody holds its lease.
        worker: who holds it, or held it last.
        last_sign_at: the latest proof that its last run is not stuck: its start, a check's end, a request, or that it
            waited for another queue of its process.
        last_checks_ended_by: of its last two checks, the newest first; empty text for one that nothing cut short.
        last_complete_run_at: the start of its newest run with a check that nothing cut short, within a day.
        oldest_stored_at: when the first message that waits in the ledger came there.
    """

    queue: str
    now: datetime
    next_run_at: datetime
    is_paused: bool
    is_held: bool
    lease_until: datetime | None
    worker: str
    last_sign_at: datetime | None
    last_checks_ended_by: Sequence[str]
    last_complete_run_at: datetime | None
    oldest_stored_at: datetime | None


class PostgresWatch:
    """
    Reads how the queues stand.

    Args:
        engine: from `open_engine`; shared with the stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def facts(self, queues: Sequence[str]) -> Sequence[QueueFacts]:
        """
        Read how *queues* stand; what was never registered is left out.

        Raises:
            DatabaseUnavailable: no answer in time.
        """

        async def work(connection: AsyncConnection) -> Sequence[QueueFacts]:
            rows = await connection.execute(_FACTS, {"queues": list(queues)})
            return [QueueFacts(**row._asdict()) for row in rows]

        return await transact(self._engine, work)
