"""Taking messages into the ledger that were not tried: uncharged, in their order, bytes and all."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.message import Message
from queues.ports import RunLease
from queues.postgres.columns import BODIES, IDENTITIES, body_columns, distinct, identity_rows

_TAKE_BACK = text(f"""
    update ledger l
    set state = 'waiting', attempts = greatest(l.attempts - 1, 0), owner = null, lease_until = null, claimed_at = null,
        body = coalesce(l.body, copy.body), headers = coalesce(l.headers, cast(copy.headers as jsonb))
    from {BODIES}
    where l.message_id = copy.message_id and l.generation = copy.generation
      and l.state = 'trying' and l.owner = cast(:run as uuid)
""")  # noqa: S608 - put together from constants only

_KEEP = text(f"""
    with given as materialized (select * from {IDENTITIES}),
    copy as (select * from {BODIES}),
    numbered as (
        select *, nextval('ledger_sequence_seq') as sequence from (select * from given order by place) as in_order
    )
    insert into ledger as l (message_id, generation, queue, key, storeview, part, time, source, event_id, sequence,
                             state, attempts, body, headers)
    select message_id, generation, cast(:queue as text), key, storeview, part, time, source, event_id, sequence,
           'waiting', 0, body, cast(headers as jsonb)
    from numbered join copy using (message_id, generation)
    order by message_id, generation
    on conflict (message_id, generation) do update
        -- A live claim of somebody else: the ledger takes this copy into custody.
        set body = coalesce(l.body, excluded.body), headers = coalesce(l.headers, excluded.headers)
        where l.state = 'trying'
""")  # noqa: S608 - put together from constants only


async def take_back(connection: AsyncConnection, lease: RunLease, messages: Sequence[Message]) -> None:
    """Undo the attempts that were written down for *messages* and never made."""
    await connection.execute(_TAKE_BACK, {"run": lease.run_id, **body_columns(distinct(messages))})


async def keep_untouched(connection: AsyncConnection, lease: RunLease, messages: Sequence[Message]) -> None:
    """Write *messages* into the ledger as waiting, in their order, no attempt made."""
    once = distinct(messages)
    await connection.execute(_KEEP, {"queue": lease.queue, **identity_rows(once), **body_columns(once)})
