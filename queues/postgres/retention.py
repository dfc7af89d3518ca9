"""What is dropped after its time, and the partitions of the log made ahead. Open dead letters are never touched."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.tables.sync_log import partition_of

DAYS_AHEAD: Final = 7
"""Partitions made in advance: so long the retention may be idle before rows go to the default partition."""

KEEP_CALLS: Final = timedelta(days=1)
"""How long an Idempotency-Key is remembered."""

_CHUNK: Final = 5_000
"""Rows deleted in one transaction."""

_ONE_AT_A_TIME: Final = 4_127_903_655_218_900_737
"""The advisory lock of retention: several replicas take turns, the late ones find nothing to do."""

_LOCK = text("select pg_try_advisory_xact_lock(:lock)")
_TODAY = text("select cast(now() at time zone 'UTC' as date)")

_PARTITIONS = text("""
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'sync_log'::regclass
""")

_STRAYS = text("""
    select exists (select from sync_log_default
                   where at >= cast(:first as timestamptz) and at < cast(:next as timestamptz))
""")

_PRUNE_LEDGER = text("""
    with old as (
        select message_id, generation from ledger l
        where l.settled_at < now() - cast(:age as interval) and l.state not in ('trying', 'waiting')
          and not exists (select from dead_letters d
                          where d.message_id = l.message_id and d.state in ('failed', 'reprocessing', 'superseded'))
        limit :chunk
    ),
    told as (
        delete from attempts a using old where a.message_id = old.message_id and a.generation = old.generation
    )
    delete from ledger l using old where l.message_id = old.message_id and l.generation = old.generation
""")

_PRUNE_LETTERS = text("""
    with old as (
        select id, message_id from dead_letters
        where state in ('reprocessed', 'discarded') and changed_at < now() - cast(:age as interval) limit :chunk
    ),
    told as (delete from attempts a using old where a.message_id = old.message_id),
    ended as (
        delete from ledger l using old
        where l.message_id = old.message_id and l.state not in ('trying', 'waiting')
    )
    delete from dead_letters d using old where d.id = old.id
""")

_ERASE_PAYLOADS = text("""
    with old as (
        select id, message_id from dead_letters
        where state in ('reprocessed', 'discarded') and erased_at is null
          and changed_at < now() - cast(:age as interval) limit :chunk
    ),
    told as (update attempts a set excerpt = '' from old where a.message_id = old.message_id and a.excerpt <> '')
    update dead_letters d set body = '', headers = '{}', erased_at = now() from old where d.id = old.id
""")

_MAKE_DAY = text("select make_log_day(cast(:day as date))")

_PRUNE_RUNS = text("""
    delete from runs where id in (
        select id from runs where started_at < now() - cast(:age as interval) limit :chunk)
""")

_PRUNE_INTAKE = text("""
    delete from intake_events where (source, event_id) in (
        select source, event_id from intake_events where at < now() - cast(:age as interval) limit :chunk)
""")

_PRUNE_SESSIONS = text("""
    delete from ended_sessions where nonce in (
        select nonce from ended_sessions where ends_at < now() - cast(:age as interval) limit :chunk)
""")

_PRUNE_CALLS = text("""
    delete from idempotent_calls where (holder, key) in (
        select holder, key from idempotent_calls where began_at < now() - cast(:age as interval) limit :chunk)
""")

# The last success of each sync stays: the next run of changes begins where it ended.
_PRUNE_SYNC_RUNS = text("""
    delete from sync_runs where id in (
        select id from sync_runs r
        where ended_at < now() - cast(:age as interval)
          and (state <> 'success' or kind = 'individual' or exists (
                  select from sync_runs later
                  where later.sync = r.sync and later.state = 'success' and later.kind <> 'individual'
                    and later.id > r.id))
        limit :chunk)
""")

_PRUNE_PUSHES = text("""
    delete from push_notifications where (company, query, transaction_id, digest) in (
        select company, query, transaction_id, digest from push_notifications
        where received_at < now() - cast(:age as interval) limit :chunk)
""")


class PostgresRetention:
    """
    Drops what is past its time and makes partitions ahead; safe on several replicas at once.

    Args:
        engine: from `open_engine`; shared with the other stores.
        keep: how long to keep messages that reached their end with their attempts, runs, and the ids
            of events taken in; a day or more, longer than any sender may take to repeat itself.
        keep_dead_letters: how long to keep those reprocessed or discarded; the open ones are kept for ever. The bytes
            of their messages, and what targets said of them, are erased after *keep* already: they may hold personal
            data, and nobody sends them again.

    Raises:
        ValueError: a span is under a day.
    """

    def __init__(
        self, engine: AsyncEngine, *, keep: timedelta, keep_dead_letters: timedelta = timedelta(days=365)
    ) -> None:
        for span in (keep, keep_dead_letters):
            if span < timedelta(days=1):
                raise ValueError(f"retention must be at least a day, got {span}")
        self._engine = engine
        self._keep = keep
        self._keep_dead_letters = keep_dead_letters

    async def clean(self) -> Mapping[str, int]:
        """
        Do it all once, in small transactions.

        Returns:
            How many rows were dropped, by table.

        Raises:
            DatabaseUnavailable: in mid-way; what was dropped stays dropped.
        """
        await _make_days(self._engine)
        dropped: dict[str, int] = {}
        for name, statement, age in (
            ("ledger", _PRUNE_LEDGER, self._keep),
            ("dead_letters", _PRUNE_LETTERS, self._keep_dead_letters),
            ("payloads", _ERASE_PAYLOADS, self._keep),
            ("runs", _PRUNE_RUNS, self._keep),
            ("sync_runs", _PRUNE_SYNC_RUNS, self._keep),
            ("push_notifications", _PRUNE_PUSHES, self._keep),
            ("intake_events", _PRUNE_INTAKE, self._keep),
            ("ended_sessions", _PRUNE_SESSIONS, timedelta()),
            ("idempotent_calls", _PRUNE_CALLS, KEEP_CALLS),
        ):
            dropped[name] = await _prune(self._engine, statement, age)
        return dropped


async def _prune(engine: AsyncEngine, statement: TextClause, age: timedelta) -> int:
    async def work(connection: AsyncConnection) -> int:
        if not (await connection.execute(_LOCK, {"lock": _ONE_AT_A_TIME})).scalar_one():
            return 0
        return (await connection.execute(statement, {"age": age, "chunk": _CHUNK})).rowcount

    total = 0
    while True:
        count = await transact(engine, work)
        total += count
        if count < _CHUNK:
            return total


async def _make_days(engine: AsyncEngine) -> None:
    async def read(connection: AsyncConnection) -> tuple[date, set[str]]:
        today: date = (await connection.execute(_TODAY)).scalar_one()
        return today, set((await connection.execute(_PARTITIONS)).scalars())

    today, present = await transact(engine, read)
    for ahead in range(DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        if partition_of(day) not in present:
            await _make_partition(engine, day)


async def _make_partition(engine: AsyncEngine, day: date) -> None:
    async def work(connection: AsyncConnection) -> None:
        if not (await connection.execute(_LOCK, {"lock": _ONE_AT_A_TIME})).scalar_one():
            return
        first, following = f"{day:%Y-%m-%d} 00:00+00", f"{day + timedelta(days=1):%Y-%m-%d} 00:00+00"
        bounds = {"first": datetime.fromisoformat(first), "next": datetime.fromisoformat(following)}
        if (await connection.execute(_STRAYS, bounds)).scalar_one():
            # Rows of that day are in the default partition already: it serves them until they are dropped.
            return
        await connection.execute(_MAKE_DAY, {"day": day})

    await transact(engine, work)
