"""Acts on dead letters: guarded updates, so that of two people who click at once one does it."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.postgres.audit import Act
from queues.postgres.letters import LETTER_COLUMNS, DeadLetter, letter_of
from queues.postgres.texts import storable

_REQUEUE = text(f"""
    with chosen as (
        update dead_letters d
        set state = 'reprocessing', generation = d.generation + 1, changed_at = now(),
            changed_by = cast(:actor as text), changed_why = cast(:reason as text)
        where d.id = any(cast(:ids as bigint[])) and d.state in ('failed', 'superseded')
          and exists (select from schedules s where s.queue = d.queue)
        returning d.*
    ),
    queued as (
        insert into ledger (message_id, generation, queue, key, storeview, part, time, source, event_id, state,
                            attempts, body, headers)
        select message_id, generation, queue, coalesce(key, ''), coalesce(storeview, ''), part, time,
               coalesce(source, ''), coalesce(event_id, ''), 'waiting', 0, body, headers
        from chosen order by failed_at, id
    ),
    told as (
        insert into audit_log (actor, action, target, reason, request_id, token, source, details)
        select cast(:actor as text), 'dead_letter.reprocessed', cast(id as text), cast(:reason as text),
               cast(:request_id as text), cast(:token as text), cast(:source as text),
               jsonb_build_object('queue', queue, 'key', key, 'message_id', message_id, 'generation', generation)
        from chosen order by failed_at, id
    )
    select {LETTER_COLUMNS} from chosen order by failed_at, id
""")  # noqa: S608 - put together from constants only

_DISCARD = text(f"""
    with chosen as (
        update dead_letters
        set state = 'discarded', changed_at = now(), changed_by = cast(:actor as text),
            changed_why = cast(:reason as text)
        where id = any(cast(:ids as bigint[])) and state in ('failed', 'superseded')
        returning *
    ),
    told as (
        insert into audit_log (actor, action, target, reason, request_id, token, source, details)
        select cast(:actor as text), 'dead_letter.discarded', cast(id as text), cast(:reason as text),
               cast(:request_id as text), cast(:token as text), cast(:source as text),
               jsonb_build_object('queue', queue, 'key', key, 'message_id', message_id, 'generation', generation)
        from chosen
    )
    select {LETTER_COLUMNS} from chosen
""")  # noqa: S608 - put together from constants only


async def requeue(connection: AsyncConnection, ids: Sequence[int], act: Act) -> Sequence[DeadLetter]:
    """
    Give those of *ids* whose state allows it a new generation that waits in the ledger, with their audit rows.

    Answers them as they are now.
    """
    rows = await connection.execute(_REQUEUE, {"ids": sorted(ids), **_who(act)})
    return [letter_of(row) for row in rows]


async def discard(connection: AsyncConnection, ids: Sequence[int], act: Act) -> Sequence[DeadLetter]:
    """Give those of *ids* up whose state allows it, with their audit rows; answers them as they are now."""
    rows = await connection.execute(_DISCARD, {"ids": sorted(ids), **_who(act)})
    return [letter_of(row) for row in rows]


def _who(act: Act) -> dict[str, str]:
    return {
        "actor": storable(act.actor),
        "reason": storable(act.reason),
        "request_id": storable(act.request_id),
        "token": storable(act.token),
        "source": storable(act.source),
    }
