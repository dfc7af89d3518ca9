"""The audit log: filtered, paged, and read by an index whatever is asked."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.postgres.audit import Act, AuditFilter, PostgresAudit
from queues.postgres.engine import open_engine

NOW = datetime.now(UTC)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    audit = PostgresAudit(opened)
    alice = Act(actor="alice", token="terminal", source="192.0.2.1", reason="why", request_id="r-1")
    await audit.write(alice, action="dead_letter.discarded", target="1")
    await audit.write(alice, action="dead_letter.reprocessed", target="2", result="refused", details={"code": "x"})
    await audit.write(Act(actor="bob", token="terminal"), action="queue.paused", target="main.to_magento.pricing")
    await audit.write(Act(actor="admin", token="admin"), action="dead_letters.other", target="1")
    yield opened
    await opened.dispose()


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (None, [4, 3, 2, 1]),
        (AuditFilter(), [4, 3, 2, 1]),
        (AuditFilter(actor="alice"), [2, 1]),
        (AuditFilter(token="terminal"), [3, 2, 1]),
        (AuditFilter(action="dead_letter"), [2, 1]),
        (AuditFilter(action="dead_letter.discarded"), [1]),
        (AuditFilter(action="dead"), []),
        (AuditFilter(action="%"), []),
        (AuditFilter(target="1"), [4, 1]),
        (AuditFilter(result="refused"), [2]),
        (AuditFilter(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)), [4, 3, 2, 1]),
        (AuditFilter(since=NOW + timedelta(days=1)), []),
        (AuditFilter(until=NOW - timedelta(days=1)), []),
        (AuditFilter(actor="alice", result="done", target="1"), [1]),
        (AuditFilter(actor="'; drop table audit_log; --\x00"), []),
    ],
)
async def test_each_filter_finds_what_it_says(engine: AsyncEngine, wanted: AuditFilter | None, ids: list[int]) -> None:
    assert [row.id for row in await PostgresAudit(engine).entries(wanted)] == ids


async def test_pages_follow_each_other(engine: AsyncEngine) -> None:
    audit = PostgresAudit(engine)

    first = await audit.entries(AuditFilter(token="terminal"), limit=2)
    rest = await audit.entries(AuditFilter(token="terminal"), limit=2, before=first[-1].id)

    assert [row.id for row in [*first, *rest]] == [3, 2, 1]


async def test_a_row_holds_who_from_where_why_and_what_came_of_it(engine: AsyncEngine) -> None:
    row = (await PostgresAudit(engine).entries())[2]

    assert (row.actor, row.token, row.source, row.reason, row.request_id, row.result, row.details) == (
        "alice",
        "terminal",
        "192.0.2.1",
        "why",
        "r-1",
        "refused",
        {"code": "x"},
    )


@pytest.mark.parametrize("column", ["actor", "token", "target"])
async def test_a_rare_value_among_many_is_found_by_an_index(engine: AsyncEngine, column: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("""
                insert into audit_log (actor, action, target, token)
                select 'many', 'thing.done', 'thing ' || n % 7, 'machine' from generate_series(1, 20000) n
            """)
        )
        await connection.execute(text("analyze audit_log"))
        plan = await connection.execute(
            text(
                f"explain select * from audit_log where id < 1000000 and {column} = 'rare' "  # noqa: S608 - our columns
                "order by id desc limit 50"
            )
        )
        assert f"ix_audit_log_{column}_id" in "\n".join(plan.scalars())
