"""
Acts on many dead letters: one at a time, in chunks, ended between two of them when nobody waits for it any more.

The row of the act is the lock: its lease is renewed with every chunk, in the chunk's own transaction, so an act whose
daemon died is over a minute later and one that was taken for dead writes nothing more.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import DatabaseUnavailable
from queues.failpoints import hit
from queues.postgres.audit import Act, write_audit
from queues.postgres.bulk_orders import (
    CONFIRM_ABOVE,
    MOST_AT_ONCE,
    AnotherRuns,
    BulkCount,
    BulkDone,
    BulkEnd,
    BulkOrder,
    BulkRefusal,
    Choice,
    CountDiffers,
    Interruption,
    NotConfirmed,
    TooMany,
)
from queues.postgres.bulk_progress import Progress
from queues.postgres.engine import transact
from queues.postgres.letters import Skipped
from queues.postgres.letters_reading import Keyset, count_open, count_open_of, states_of
from queues.postgres.letters_requeuing import discard, requeue
from queues.postgres.texts import storable, to_json

LEASE: Final = timedelta(seconds=60)

_DONE_WORDS: Final = {"reprocess": "dead_letters.reprocessed", "discard": "dead_letters.discarded"}

_NOW = text("select now()")

_END_LOST = text("""
    update bulk_acts set state = 'lost', ended_at = now() where state = 'running' and lease_until < now() returning *
""")

_BEGIN = text("""
    insert into bulk_acts (action, state, actor, token, source, reason, request_id, wanted, matched, owner, lease_until,
                           started_at)
    values (:action, 'running', :actor, :token, :source, :reason, :request_id, cast(:wanted as jsonb), :matched, :owner,
            now() + cast(:lease as interval), now())
    on conflict (state) where state = 'running' do nothing
    returning id
""")

_RUNNING = text("select action, actor, started_at, matched, done from bulk_acts where state = 'running'")

_STEP = text("""
    update bulk_acts
    set done = done + :done, skipped = skipped + :skipped, lease_until = now() + cast(:lease as interval)
    where id = :id and owner = :owner and state = 'running'
    returning id
""")

_END = text("""
    update bulk_acts set state = :ended_by, ended_at = now()
    where id = :id and owner = :owner and state = 'running'
    returning *
