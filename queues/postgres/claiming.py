"""
The claim: one attempt written down for each message that may have one (RELIABILITY.md, section 2).

One statement grants at most Retry Count attempts whatever the concurrency. What it did not grant is read afterwards, in
the same transaction, and told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, cast

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.definition import QueueDefinition
from queues.errors import LeaseLost
from queues.message import Message
from queues.ports import Claimed, ClaimResult, EndState, Exhausted, Finished, Held, Outdated, RunLease
from queues.postgres.columns import (
    IDENTITIES,
    LOST_ATTEMPT,
    OUTCOME_UNKNOWN,
    MessageKey,
    distinct,
    identity_rows,
    key_of,
)
from queues.postgres.engine import Contended
from queues.postgres.keeping import keep_untouched

FENCE: Final = """
    exists (select from schedules
            where queue = cast(:queue as text) and run_id = cast(:run as uuid)
              and fencing_token = cast(:token as bigint))
"""
"""True while the run's lease has not been given to another."""

_IS_OUTDATED: Final = """
    (cast(:supersedable as bool) and given.generation = 0 and exists (
        select from record_versions v
        where v.queue = cast(:queue as text) and v.key = given.key and v.storeview = given.storeview
          and v.part = given.part and v.time > given.time))
"""

_IN_OTHER_HANDS: Final = """
    given.key in (select key from ledger where queue = cast(:queue as text) and state = 'trying'
                    and owner <> cast(:run as uuid) and lease_until >= now())
"""
"""Another owner has the record in hand. Asked for only where there is such an owner: it reads all that is tried."""

_CLAIM: Final = f"""
    with given as materialized (select * from {IDENTITIES}),
    allowed as (
        select given.* from given where {FENCE} and not {_IS_OUTDATED} and not (in_other_hands)
    ),
    numbered as (
        -- In queue order: a message that must wait keeps its place among its neighbours.
        select *, nextval('ledger_sequence_seq') as sequence from (select * from allowed order by place) as in_order
    ),
    lost as (
        insert into attempts (message_id, generation, number, at, outcome, error, run_id)
        select allowed.message_id, allowed.generation, l.attempts, l.claimed_at, 'unknown', cast(:lost as text), l.owner
        -- `offset 0` keeps the lookup apart: by primary key, never by the index of what is being tried.
        from allowed cross join lateral (
            select state, attempts, claimed_at, owner, lease_until from ledger
            where ledger.message_id = allowed.message_id and ledger.generation = allowed.generation offset 0
        ) as l
        where l.state = 'trying' and l.lease_until < now() and l.attempts < cast(:retry_count as int)
        on conflict do nothing
    ),
    granted as (
        insert into ledger as l (message_id, generation, queue, key, storeview, part, time, source, event_id, sequence,
                                 state, attempts, owner, lease_until, claimed_at)
        select message_id, generation, cast(:queue as text), key, storeview, part, time, source, event_id, sequence,
               'trying', 1, cast(:run as uuid), now() + cast(:lease as interval), now()
        from numbered
        order by message_id, generation
        on conflict (message_id, generation) do update
            set attempts = l.attempts + 1, state = 'trying', owner = excluded.owner,
                lease_until = excluded.lease_until, claimed_at = excluded.claimed_at, key = excluded.key,
                storeview = excluded.storeview, part = excluded.part, time = excluded.time, source = excluded.source,
                event_id = excluded.event_id
            where l.attempts < cast(:retry_count as int)
              and ((cast(:stored as bool) and l.state = 'waiting') or (l.state = 'trying' and l.lease_until < now()))
        returning message_id, generation, attempts
    )
    select coalesce(array_agg(place order by place), '{{}}') as places,
           coalesce(array_agg(attempts order by place), '{{}}') as numbers
    from granted join given using (message_id, generation)
"""  # noqa: S608 - put together from constants only

_HOLDS_LEASE = text(f"select {FENCE}")

_READ: Final = f"""
    select given.message_id, given.generation, l.state, l.attempts, l.lease_until < now() as is_expired,
           {OUTCOME_UNKNOWN} as outcome_unknown, {_IS_OUTDATED} as is_outdated, (in_other_hands) as is_in_other_hands
    from {IDENTITIES} left join ledger l using (message_id, generation)
"""  # noqa: S608 - put together from constants only

