"""Tokens in PostgreSQL: in force by the database's clock, made and revoked together with their audit row."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon.clock import SystemClock
from daemon.http.tokens import Tokens
from queues.errors import DatabaseUnavailable, NotFound, StateConflict
from queues.postgres.audit import Act, AuditFilter, PostgresAudit
from queues.postgres.engine import open_engine
from queues.postgres.retention import PostgresRetention
from queues.postgres.tokens import MOST_LIVE, PostgresTokens

ACT = Act(actor="alice", reason="because", request_id="r-1", token="admin", source="192.0.2.1")
NEWEST = 2**62


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    yield opened
    await opened.dispose()


def digest_of(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_token_made_on_one_replica_opens_on_another_until_it_is_revoked(database: str) -> None:
    engines = [open_engine(database) for _ in range(2)]
    here, there = (Tokens([], PostgresTokens(engine), SystemClock()) for engine in engines)
    try:
        record, secret = await here.create(name="terminal", role="operator", expires_at=None, act=ACT)
        presented = secret.reveal().encode()
        await there.refresh()
        found = there.find(presented, source="192.0.2.9")
        await there.refresh()
        [told] = await here.records(only_live=True, before=NEWEST, limit=10)
        await here.revoke(record.id, ACT)
        await there.refresh()

        assert found is not None
        assert (found.name, found.role) == ("terminal", "operator")
        assert told.last_used_at is not None
        assert told.last_used_from == "192.0.2.9"
        assert there.find(presented, source="") is None
    finally:
        for engine in engines:
            await engine.dispose()


async def test_nothing_of_a_token_but_its_digest_is_in_the_database(engine: AsyncEngine) -> None:
    tokens = Tokens([], PostgresTokens(engine), SystemClock())
    _, secret = await tokens.create(name="terminal", role="viewer", expires_at=None, act=ACT)

    async with engine.connect() as connection:
        rows = [str(row) for row in await connection.execute(text("select t::text from tokens t"))]
        rows += [str(row) for row in await connection.execute(text("select a::text from audit_log a"))]

    assert len(rows) == 2
    assert not [row for row in rows if secret.reveal()[4:20] in row]
    assert digest_of(secret.reveal()).hex() in rows[0]


async def test_the_databases_clock_ends_a_token(engine: AsyncEngine) -> None:
    store = PostgresTokens(engine)
    soon = datetime.now(UTC) + timedelta(hours=1)
    await store.create(name="one", role="viewer", digest=digest_of("one"), expires_at=soon, act=ACT)
    before = await store.exchange({})
    await execute(engine, "update tokens set expires_at = now() - interval '1 second'")
    after = await store.exchange({})

    assert [each.digest for each in before.tokens] == [digest_of("one")]
    assert after.tokens == []
    assert [each.is_live for each in await store.records(only_live=False, before=NEWEST, limit=10)] == [False]
    assert await store.records(only_live=True, before=NEWEST, limit=10) == []


async def test_acts_on_tokens_leave_rows_and_are_refused_with_the_live_state(engine: AsyncEngine) -> None:
    store = PostgresTokens(engine)
    record = await store.create(name="one", role="admin", digest=digest_of("one"), expires_at=None, act=ACT)
    answers = await asyncio.gather(*(store.revoke(record.id, ACT) for _ in range(8)), return_exceptions=True)
    with pytest.raises(NotFound):
        await store.revoke(10**6, ACT)

    rows = await PostgresAudit(engine).entries(AuditFilter(action="token"))
    assert [(row.action, row.target, row.actor, row.token, row.source) for row in rows] == [
        ("token.revoked", str(record.id), "alice", "admin", "192.0.2.1"),
        ("token.created", str(record.id), "alice", "admin", "192.0.2.1"),
    ]
    assert rows[1].details == {"name": "one", "role": "admin", "expires_at": None}
    assert sum(isinstance(each, StateConflict) for each in answers) == 7


async def test_without_its_audit_row_a_token_is_neither_made_nor_revoked(engine: AsyncEngine) -> None:
    store = PostgresTokens(engine)
    record = await store.create(name="one", role="admin", digest=digest_of("one"), expires_at=None, act=ACT)
    await execute(engine, "alter table audit_log add constraint closed check (false) not valid")

    with pytest.raises(DatabaseUnavailable):
        await store.revoke(record.id, ACT)
    with pytest.raises(DatabaseUnavailable):
        await store.create(name="two", role="admin", digest=digest_of("two"), expires_at=None, act=ACT)

    assert [each.name for each in (await store.exchange({})).tokens] == ["one"]


async def test_no_more_tokens_than_can_be_compared_are_in_force(engine: AsyncEngine) -> None:
    store = PostgresTokens(engine)
    await execute(
        engine,
        "insert into tokens (name, role, digest, created_at, created_by) "  # noqa: S608 - a number of our own
        f"select 'n', 'viewer', sha256(n::text::bytea), now(), 't' from generate_series(1, {MOST_LIVE - 1}) n",
    )

    answers = await asyncio.gather(
        *(store.create(name="x", role="viewer", digest=digest_of(f"x{n}"), expires_at=None, act=ACT) for n in range(4)),
        return_exceptions=True,
    )

    assert [each.state for each in answers if isinstance(each, StateConflict)] == ["full"] * 3
    assert len((await store.exchange({})).tokens) == MOST_LIVE


async def test_a_session_that_was_signed_out_is_known_until_it_would_have_ended(engine: AsyncEngine) -> None:
    store = PostgresTokens(engine)
    now = datetime.now(UTC)
    await store.end_session("one", now + timedelta(hours=1))
    await store.end_session("one", now + timedelta(hours=1))
    await store.end_session("two", now - timedelta(seconds=1))

    known = (await store.exchange({})).ended_sessions
    dropped = await PostgresRetention(engine, keep=timedelta(days=1)).clean()

    assert known == {"one"}
    assert dropped["ended_sessions"] == 1


async def test_the_use_of_a_token_is_not_written_over_and_over(engine: AsyncEngine) -> None:
    store = PostgresTokens(engine)
    record = await store.create(name="one", role="admin", digest=digest_of("one"), expires_at=None, act=ACT)

    written = []
    for source in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        await store.exchange({record.id: source})
        async with engine.connect() as connection:
            written.append((await connection.execute(text("select xmin::text from tokens"))).scalar_one())

    assert written[0] == written[1] != written[2]
