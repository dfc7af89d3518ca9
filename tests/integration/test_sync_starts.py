"""Syncs that start by themselves, on PostgreSQL: each start once, whoever makes it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.retention import PostgresRetention
from queues.postgres.sync_cursors import PostgresSyncCursors, SyncCursor
from queues.postgres.sync_runs import PostgresSyncRuns
from queues.postgres.sync_schedules import PostgresSyncSchedules, SyncStart

ACT = Act(actor="Dana")
HOUR = timedelta(hours=1)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database)
    yield engine
    await engine.dispose()


async def due_start(engine: AsyncEngine, *, purpose: str = "catch_up") -> tuple[datetime, SyncStart]:
    schedules = PostgresSyncSchedules(engine)
    now, _ = await schedules.read()
    await schedules.set("product", purpose, rule="every hour", next_run_at=now - HOUR)
    now, (start,) = await schedules.read()
    return now, start


async def test_of_two_replicas_one_makes_the_start(engine: AsyncEngine) -> None:
    now, start = await due_start(engine)
    schedules = PostgresSyncSchedules(engine)

    made = await asyncio.gather(
        *(
            schedules.begin(start, kind="changes", following=now + HOUR, actor="catch-up", from_then_on=True)
            for _ in range(5)
        )
    )
    _, (after,) = await schedules.read()

    (run,) = [each for each in made if each is not None]
    assert (run.sync, run.mode, run.actor, run.since) == ("product", "auto", "catch-up", start.registered_at)
    assert (after.next_run_at, len(await PostgresSyncRuns(engine).list())) == (now + HOUR, 1)


async def test_a_start_while_a_run_is_open_makes_none_and_moves_on(engine: AsyncEngine) -> None:
    now, start = await due_start(engine, purpose="auto_cron")
    await PostgresSyncRuns(engine).ask("product", "complete", ACT)

    made = await PostgresSyncSchedules(engine).begin(
        start, kind="changes", following=now + HOUR, actor="Auto Cron", from_then_on=False
    )
    _, (after,) = await PostgresSyncSchedules(engine).read()

    assert (made, after.next_run_at) == (None, now + HOUR)


async def test_the_same_rule_leaves_a_start_alone_and_another_makes_it_anew(engine: AsyncEngine) -> None:
    now, start = await due_start(engine)
    schedules = PostgresSyncSchedules(engine)

    await schedules.set("product", "catch_up", rule="every hour", next_run_at=now + 5 * HOUR)
    _, (same,) = await schedules.read()
    await schedules.set("product", "catch_up", rule="daily", next_run_at=now + 5 * HOUR)
    _, (other,) = await schedules.read()
    await schedules.drop(other)
    _, none = await schedules.read()

    assert (same.next_run_at, other.next_run_at, none) == (start.next_run_at, now + 5 * HOUR, [])


async def test_a_cursor_is_kept_with_its_marks(engine: AsyncEngine) -> None:
    cursors = PostgresSyncCursors(engine)
    now, _ = await PostgresSyncSchedules(engine).read()

    assert await cursors.read("product/StockItem") is None
    for marks in (frozenset({"a"}), frozenset({"b", "c"})):
        kept = SyncCursor(name="product/StockItem", stamp=now, marks=marks)
        await cursors.save(kept)
    assert await cursors.read("product/StockItem") == kept


async def test_a_success_without_stamps_counts_from_its_beginning(engine: AsyncEngine) -> None:
    runs, owner = PostgresSyncRuns(engine), uuid4()
    await runs.ask("product", "complete", ACT)
    taken = await runs.take(owner)
    assert taken is not None
    await runs.progress(taken, owner, position="", until=None, noted=0)
    await runs.end(taken, owner)

    following = await runs.ask("product", "changes", ACT)

    assert following.since == taken.started_at


async def test_what_a_run_tells_comes_in_order_and_goes_with_it_but_the_last_success_stays(
    engine: AsyncEngine,
) -> None:
    runs = PostgresSyncRuns(engine)
    last = 0
    for _ in range(2):
        owner = uuid4()
        await runs.ask("product", "complete", ACT)
        taken = await runs.take(owner)
        assert taken is not None
        last = taken.id
        await runs.tell(last, "first")
        await runs.tell(last, "second", level="warning")
        await runs.end(taken, owner)
    lines = await runs.lines(last)
    async with engine.begin() as connection:
        await connection.execute(text("update sync_runs set ended_at = ended_at - interval '40 days'"))

    cleaned = await PostgresRetention(engine, keep=timedelta(days=30)).clean()

    assert [(each.text, each.level) for each in lines] == [("first", "info"), ("second", "warning")]
    assert [each.text for each in await runs.lines(last, after=lines[0].id)] == ["second"]
    assert (cleaned["sync_runs"], [each.id for each in await runs.list()]) == (1, [last])
