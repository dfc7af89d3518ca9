"""
The keys of records that are to be looked at: noted by pushes, by the catch-up, by people; one row a record.

A note says only that a record changed. Notes of one record within the delay become one look (coalescing), a note that
comes while the record is being looked at leads to another look, and a look that fails is made again later. Nothing
leaves the table before what came of it is durable elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.texts import storable

Origin = Literal["push", "catch_up", "manual", "file"]

_RETRY: Final = timedelta(seconds=5)
_LONGEST_RETRY: Final = timedelta(minutes=5)

_NOTE = text("""
    insert into changed_keys as c (event_type, key, changed, version, origin, due_at)
    select event_type, key, string_to_array(nullif(changed, ''), E'\\x1f'), now(), cast(:origin as text),
           now() + cast(:delay as interval)
    from unnest(cast(:event_type as text[]), cast(:key as text[]), cast(:changed as text[]))
        as given (event_type, key, changed)
    order by event_type, key
    on conflict (event_type, key) do update
        set changed = case when c.changed is not null and excluded.changed is not null
                           then (select array_agg(distinct name order by name)
                                 from unnest(c.changed || excluded.changed) as name) end,
            version = now(), revision = c.revision + 1, origin = excluded.origin
""")

_REMEMBER_PUSH = text("""
    insert into push_notifications (company, query, transaction_id, digest)
    values (:company, :query, :transaction_id, :digest)
    on conflict do nothing returning company
""")

_TAKE = text("""
    with due as (
        select event_type, key from changed_keys where due_at <= now()
        order by due_at, event_type, key limit :limit for update skip locked
    )
    update changed_keys c set due_at = now() + cast(:lease as interval)
    from due where c.event_type = due.event_type and c.key = due.key
    returning c.event_type, c.key, c.changed, c.version, c.revision, c.origin, c.tries
""")

_DONE = text("""
    delete from changed_keys c
    using unnest(cast(:event_type as text[]), cast(:key as text[]), cast(:revision as bigint[]))
        as given (event_type, key, revision)
    where c.event_type = given.event_type and c.key = given.key and c.revision = given.revision
""")

_LOOK_AGAIN = text("""
    -- What was noted meanwhile is looked at again without waiting for the lease of this look.
    update changed_keys c set due_at = now(), tries = 0, error = ''
    from unnest(cast(:event_type as text[]), cast(:key as text[]), cast(:revision as bigint[]))
        as given (event_type, key, revision)
    where c.event_type = given.event_type and c.key = given.key and c.revision <> given.revision
""")

_FAILED = text("""
    update changed_keys c
    set tries = c.tries + 1, error = :error,
        due_at = now() + least(cast(:longest as interval), cast(:retry as interval) * power(2, least(c.tries, 10)))
    from unnest(cast(:event_type as text[]), cast(:key as text[])) as given (event_type, key)
    where c.event_type = given.event_type and c.key = given.key
""")

_WAITING = text("""
    select event_type, count(*) as waiting, min(noted_at) as oldest_at, count(*) filter (where tries > 0) as failing,
           coalesce(max(error) filter (where tries > 0), '') as error
    from changed_keys group by event_type order by event_type
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedKey:
    """
    A record that changed.

    Attributes:
        event_type: `<direction>.<entity>`.
        key: of the record, trimmed.
        changed: names of the fields that changed, None if the source does not say.
    """

    event_type: str
    key: str
    changed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueKey:
    """
    A record to be looked at now.

    Attributes:
        version: when it was noted last, by the database's clock. A look reads the newest state, so that looks are
            ordered by it, whatever the clocks of the sources say.
        revision: tells whether another note came meanwhile.
        tries: looks that failed before.
    """

    event_type: str
    key: str
    version: datetime
    changed: tuple[str, ...] | None
    revision: int
    origin: Origin
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingKeys:
    """How many records of one type wait to be looked at, since when, and how many looks failed last time."""

    event_type: str
    waiting: int
    oldest_at: datetime
    failing: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushIdentity:
    """What tells one notification from another: its halves share all but the digest."""

    company: str
    query: str
    transaction_id: str
    digest: str