_STATEMENTS: Final = {
    others_hold: tuple(
        text(each.replace("(in_other_hands)", _IN_OTHER_HANDS if others_hold else "false")) for each in (_CLAIM, _READ)
    )
    for others_hold in (False, True)
}
"""Claiming and telling apart, with and without other owners to look out for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One group to be claimed: what `Ledger.claim` is asked, and how long the claims hold."""

    lease: RunLease
    definition: QueueDefinition
    retry_count: int
    stored: bool
    others_hold: bool
    claim_lease: timedelta


async def claim_messages(
    connection: AsyncConnection, claim: Claim, messages: Sequence[Message]
) -> Sequence[ClaimResult]:
    """
    Write the attempts down and answer one result each, in order.

    Raises:
        LeaseLost: another run holds the queue; nothing was written.
        Contended: a row changed between the statements.
    """
    once = distinct(messages)
    values = _values(claim)
    claiming, _ = _STATEMENTS[claim.others_hold]
    answer = (await connection.execute(claiming, {**values, **identity_rows(once), "lost": LOST_ATTEMPT})).one()
    if len(answer.places) == len(messages):
        return [Claimed(attempt=number) for number in answer.numbers]
    granted: dict[MessageKey, int] = {
        key_of(once[place - 1]): number for place, number in zip(answer.places, answer.numbers, strict=True)
    }
    others = [message for message in once if key_of(message) not in granted]
    repeated = len(once) < len(messages)
    found = await _tell_apart(connection, claim, others, values) if others else {}
    if not claim.stored:
        custody = [each for each in others if isinstance(found[key_of(each)], Held)]
        custody += [each for each in once if key_of(each) in granted] if repeated else []
        if custody:
            await keep_untouched(connection, claim.lease, custody)
    results: list[ClaimResult] = []
    for message in messages:
        key = key_of(message)
        number = granted.get(key)
        if number is None:
            results.append(found.get(key, Held()))
        else:
            results.append(Claimed(attempt=number))
            # A second copy of it in the same group is another delivery of the message just claimed.
            del granted[key]
    return results


async def _tell_apart(
    connection: AsyncConnection, claim: Claim, messages: Sequence[Message], values: Mapping[str, object]
) -> dict[MessageKey, ClaimResult]:
    if not (await connection.execute(_HOLDS_LEASE, _fence(claim.lease))).scalar_one():
        raise LeaseLost(f"another run holds {claim.lease.queue}")
    _, reading = _STATEMENTS[claim.others_hold]
    names = ("supersedable", "queue", *(("run",) if claim.others_hold else ()))
    rows = await connection.execute(reading, {**_only(values, *names), **identity_rows(messages)})
    return {(row.message_id, row.generation): _result(claim, row) for row in rows}


def _result(claim: Claim, row: Row[Any]) -> ClaimResult:
    match row.state:
        case "trying" if not row.is_expired:
            return Held()
        case "waiting" if not claim.stored:
            return Finished(state="waiting")
        case None | "trying" | "waiting" if row.is_outdated:
            return Outdated()
        case "trying" | "waiting" if row.attempts >= claim.retry_count:
            return Exhausted(attempts=row.attempts, outcome_unknown=row.state == "trying" or row.outcome_unknown)
        case None | "trying" | "waiting" if row.is_in_other_hands:
            return Held()
        case None | "trying" | "waiting":
            raise Contended(f"the ledger row {row.message_id}/{row.generation} changed while it was claimed")
        case _:
            return Finished(state=cast("EndState | Literal['waiting']", row.state))


def _values(claim: Claim) -> dict[str, object]:
    return {
        **_fence(claim.lease),
        "supersedable": claim.definition.supersedable,
        "retry_count": claim.retry_count,
        "stored": claim.stored,
        "lease": claim.claim_lease,
    }


def _fence(lease: RunLease) -> dict[str, object]:
    return {"queue": lease.queue, "run": lease.run_id, "token": lease.fencing_token}


def _only(values: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: values[name] for name in names}
