"""An old price never overwrites a newer one: superseding, coalescing, the versions they compare (rules 3 and 13)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.message import Message
from queues.ports import RunLease
from queues.postgres.texts import as_rows

_DETAILS_PER_ROW = 500

_REMEMBER_AND_SUPERSEDE = text("""
    with newest as materialized (
        select * from json_to_recordset(cast(cast(:newest as text) as json))
            as newest (key text, storeview text, part text, time timestamptz)
    ),
    remembered as (
        insert into record_versions as v (queue, key, storeview, part, time)
        select cast(:queue as text), key, storeview, part, time from newest order by key, storeview, part
        on conflict (queue, key, storeview, part) do update set time = excluded.time where v.time < excluded.time
    ),
    -- What waits and what failed is looked up record by record; `offset 0` keeps the lookup apart and `|| ''` keeps the
    -- other indexes out of it: they hold whole queues, and the planner cannot know how long these are just now.
    old as (
        select l.message_id, l.generation, newest.time as newer
        from newest cross join lateral (
            select message_id, generation, storeview, part, time from ledger
            where key = newest.key and state = 'waiting' and queue || '' = cast(:queue as text) offset 0
        ) as l
        where l.storeview = newest.storeview and l.part = newest.part and l.time < newest.time
    ),
    buried as (
        select d.id, newest.time as newer
        from newest cross join lateral (
            select id, message_id, generation, state, storeview, part, time from dead_letters
            where key = newest.key and state in ('failed', 'reprocessing') and queue || '' = cast(:queue as text)
            offset 0
        ) as d
        where coalesce(d.storeview, '') = newest.storeview and d.part = newest.part and d.time < newest.time
          and (d.state = 'failed' or exists (
              select from old where old.message_id = d.message_id and old.generation = d.generation))
    ),
    letters as (
        update dead_letters d set state = 'superseded', changed_at = now(), changed_by = '', changed_why = ''
        from buried
        where d.id = buried.id and d.state in ('failed', 'reprocessing')
        returning d.message_id, d.generation, d.key, d.storeview, buried.newer
    ),
    gone as (
        update ledger l
        set state = 'superseded', reason = 'a newer message of the record was delivered', body = null, headers = null,
            settled_at = now()
        from old
        where l.message_id = old.message_id and l.generation = old.generation and l.state || '' = 'waiting'
        returning l.message_id, l.generation, l.key, nullif(l.storeview, '') as storeview, old.newer
    ),
    told as (
        select * from gone union select * from letters
    )
    insert into sync_log (at, id, queue, mode, records, delivered, skipped, retried, failed, superseded, run_id,
                          settings_version, details)
    select now(), gen_random_uuid(), cast(:queue as text), 'none', count(*), 0, 0, 0, 0, count(*), cast(:run as uuid),
           cast(:settings_version as int),
           jsonb_agg(jsonb_build_object('message_id', message_id, 'generation', generation, 'key', key,
                                        'storeview', storeview, 'attempt', 0, 'state', 'superseded',
                                        'reason', 'a newer message of the record was delivered',
                                        'newer', newer))
    from told having count(*) > 0
""")

_COALESCE = text("""
    with ranked as (
        select message_id, generation,
               row_number() over (partition by key, storeview, part order by time desc, sequence desc) as age
        from ledger where queue = cast(:queue as text) and state = 'waiting' and sequence <= :up_to and time is not null
    ),
    gone as (
        update ledger l
        set state = 'coalesced', reason = 'a newer message of the record waits', body = null, headers = null,
            settled_at = now()
        from ranked
        where l.message_id = ranked.message_id and l.generation = ranked.generation and ranked.age > 1
          and l.state = 'waiting'
        returning l.message_id, l.generation, l.key, nullif(l.storeview, '') as storeview
    ),
    letters as (
        update dead_letters d set state = 'superseded', changed_at = now(), changed_by = '', changed_why = ''
        from gone
        where d.message_id = gone.message_id and d.generation = gone.generation and d.state = 'reprocessing'
    )
    insert into sync_log (at, id, queue, mode, records, delivered, skipped, retried, failed, coalesced, run_id, details)
    select now(), gen_random_uuid(), cast(:queue as text), 'none', count(*), 0, 0, 0, 0, count(*), cast(:run as uuid),
           jsonb_agg(jsonb_build_object('message_id', message_id, 'generation', generation, 'key', key,
                                        'storeview', storeview, 'attempt', 0, 'state', 'coalesced',
                                        'reason', 'a newer message of the record waits'))
    from (select *, (row_number() over () - 1) / :details_per_row as row from gone) as numbered
    group by row
""")

_COUNT = text("select count(*) from ledger where queue = :queue and state = 'waiting' and sequence <= :up_to")


async def supersede_older(
    connection: AsyncConnection, lease: RunLease, delivered: Iterable[Message], *, settings_version: int
) -> None:
    """Remember the times of *delivered* and end what waits with an older one, dead letters included."""
    newest: dict[tuple[str, str, str], datetime] = {}
    for message in delivered:
        time = message.event.time
        newest[message.scope] = max(newest.get(message.scope, time), time)
    if not newest:
        return
    rows = [
        {"key": key, "storeview": storeview, "part": part, "time": newest[key, storeview, part]}
        for key, storeview, part in sorted(newest)
    ]
    values: dict[str, Any] = {
        "queue": lease.queue,
        "run": lease.run_id,
        "settings_version": settings_version,
        "newest": as_rows(rows),
    }
    await connection.execute(_REMEMBER_AND_SUPERSEDE, values)


async def coalesce_waiting(connection: AsyncConnection, lease: RunLease, *, up_to: int) -> None:
    """End all but the newest waiting message of every record."""
    await connection.execute(
        _COALESCE,
        {"queue": lease.queue, "run": lease.run_id, "up_to": up_to, "details_per_row": _DETAILS_PER_ROW},
    )


async def count_waiting(connection: AsyncConnection, lease: RunLease, *, up_to: int) -> int:
    """Count what waits, up to a place in the queue."""
    return int((await connection.execute(_COUNT, {"queue": lease.queue, "up_to": up_to})).scalar_one())