class PostgresChangedKeys:
    """
    The keys to be looked at.

    Args:
        engine: from `open_engine`; shared with the other stores.
        delay: how long a first note waits for others of the same record.
        lease: how long a taken key is left to its taker.
    """

    def __init__(
        self, engine: AsyncEngine, *, delay: timedelta = timedelta(seconds=5), lease: timedelta = timedelta(minutes=2)
    ) -> None:
        self._engine = engine
        self._delay = delay
        self._lease = lease

    async def note(
        self, keys: Sequence[ChangedKey], *, origin: Origin, push: PushIdentity | None = None, at_once: bool = False
    ) -> bool:
        """
        Note that records changed, in one transaction.

        Args:
            keys: each record once or more; of one record the fields that changed are united.
            origin: who says so.
            push: the notification that says so; noted once however often it comes.
            at_once: do not wait for other notes of the same record.

        Returns:
            False when *push* was noted before, and so nothing was done.
        """
        united = _united(keys)

        async def work(connection: AsyncConnection) -> bool:
            if push is not None:
                known = await connection.execute(
                    _REMEMBER_PUSH,
                    {
                        "company": storable(push.company),
                        "query": storable(push.query),
                        "transaction_id": storable(push.transaction_id),
                        "digest": push.digest,
                    },
                )
                if known.one_or_none() is None:
                    return False
            if united:
                await connection.execute(
                    _NOTE,
                    {
                        "event_type": [each.event_type for each in united],
                        "key": [each.key for each in united],
                        "changed": [None if each.changed is None else "\x1f".join(each.changed) for each in united],
                        "origin": origin,
                        "delay": timedelta(0) if at_once else self._delay,
                    },
                )
            return True

        return await transact(self._engine, work)

    async def take(self, limit: int) -> Sequence[DueKey]:
        """Take at most *limit* keys that are due; nobody else takes them before the lease is over."""

        async def work(connection: AsyncConnection) -> Sequence[DueKey]:
            rows = await connection.execute(_TAKE, {"limit": limit, "lease": self._lease})
            return _in_order([_due(row) for row in rows])

        return await transact(self._engine, work)

    async def done(self, keys: Sequence[DueKey]) -> None:
        """Note that *keys* were looked at; those noted again meanwhile are due again."""
        if not keys:
            return

        async def work(connection: AsyncConnection) -> None:
            ordered = _in_order(keys)
            values = {**_names(ordered), "revision": [each.revision for each in ordered]}
            await connection.execute(_DONE, values)
            await connection.execute(_LOOK_AGAIN, values)

        await transact(self._engine, work)

    async def failed(self, keys: Sequence[DueKey], error: str) -> None:
        """Note that looking at *keys* failed; they are due again after a pause that doubles, up to five minutes."""
        if not keys:
            return

        async def work(connection: AsyncConnection) -> None:
            values = {**_names(_in_order(keys)), "error": storable(error), "retry": _RETRY, "longest": _LONGEST_RETRY}
            await connection.execute(_FAILED, values)

        await transact(self._engine, work)

    async def waiting(self) -> Sequence[WaitingKeys]:
        """Count what is still to be looked at, by type."""

        async def work(connection: AsyncConnection) -> Sequence[WaitingKeys]:
            return [
                WaitingKeys(
                    event_type=row.event_type,
                    waiting=row.waiting,
                    oldest_at=row.oldest_at,
                    failing=row.failing,
                    error=row.error,
                )
                for row in await connection.execute(_WAITING)
            ]

        return await transact(self._engine, work)


def _united(keys: Sequence[ChangedKey]) -> list[ChangedKey]:
    """Make one of several notes of a record, in one order for all, so that nobody deadlocks."""
    united: dict[tuple[str, str], ChangedKey] = {}
    for each in keys:
        identity = each.event_type, each.key
        known = united.get(identity)
        changed = each.changed
        if known is not None:
            both = None if known.changed is None or changed is None else {*known.changed, *changed}
            changed = None if both is None else tuple(sorted(both))
        united[identity] = ChangedKey(event_type=each.event_type, key=each.key, changed=changed)
    return [united[identity] for identity in sorted(united)]


def _in_order(keys: Sequence[DueKey]) -> list[DueKey]:
    return sorted(keys, key=lambda each: (each.event_type, each.key))


def _names(keys: Sequence[DueKey]) -> dict[str, list[Any]]:
    return {"event_type": [each.event_type for each in keys], "key": [each.key for each in keys]}


def _due(row: Row[Any]) -> DueKey:
    return DueKey(
        event_type=row.event_type,
        key=row.key,
        version=row.version,
        changed=None if row.changed is None else tuple(row.changed),
        revision=row.revision,
        origin=row.origin,
        tries=row.tries,
    )