""")


class _TakenForDead(Exception):
    """The lease was over and somebody else began; the chunk in hand is undone."""


class BulkActs:
    """
    Carries acts on many dead letters out.

    Args:
        engine: from `open_engine`.
        lease: how long a chunk may take before the act is taken for dead.
        most: dead letters of one act.
        confirm_above: an act by filter on more than these needs its number.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        lease: timedelta = LEASE,
        most: int = MOST_AT_ONCE,
        confirm_above: int = CONFIRM_ABOVE,
    ) -> None:
        self._engine = engine
        self._lease = lease
        self._most = most
        self._confirm_above = confirm_above

    async def count(self, choice: Choice) -> BulkCount:
        """Tell how many open dead letters *choice* means, counted up to one more than may be acted upon at once."""

        async def work(connection: AsyncConnection) -> BulkCount:
            as_of: datetime = (await connection.execute(_NOW)).scalar_one()
            count, latest = await self._count(connection, choice)
            if latest is not None:
                # A clock that was set back has failures ahead of it; those that were counted are meant all the same.
                as_of = max(as_of, latest + timedelta(microseconds=1))
            return BulkCount(count=count, as_of=as_of)

        return await transact(self._engine, work)

    async def carry_out(self, order: BulkOrder, interruption: Interruption) -> BulkDone | BulkRefusal:
        """
        Do what *order* says, oldest failure first, and write it into the audit log: a row each, and one for all.

        What fails meanwhile is not among them.

        Raises:
            DatabaseUnavailable: in mid-way; the chunks before are done.
        """
        owner = uuid.uuid4()
        begun = await self._begin(order, owner)
        if not isinstance(begun, Progress):
            return begun
        ended_by: BulkEnd | None = None
        while ended_by is None:
            ended_by = interruption() or ("finished" if begun.is_over else None)
            if ended_by is None:
                try:
                    await self._step(order, begun)
                except _TakenForDead:
                    ended_by = "lost"
                except DatabaseUnavailable:
                    with suppress(DatabaseUnavailable):
                        await self._end(begun, "lost")
                    raise
        if ended_by != "lost":
            await self._end(begun, ended_by)
        return begun.told(ended_by)

    async def _begin(self, order: BulkOrder, owner: uuid.UUID) -> Progress | BulkRefusal:
        async def work(connection: AsyncConnection) -> Progress | BulkRefusal:
            for row in (await connection.execute(_END_LOST)).all():
                await _write_end(connection, row)
            count, latest = await self._count(connection, order.choice)
            refusal = self._refusal(order, count)
            if refusal is not None:
                return refusal
            values = {
                "action": order.action,
                "actor": storable(order.act.actor),
                "token": storable(order.act.token),
                "source": storable(order.act.source),
                "reason": storable(order.act.reason),
                "request_id": storable(order.act.request_id),
                "wanted": to_json(_wanted(order.choice)),
                "matched": count,
                "owner": owner,
                "lease": self._lease,
            }
            bulk_id = (await connection.execute(_BEGIN, values)).scalar_one_or_none()
            if bulk_id is None:
                return await _another(connection)
            return Progress(bulk_id, owner, order.choice, count, latest)

        return await transact(self._engine, work)

    async def _step(self, order: BulkOrder, progress: Progress) -> None:
        async def work(connection: AsyncConnection) -> tuple[Sequence[int], Keyset | None, list[Skipped]]:
            ids, reached = await progress.next_ids(connection)
            act = requeue if order.action == "reprocess" else discard
            done = {letter.id for letter in await act(connection, ids, order.act)}
            left = [each for each in ids if each not in done]
            states = await states_of(connection, left) if left else {}
            skipped = [Skipped(id=each, state=states.get(each, "missing")) for each in left]
            values = {
                "id": progress.bulk_id,
                "owner": progress.owner,
                "done": len(done),
                "skipped": len(skipped),
                "lease": self._lease,
            }
            if (await connection.execute(_STEP, values)).one_or_none() is None:
                raise _TakenForDead
            if order.action == "reprocess":
                hit("requeue.uncommitted")
            return ids, reached, skipped

        chunk = await transact(self._engine, work)
        if order.action == "reprocess":
            hit("requeue.committed")
        progress.advance(*chunk)

    async def _end(self, progress: Progress, ended_by: BulkEnd) -> None:
        async def work(connection: AsyncConnection) -> None:
            values = {"id": progress.bulk_id, "owner": progress.owner, "ended_by": ended_by}
            for row in (await connection.execute(_END, values)).all():
                await _write_end(connection, row)

        await transact(self._engine, work)

    def _refusal(self, order: BulkOrder, count: int) -> BulkRefusal | None:
        if count > self._most:
            return TooMany()
        if order.expected_count is not None and order.expected_count != count:
            return CountDiffers(count)
        if order.expected_count is None and order.choice.ids is None and count > self._confirm_above:
            return NotConfirmed(count)
        return None

    async def _count(self, connection: AsyncConnection, choice: Choice) -> tuple[int, datetime | None]:
        if choice.ids is not None:
            return await count_open_of(connection, choice.ids), None
        most = self._most + 1 if choice.limit is None else choice.limit
        return await count_open(connection, choice.wanted, most=most)


async def _another(connection: AsyncConnection) -> AnotherRuns:
    row = (await connection.execute(_RUNNING)).one()
    return AnotherRuns(action=row.action, actor=row.actor, since=row.started_at, matched=row.matched, done=row.done)


def _wanted(choice: Choice) -> dict[str, object]:
    if choice.ids is not None:
        return {"ids": len(choice.ids)}
    given = {name: value for name, value in asdict(choice.wanted).items() if value is not None}
    shown = {name: storable(value) if isinstance(value, str) else value for name, value in given.items()}
    return shown | ({} if choice.limit is None else {"limit": choice.limit})


async def _write_end(connection: AsyncConnection, row: Row[Any]) -> None:
    act = Act(actor=row.actor, reason=row.reason, request_id=row.request_id, token=row.token, source=row.source)
    details = {
        "wanted": row.wanted,
        "matched": row.matched,
        "done": row.done,
        "skipped": row.skipped,
        "ended_by": row.state,
    }
    await write_audit(connection, act, action=_DONE_WORDS[row.action], target=f"bulk {row.id}", details=details)
