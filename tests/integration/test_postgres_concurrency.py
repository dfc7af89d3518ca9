"""Many at once: engines of several processes on one database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import DatabaseUnavailable, StateConflict
from queues.ports import Claimed, Finished, Held, NotDue, RunLease
from queues.postgres.audit import PostgresAudit
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import open_engine, transact
from queues.postgres.ledger import PostgresLedger
from queues.postgres.schedule import PostgresSchedule
from tests.contract.queue_store import ACT, QUEUE, ended
from tests.strategies import message


@pytest.fixture
async def engines(database: str) -> AsyncIterator[list[AsyncEngine]]:
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(3):
            engine = open_engine(database, pool_size=8)
            stack.push_async_callback(engine.dispose)
            opened.append(engine)
        await PostgresSchedule(opened[0]).register(QUEUE.name)
        yield opened


async def begin(engine: AsyncEngine) -> RunLease:
    lease = await PostgresSchedule(engine).begin_run(QUEUE.name)
    assert isinstance(lease, RunLease)
    return lease


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def test_of_many_replicas_one_gets_the_run(engines: list[AsyncEngine]) -> None:
    schedules = [PostgresSchedule(engine) for engine in engines]

    answers = await asyncio.gather(*(schedules[index % 3].begin_run(QUEUE.name) for index in range(24)))

    assert sum(isinstance(each, RunLease) for each in answers) == 1
    assert sum(isinstance(each, NotDue) for each in answers) == 23


async def test_of_thirty_claims_of_one_message_one_is_granted(engines: list[AsyncEngine]) -> None:
    lease = await begin(engines[0])
    ledgers = [PostgresLedger(engine) for engine in engines]

    answers = await asyncio.gather(
        *(ledgers[index % 3].claim(lease, QUEUE, [message("A")], retry_count=3, stored=False) for index in range(30))
    )

    results = [each for answer in answers for each in answer]
    assert results.count(Claimed(attempt=1)) == 1
    assert results.count(Held()) == 29


async def test_expired_claims_are_granted_again_to_one_contender_at_a_time_and_never_beyond_the_limit(
    engines: list[AsyncEngine],
) -> None:
    lease = await begin(engines[0])
    ledgers = [PostgresLedger(engine) for engine in engines]
    granted = []

    for _ in range(5):
        answers = await asyncio.gather(
            *(
                ledgers[index % 3].claim(lease, QUEUE, [message("A")], retry_count=3, stored=False)
                for index in range(15)
            )
        )
        granted += [each for answer in answers for each in answer if isinstance(each, Claimed)]
        await execute(engines[0], "update ledger set lease_until = now() - interval '1 second'")

    assert granted == [Claimed(attempt=1), Claimed(attempt=2), Claimed(attempt=3)]


async def test_groups_in_opposite_order_deadlock_nobody(engines: list[AsyncEngine]) -> None:
    lease = await begin(engines[0])
    messages = [message(f"K{number}") for number in range(50)]
    ledgers = [PostgresLedger(engine) for engine in engines]

    answers = await asyncio.gather(
        *(
            ledgers[index % 3].claim(
                lease, QUEUE, messages if index % 2 else messages[::-1], retry_count=9, stored=False
            )
            for index in range(12)
        )
    )

    granted = [each for answer in answers for each in answer if isinstance(each, Claimed)]
    assert len(granted) == 50


async def test_a_deadlock_is_done_again(engines: list[AsyncEngine]) -> None:
    await execute(engines[0], "create table things (id int primary key, n int not null default 0)")
    await execute(engines[0], "insert into things values (1), (2)")
    barrier = asyncio.Barrier(2)
    tries = []

    async def lock_both(first: int, second: int) -> None:
        met = False

        async def work(connection: AsyncConnection) -> None:
            nonlocal met
            tries.append(first)
            statement = text("update things set n = n + 1 where id = :id")
            await connection.execute(statement, {"id": first})
            if not met:
                met = True
                await barrier.wait()
            await connection.execute(statement, {"id": second})

        await transact(engines[first], work)

    async with asyncio.timeout(20):
        await asyncio.gather(lock_both(1, 2), lock_both(2, 1))

    async with engines[0].connect() as connection:
        counts = (await connection.execute(text("select n from things order by id"))).scalars().all()
    assert counts == [2, 2]
    assert len(tries) == 3


async def test_of_twenty_clicks_on_two_replicas_one_reprocesses(engines: list[AsyncEngine]) -> None:
    lease = await begin(engines[0])
    ledger = PostgresLedger(engines[0])
    await ledger.claim(lease, QUEUE, [message("A")], retry_count=1, stored=False)
    await ledger.settle(lease, QUEUE, [ended(message("A"), 1, "failed")], [], settings_version=0)
    stores = [PostgresDeadLetters(engine) for engine in engines]
    (letter,) = (await stores[0].list()).items

    answers = await asyncio.gather(
        *(stores[index % 3].reprocess(letter.id, ACT) for index in range(20)), return_exceptions=True
    )

    refused = [each for each in answers if isinstance(each, StateConflict)]
    assert len(refused) == 19
    assert {each.state for each in refused} == {"reprocessing"}
    assert (await ledger.open_check(lease)).count == 1
    assert [each.action for each in await PostgresAudit(engines[0]).entries()] == ["dead_letter.reprocessed"]


async def test_an_outcome_that_cannot_be_written_whole_is_not_written_at_all(engines: list[AsyncEngine]) -> None:
    lease = await begin(engines[0])
    ledger = PostgresLedger(engines[0])
    await ledger.claim(lease, QUEUE, [message("A"), message("B")], retry_count=1, stored=False)
    await execute(engines[0], "alter table sync_log rename to sync_log_away")

    with pytest.raises(DatabaseUnavailable):
        await ledger.settle(
            lease,
            QUEUE,
            [ended(message("A"), 1, "delivered"), ended(message("B"), 1, "failed")],
            [],
            settings_version=0,
        )

    async with engines[0].connect() as connection:
        states = (await connection.execute(text("select distinct state from ledger"))).scalars().all()
        traces = await connection.execute(
            text("select (select count(*) from attempts) + (select count(*) from dead_letters)")
        )
        assert (states, traces.scalar_one()) == (["trying"], 0)
    await execute(engines[0], "alter table sync_log_away rename to sync_log")
    await ledger.settle(
        lease, QUEUE, [ended(message("A"), 1, "delivered"), ended(message("B"), 1, "failed")], [], settings_version=0
    )
    assert await ledger.claim(lease, QUEUE, [message("B")], retry_count=1, stored=False) == [Finished(state="failed")]


async def test_connections_the_server_cut_are_replaced(engines: list[AsyncEngine]) -> None:
    ledger = PostgresLedger(engines[0])
    lease = await begin(engines[0])
    await execute(
        engines[1],
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()",
    )

    assert (await ledger.open_check(lease)).count == 0


async def test_a_server_that_only_reads_is_unavailable_and_no_claim_is_granted(engines: list[AsyncEngine]) -> None:
    lease = await begin(engines[0])
    async with engines[1].connect() as connection:
        name = (await connection.execute(text("select current_database()"))).scalar_one()
    await execute(engines[1], f"alter database {name} set default_transaction_read_only = on")
    await engines[0].dispose()

    with pytest.raises(DatabaseUnavailable):
        await PostgresLedger(engines[0]).claim(lease, QUEUE, [message("A")], retry_count=3, stored=False)


async def test_a_pool_without_a_free_connection_is_unavailable_in_time(database: str) -> None:
    engine = open_engine(database, pool_size=1)
    schedule = PostgresSchedule(engine, interval=timedelta(seconds=1))
    try:
        async with engine.connect(), asyncio.timeout(30):
            with pytest.raises(DatabaseUnavailable):
                await schedule.terms(QUEUE.name)
    finally:
        await engine.dispose()
