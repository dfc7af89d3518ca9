"""Acts on many dead letters in PostgreSQL: exactly those confirmed, in chunks, one at a time over all replicas."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.errors import DatabaseUnavailable
from queues.postgres.audit import Act, AuditFilter, PostgresAudit
from queues.postgres.bulk_acts import BulkActs
from queues.postgres.bulk_orders import (
    SKIPPED_SHOWN,
    AnotherRuns,
    BulkAction,
    BulkDone,
    BulkEnd,
    BulkOrder,
    Choice,
    CountDiffers,
    NotConfirmed,
    TooMany,
)
from queues.postgres.bulk_progress import CHUNK
from queues.postgres.engine import open_engine
from queues.postgres.letters import DeadLetterFilter, Skipped
from queues.postgres.schedule import PostgresSchedule

QUEUE = "main.to_magento.pricing"
ACT = Act(actor="alice", reason="mended", request_id="r-1", token="terminal", source="192.0.2.1")
FAILED = DeadLetterFilter(state="failed")
COUNT = 2 * CHUNK


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    await PostgresSchedule(opened).register(QUEUE)
    yield opened
    await opened.dispose()


async def add(engine: AsyncEngine, count: int, *, state: str = "failed") -> list[int]:
    async with engine.begin() as connection:
        ids = await connection.execute(
            text("""
                insert into dead_letters (message_id, generation, queue, key, time, event_id, source, state, reason,
                                          attempts, failed_at, body, headers)
                select gen_random_uuid(), 0, :queue, 'AC-' || n, now(), 'e', 's', :state, 'attempts_used_up', 3,
                       now() - (:count - n) * interval '1 second', '{}', '{}'
                from generate_series(1, :count) as n returning id
            """),
            {"queue": QUEUE, "state": state, "count": count},
        )
        return sorted(ids.scalars())


async def scalar(engine: AsyncEngine, statement: str) -> object:
    async with engine.connect() as connection:
        return (await connection.execute(text(statement))).scalar_one()


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def at_every_chunk(engine: AsyncEngine, what: str) -> None:
    """Have the database do *what* in the transaction of every chunk."""
    await execute(engine, f"create function meddle() returns trigger language plpgsql as $$ begin {what} end $$")
    await execute(
        engine, "create trigger meddle before update of done on bulk_acts for each row execute function meddle()"
    )


def order(choice: Choice, *, action: BulkAction = "reprocess", expected_count: int | None = None) -> BulkOrder:
    return BulkOrder(action=action, choice=choice, act=ACT, expected_count=expected_count)


def never() -> BulkEnd | None:
    return None


def after(chunks: int, ended_by: BulkEnd) -> Callable[[], BulkEnd | None]:
    left = iter(range(chunks))
    return lambda: None if next(left, None) is not None else ended_by


@pytest.mark.parametrize(
    ("action", "state", "one", "all_"),
    [
        ("reprocess", "reprocessing", "dead_letter.reprocessed", "dead_letters.reprocessed"),
        ("discard", "discarded", "dead_letter.discarded", "dead_letters.discarded"),
    ],
)
async def test_all_that_match_are_acted_upon_in_chunks_each_with_its_row_and_one_for_all(
    engine: AsyncEngine, action: BulkAction, state: str, one: str, all_: str
) -> None:
    count = 2 * CHUNK + 7
    await add(engine, count)
    await add(engine, 3, state="reprocessed")

    result = await BulkActs(engine).carry_out(
        order(Choice(wanted=DeadLetterFilter(queue=QUEUE)), action=action, expected_count=count), never
    )

    assert isinstance(result, BulkDone)
    assert (result.matched, result.done, result.skipped_count, result.ended_by) == (count, count, 0, "finished")
    assert await scalar(engine, f"select count(*) from dead_letters where state = '{state}'") == count  # noqa: S608 - ours
    assert await scalar(engine, f"select count(*) from audit_log where action = '{one}'") == count  # noqa: S608 - ours
    in_ledger = await scalar(engine, "select count(*) from ledger where state = 'waiting'")
    assert in_ledger == (count if action == "reprocess" else 0)
    [row] = await PostgresAudit(engine).entries(AuditFilter(action=all_))
    assert (row.actor, row.token, row.source, row.reason, row.request_id) == (
        "alice",
        "terminal",
        "192.0.2.1",
        "mended",
        "r-1",
    )
    assert row.target == f"bulk {result.bulk_id}"
    assert row.details == {
        "wanted": {"queue": QUEUE},
        "matched": count,
        "done": count,
        "skipped": 0,
        "ended_by": "finished",
    }


async def test_those_listed_are_acted_upon_in_their_order_and_the_others_named(engine: AsyncEngine) -> None:
    failed = await add(engine, 3)
    [gone] = await add(engine, 1, state="discarded")

    result = await BulkActs(engine).carry_out(order(Choice(ids=(failed[2], gone, failed[0], 10**12))), never)

    assert isinstance(result, BulkDone)
    assert (result.matched, result.done, result.skipped_count) == (2, 2, 2)
    assert list(result.skipped) == [Skipped(id=gone, state="discarded"), Skipped(id=10**12, state="missing")]


async def test_a_limit_takes_the_oldest_failures(engine: AsyncEngine) -> None:
    ids = await add(engine, 5)

    result = await BulkActs(engine).carry_out(order(Choice(wanted=FAILED, limit=2), expected_count=2), never)

    assert isinstance(result, BulkDone)
    assert result.done == 2
    async with engine.connect() as connection:
        done = await connection.execute(text("select id from dead_letters where state = 'reprocessing' order by id"))
        assert list(done.scalars()) == ids[:2]


async def test_what_fails_meanwhile_is_not_among_them(engine: AsyncEngine) -> None:
    await add(engine, 2 * CHUNK)
    await at_every_chunk(
        engine,
        "update dead_letters set state = 'failed', failed_at = clock_timestamp() where state = 'reprocessing'; "
        "return new;",
    )

    result = await BulkActs(engine).carry_out(order(Choice(wanted=FAILED)), never)

    assert isinstance(result, BulkDone)
    assert (result.matched, result.done) == (2 * CHUNK, 2 * CHUNK)
    assert await scalar(engine, "select max(generation) from dead_letters") == 1
    assert await scalar(engine, "select count(*) from dead_letters where state = 'failed'") == 2 * CHUNK


async def test_what_somebody_else_takes_away_meanwhile_is_not_made_up_for_by_later_failures(
    engine: AsyncEngine,
) -> None:
    await add(engine, 2 * CHUNK)
    await at_every_chunk(
        engine,
        "update dead_letters set state = 'failed', failed_at = clock_timestamp() where state = 'reprocessing'; "
        "update dead_letters set state = 'discarded' "
        "where id = (select max(id) from dead_letters where generation = 0 and state = 'failed'); "
        "return new;",
    )

    result = await BulkActs(engine).carry_out(order(Choice(wanted=FAILED)), never)

    assert isinstance(result, BulkDone)
    assert (result.matched, result.done, result.ended_by) == (2 * CHUNK, 2 * CHUNK - 1, "finished")
    assert await scalar(engine, "select max(generation) from dead_letters") == 1


async def test_the_number_is_counted_without_changing_anything(engine: AsyncEngine) -> None:
    ids = await add(engine, 3)
    [gone] = await add(engine, 1, state="discarded")
    acts = BulkActs(engine)

    by_filter = await acts.count(Choice())
    by_ids = await acts.count(Choice(ids=(*ids, gone)))
    until = await acts.count(Choice(wanted=DeadLetterFilter(until=by_filter.as_of - timedelta(seconds=1.5))))

    assert (by_filter.count, by_ids.count) == (3, 3)
    assert until.count < 3
    assert await scalar(engine, "select count(*) from audit_log") == 0


async def test_what_was_counted_is_acted_upon_even_if_its_failure_lies_ahead_of_a_clock_set_back(
    engine: AsyncEngine,
) -> None:
    await add(engine, 3)
    await execute(engine, "update dead_letters set failed_at = now() + id * interval '1 hour'")
    acts = BulkActs(engine)
    counted = await acts.count(Choice(wanted=FAILED))

    wanted = DeadLetterFilter(state="failed", until=counted.as_of)
    result = await acts.carry_out(order(Choice(wanted=wanted), expected_count=counted.count), never)

    assert isinstance(result, BulkDone)
    assert (counted.count, result.done) == (3, 3)


async def test_another_number_than_expected_is_refused(engine: AsyncEngine) -> None:
    ids = await add(engine, 3)
    acts = BulkActs(engine)

    refusals = [
        await acts.carry_out(order(Choice(wanted=FAILED), expected_count=2), never),
        await acts.carry_out(order(Choice(ids=tuple(ids)), expected_count=4), never),
        await acts.carry_out(order(Choice(wanted=FAILED, limit=1), expected_count=3), never),
    ]

    assert refusals == [CountDiffers(3), CountDiffers(3), CountDiffers(1)]
    assert await scalar(engine, "select count(*) from dead_letters where state = 'failed'") == 3


async def test_many_need_their_number_and_too_many_are_refused(engine: AsyncEngine) -> None:
    ids = await add(engine, 11)
    acts = BulkActs(engine, most=20, confirm_above=10)

    unsaid = await acts.carry_out(order(Choice(wanted=FAILED)), never)
    counted = await acts.count(Choice(wanted=FAILED))
    await add(engine, 10)
    beyond = await acts.carry_out(order(Choice(wanted=FAILED), expected_count=20), never)
    uncounted = await acts.count(Choice(wanted=FAILED))
    listed = await acts.carry_out(order(Choice(ids=tuple(ids))), never)
    some = await acts.carry_out(order(Choice(wanted=FAILED, limit=5), expected_count=5), never)

    assert (unsaid, counted.count) == (NotConfirmed(11), 11)
    assert (beyond, uncounted.count) == (TooMany(), 21)
    assert [each.done for each in (listed, some) if isinstance(each, BulkDone)] == [11, 5]


@pytest.mark.parametrize("ended_by", ["left", "stopped"])
async def test_an_act_that_nobody_waits_for_ends_between_two_chunks(engine: AsyncEngine, ended_by: BulkEnd) -> None:
    await add(engine, COUNT)
    acts = BulkActs(engine)

    result = await acts.carry_out(order(Choice(wanted=FAILED)), after(1, ended_by))
    rest = await acts.carry_out(order(Choice(wanted=FAILED)), never)

    assert isinstance(result, BulkDone)
    assert (result.matched, result.done, result.ended_by) == (COUNT, CHUNK, ended_by)
    assert isinstance(rest, BulkDone)
    assert rest.done == COUNT - CHUNK
    rows = await PostgresAudit(engine).entries(AuditFilter(action="dead_letters"))
    assert [row.details["ended_by"] for row in rows] == ["finished", ended_by]


async def test_ids_that_were_not_reached_are_named(engine: AsyncEngine) -> None:
    ids = await add(engine, CHUNK + 2)

    result = await BulkActs(engine).carry_out(order(Choice(ids=tuple(ids))), after(1, "stopped"))

    assert isinstance(result, BulkDone)
    assert (result.done, result.skipped_count) == (CHUNK, 2)
    assert list(result.skipped) == [Skipped(id=each, state="not_reached") for each in ids[CHUNK:]]


async def test_a_second_act_is_refused_while_one_runs_on_another_replica(engine: AsyncEngine, database: str) -> None:
    await add(engine, 2)
    other = open_engine(database)
    begun = asyncio.Event()

    async with asyncio.timeout(20):
        async with engine.begin() as connection:
            # The first act waits for these rows with its first chunk.
            await connection.execute(text("select from dead_letters for update"))
            first = asyncio.create_task(BulkActs(engine).carry_out(order(Choice(wanted=FAILED)), begun.set))
            await begun.wait()
            refusal = await BulkActs(other).carry_out(order(Choice(ids=(1,)), action="discard"), never)
        done = await first
    await other.dispose()

    assert isinstance(refusal, AnotherRuns)
    assert (refusal.actor, refusal.action, refusal.matched, refusal.done) == ("alice", "reprocess", 2, 0)
    assert isinstance(done, BulkDone)
    assert done.done == 2


async def test_of_many_begun_at_once_every_letter_is_acted_upon_once(engine: AsyncEngine) -> None:
    await add(engine, 50)
    acts = BulkActs(engine)

    results = await asyncio.gather(*(acts.carry_out(order(Choice(wanted=FAILED)), never) for _ in range(6)))

    assert sum(each.done for each in results if isinstance(each, BulkDone)) == 50
    assert await scalar(engine, "select count(*) from ledger") == 50


async def test_an_act_whose_daemon_died_is_over_after_its_lease_and_told_so(engine: AsyncEngine) -> None:
    await add(engine, COUNT)
    acts = BulkActs(engine)

    def die() -> BulkEnd | None:
        if next(chunks) == 1:
            raise RuntimeError("the daemon died")
        return None

    chunks = iter(range(9))
    with pytest.raises(RuntimeError):
        await acts.carry_out(order(Choice(wanted=FAILED)), die)
    early = await acts.carry_out(order(Choice(wanted=FAILED)), never)
    await execute(engine, "update bulk_acts set lease_until = now() - interval '1 second'")
    late = await acts.carry_out(order(Choice(wanted=FAILED)), never)

    assert isinstance(early, AnotherRuns)
    assert (early.matched, early.done) == (COUNT, CHUNK)
    assert isinstance(late, BulkDone)
    assert late.done == COUNT - CHUNK
    rows = await PostgresAudit(engine).entries(AuditFilter(action="dead_letters.reprocessed"))
    assert [(row.details["ended_by"], row.details["done"]) for row in rows] == [
        ("finished", COUNT - CHUNK),
        ("lost", CHUNK),
    ]


async def test_an_act_that_was_taken_for_dead_writes_nothing_more(engine: AsyncEngine) -> None:
    await add(engine, COUNT)
    await at_every_chunk(engine, "new.state := 'lost'; new.ended_at := now(); return new;")

    result = await BulkActs(engine).carry_out(order(Choice(wanted=FAILED)), never)

    assert isinstance(result, BulkDone)
    assert (result.done, result.ended_by) == (CHUNK, "lost")
    assert await scalar(engine, "select count(*) from ledger") == CHUNK
    assert await scalar(engine, "select count(*) from audit_log") == CHUNK


async def test_a_chunk_whose_audit_rows_cannot_be_written_did_not_happen(engine: AsyncEngine) -> None:
    await add(engine, 2)
    await execute(engine, "alter table audit_log add constraint never check (action <> 'dead_letter.reprocessed')")
    acts = BulkActs(engine)

    with pytest.raises(DatabaseUnavailable):
        await acts.carry_out(order(Choice(wanted=FAILED)), never)

    assert await scalar(engine, "select count(*) from dead_letters where state = 'failed'") == 2
    assert await scalar(engine, "select count(*) from ledger") == 0
    assert await scalar(engine, "select state from bulk_acts") == "lost"
    discarded = await acts.carry_out(order(Choice(wanted=FAILED), action="discard"), never)
    assert isinstance(discarded, BulkDone)


async def test_the_skipped_are_all_counted_and_the_first_are_named(engine: AsyncEngine) -> None:
    result = await BulkActs(engine).carry_out(order(Choice(ids=tuple(range(1, SKIPPED_SHOWN + 502)))), never)

    assert isinstance(result, BulkDone)
    assert (len(result.skipped), result.skipped_count, result.done) == (SKIPPED_SHOWN, SKIPPED_SHOWN + 501, 0)
