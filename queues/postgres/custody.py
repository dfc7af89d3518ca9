"""What waits in the ledger: counting and reading it, keeping what was not tried, coalescing, renewing claims."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.message import Message
from queues.ports import RunLease, StoredMessage, WaitingRows
from queues.postgres.claiming import LOST_ATTEMPT
from queues.postgres.columns import BODIES, IDENTITIES, body_columns, distinct, identity_rows

_SWEEP = text("""
    with lost as (
        select message_id, generation, attempts, claimed_at, owner from ledger
        where queue = :queue and state = 'trying' and lease_until < now() and body is not null
        order by message_id, generation
        for update skip locked
    ),
    noted as (
        insert into attempts (message_id, generation, number, at, outcome, error, run_id)
        select message_id, generation, attempts, claimed_at, 'unknown', cast(:lost as text), owner from lost
        where attempts > 0
        on conflict do nothing
    )
    update ledger l set state = 'waiting', owner = null, lease_until = null
    from lost where l.message_id = lost.message_id and l.generation = lost.generation
""")

_COUNT = text("""
    select count(*) as waiting, coalesce(max(sequence), 0) as up_to
    from ledger where queue = :queue and state = 'waiting'
""")

_PAGE = text("""
    select sequence, message_id, generation, attempts, body, headers from ledger
    where queue = :queue and state = 'waiting' and sequence > :after and sequence <= :up_to
    order by sequence limit :limit
""")

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

_RENEW: Final = text("""
    update ledger set lease_until = now() + cast(:lease as interval)
    where queue = :queue and state = 'trying' and owner = :run
""")


async def sweep_and_count(connection: AsyncConnection, lease: RunLease) -> WaitingRows:
    """Return what dead owners left behind to `waiting`, then count what waits."""
    await connection.execute(_SWEEP, {"queue": lease.queue, "lost": LOST_ATTEMPT})
    row = (await connection.execute(_COUNT, {"queue": lease.queue})).one()
    return WaitingRows(count=row.waiting, up_to=row.up_to)


async def read_page(
    connection: AsyncConnection, lease: RunLease, *, after: int, up_to: int, limit: int
) -> Sequence[StoredMessage]:
    """Read waiting messages in queue order."""
    rows = await connection.execute(_PAGE, {"queue": lease.queue, "after": after, "up_to": up_to, "limit": limit})
    return [
        StoredMessage(
            sequence=row.sequence,
            message_id=row.message_id,
            generation=row.generation,
            attempts=row.attempts,
            body=row.body,
            headers=row.headers or {},
        )
        for row in rows
    ]


async def take_back(connection: AsyncConnection, lease: RunLease, messages: Sequence[Message]) -> None:
    """Undo the attempts that were written down for *messages* and never made."""
    await connection.execute(_TAKE_BACK, {"run": lease.run_id, **body_columns(distinct(messages))})


async def keep_untouched(connection: AsyncConnection, lease: RunLease, messages: Sequence[Message]) -> None:
    """Write *messages* into the ledger as waiting, in their order, no attempt made."""
    once = distinct(messages)
    await connection.execute(_KEEP, {"queue": lease.queue, **identity_rows(once), **body_columns(once)})


async def renew(connection: AsyncConnection, lease: RunLease, claim_lease: timedelta) -> None:
    """Extend every claim of the run."""
    await connection.execute(_RENEW, {"queue": lease.queue, "run": lease.run_id, "lease": claim_lease})
