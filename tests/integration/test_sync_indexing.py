"""The step after a run, on PostgreSQL: it waits for the run's records, is made by one, and gives up in the end."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.postgres.audit import Act
from queues.postgres.changed_keys import ChangedKey, PostgresChangedKeys
from queues.postgres.engine import open_engine
from queues.postgres.sync_indexing import MOST_TRIES, PostgresSyncIndexing
from queues.postgres.sync_runs import PostgresSyncRuns

KIND = "to_magento.product"
QUEUE = f"main.{KIND}"


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database)
    yield engine
    await engine.dispose()


async def a_run(engine: AsyncEngine, *, index: bool = True) -> int:
    """Have a run that has ended, with one key noted."""
    runs, owner = PostgresSyncRuns(engine), uuid4()
    await runs.ask("product", "complete", Act(actor="Dana"))
    taken = await runs.take(owner)
    assert taken is not None
    await PostgresChangedKeys(engine).note([ChangedKey(event_type=KIND, key="A")], origin="manual", at_once=True)
    await runs.end(taken, owner, index=index)
    return taken.id


async def let_go(engine: AsyncEngine) -> None:
    keys = PostgresChangedKeys(engine)
    await keys.done(await keys.take(10))


async def a_check(engine: AsyncEngine, *, ended_by: str = "", ago: str = "0 seconds") -> None:
    """Record a run of the queue with one check that began so long ago."""
    async with engine.begin() as connection:
        at = (await connection.execute(text(f"select clock_timestamp() - interval '{ago}'"))).scalar_one()
        await connection.execute(
            text("""
                insert into runs (id, queue, fencing_token, tick, started_at, checks)
                values (:id, :queue, 1, now(), :at, cast(:checks as jsonb))
            """),
            {
                "id": uuid4(),
                "queue": QUEUE,
                "at": at,
                "checks": json.dumps([{"started_at": at.isoformat(), "ended_by": ended_by}]),
            },
        )


async def state(engine: AsyncEngine, run: int) -> str:
    indexing = PostgresSyncIndexing(engine)
    for step in await indexing.open():
        await indexing.move_on(step, kinds=[KIND], queues=[QUEUE])
    return (await PostgresSyncRuns(engine).show(run)).index_state


async def test_the_step_waits_until_the_records_are_looked_at_and_attempted(engine: AsyncEngine) -> None:
    run = await a_run(engine)
    seen = [await state(engine, run)]
    await let_go(engine)
    seen.append(await state(engine, run))
    await a_check(engine, ago="1 minute")
    await a_check(engine, ended_by="broker_unavailable")
    seen.append(await state(engine, run))
    await a_check(engine)
    seen.append(await state(engine, run))

    assert seen == ["capturing", "delivering", "delivering", "calling"]


async def test_keys_noted_after_the_run_hold_nothing_up(engine: AsyncEngine) -> None:
    run = await a_run(engine)
    await let_go(engine)
    await PostgresChangedKeys(engine).note([ChangedKey(event_type=KIND, key="B")], origin="push")

    assert await state(engine, run) == "delivering"


async def test_without_the_setting_there_is_no_step(engine: AsyncEngine) -> None:
    await a_run(engine, index=False)

    assert await PostgresSyncIndexing(engine).open() == []


async def test_a_step_is_taken_by_one_and_tried_three_times(engine: AsyncEngine) -> None:
    run = await a_run(engine)
    await let_go(engine)
    await state(engine, run)
    await a_check(engine)
    await state(engine, run)
    indexing = PostgresSyncIndexing(engine)

    tries = []
    for _ in range(MOST_TRIES):
        step = await indexing.take()
        assert step is not None
        assert await indexing.take() is None
        tries.append((step.tries, await indexing.not_done(step, "HTTP 500")))
        async with engine.begin() as connection:
            await connection.execute(text("update sync_runs set index_since = index_since - interval '1 hour'"))

    assert tries == [(1, False), (2, False), (3, True)]
    assert await indexing.take() is None
    assert [(each.sync, each.error) for each in await indexing.failed()] == [("product", "HTTP 500")]


async def test_a_step_whose_records_never_arrive_is_given_up(engine: AsyncEngine) -> None:
    run = await a_run(engine)
    indexing = PostgresSyncIndexing(engine)
    early = await indexing.give_up()
    async with engine.begin() as connection:
        await connection.execute(text("update sync_runs set ended_at = ended_at - interval '2 days'"))

    late = await indexing.give_up()

    assert (early, [each.sync for each in late]) == ([], ["product"])
    assert (await PostgresSyncRuns(engine).show(run)).index_state == "failed"
