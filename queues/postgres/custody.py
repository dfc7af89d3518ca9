"""What waits in the ledger: counting and reading it; what is being tried: renewing its claims."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.ports import RunLease, StoredMessage, WaitingRows
from queues.postgres.columns import LOST_ATTEMPT, OUTCOME_UNKNOWN

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
    select count(*) as waiting, coalesce(max(sequence), 0) as up_to,
           exists (select from ledger where queue = cast(:queue as text) and state = 'trying'
                     and owner <> cast(:run as uuid) and lease_until >= now()) as others_hold
    from ledger where queue = cast(:queue as text) and state = 'waiting'
""")

_PAGE = text(f"""
    select sequence, message_id, generation, attempts, body, headers, {OUTCOME_UNKNOWN} as outcome_unknown
    from ledger l
    where queue = :queue and state = 'waiting' and sequence > :after and sequence <= :up_to
    order by sequence limit :limit
""")  # noqa: S608 - put together from constants only

_RENEW: Final = text("""
    update ledger set lease_until = now() + cast(:lease as interval)
    where queue = :queue and state = 'trying' and owner = :run
""")


async def sweep_and_count(connection: AsyncConnection, lease: RunLease) -> WaitingRows:
    """Return what dead owners left behind to `waiting`, then count what waits."""
    await connection.execute(_SWEEP, {"queue": lease.queue, "lost": LOST_ATTEMPT})
    row = (await connection.execute(_COUNT, {"queue": lease.queue, "run": lease.run_id})).one()
    return WaitingRows(count=row.waiting, up_to=row.up_to, others_hold=row.others_hold)


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
            outcome_unknown=row.outcome_unknown,
        )
        for row in rows
    ]


async def renew(connection: AsyncConnection, lease: RunLease, claim_lease: timedelta) -> None:
    """Extend every claim of the run."""
    await connection.execute(_RENEW, {"queue": lease.queue, "run": lease.run_id, "lease": claim_lease})
