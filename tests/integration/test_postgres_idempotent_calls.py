"""Idempotent calls in PostgreSQL: one is begun, its answer kept, and what a crash leaves is told by the audit log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.postgres.audit import Act, PostgresAudit
from queues.postgres.engine import open_engine
from queues.postgres.idempotent_calls import (
    Begun,
    IdempotentCall,
    Interrupted,
    KeptAnswer,
    OtherCall,
    PostgresIdempotentCalls,
    UnderWay,
)
from queues.postgres.retention import PostgresRetention

CALL = IdempotentCall(holder="admin", key="key-1", digest=b"x" * 32, request_id="request-1")
AGAIN = replace(CALL, request_id="request-2")
ANSWER = KeptAnswer(status=202, headers={"Content-Type": "application/json"}, body=b'{"requeued": 1}')


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    yield opened
    await opened.dispose()


async def test_of_many_at_once_one_is_begun(engine: AsyncEngine) -> None:
    calls = PostgresIdempotentCalls(engine)

    beginnings = await asyncio.gather(
        *(calls.begin(replace(CALL, request_id=f"request-{number}")) for number in range(10))
    )

    assert sorted(type(each).__name__ for each in beginnings) == ["Begun"] + ["UnderWay"] * 9


async def test_a_kept_answer_is_given_again_whole(engine: AsyncEngine) -> None:
    calls = PostgresIdempotentCalls(engine)
    await calls.begin(CALL)
    await calls.finish(CALL, ANSWER)

    assert await calls.begin(AGAIN) == ANSWER
    assert await calls.begin(replace(AGAIN, digest=b"y" * 32)) == OtherCall()
    assert await calls.begin(replace(AGAIN, holder="another")) == Begun()


async def test_an_answer_whose_body_is_not_kept_stays_without_it(engine: AsyncEngine) -> None:
    calls = PostgresIdempotentCalls(engine)
    await calls.begin(CALL)
    await calls.finish(CALL, replace(ANSWER, body=None))

    assert await calls.begin(AGAIN) == replace(ANSWER, body=None)


async def test_a_call_that_came_to_nothing_begins_again(engine: AsyncEngine) -> None:
    calls = PostgresIdempotentCalls(engine)
    await calls.begin(CALL)
    await calls.give_up(CALL)

    assert await calls.begin(AGAIN) == Begun()
    assert await calls.begin(replace(CALL, request_id="request-3")) == UnderWay()
    await calls.finish(CALL, ANSWER)  # the first one, late: it is not the one that was begun last
    assert await calls.begin(replace(CALL, request_id="request-4")) == UnderWay()


async def test_a_call_whose_daemon_died_before_acting_begins_again_after_its_lease(engine: AsyncEngine) -> None:
    calls = PostgresIdempotentCalls(engine, lease=timedelta())
    await calls.begin(CALL)

    assert await calls.begin(AGAIN) == Begun()


async def test_a_call_whose_daemon_died_after_acting_is_never_carried_out_again(engine: AsyncEngine) -> None:
    calls, audit = PostgresIdempotentCalls(engine, lease=timedelta()), PostgresAudit(engine)
    await calls.begin(CALL)
    await audit.write(Act(actor="a", request_id="request-1"), action="dead_letter.reprocessed", target="1")

    assert await calls.begin(AGAIN) == Interrupted(request_id="request-1")
    assert await calls.begin(AGAIN) == Interrupted(request_id="request-1")


async def test_what_was_refused_or_done_before_it_does_not_count_as_its_act(engine: AsyncEngine) -> None:
    calls, audit = PostgresIdempotentCalls(engine, lease=timedelta()), PostgresAudit(engine)
    await audit.write(Act(actor="a", request_id="request-1"), action="queue.paused", target="q")
    await calls.begin(CALL)
    await audit.write(Act(actor="a", request_id="request-1"), action="queue.paused", target="q", result="refused")

    assert await calls.begin(AGAIN) == Begun()


async def test_a_key_is_free_again_after_a_day(engine: AsyncEngine) -> None:
    calls = PostgresIdempotentCalls(engine)
    await calls.begin(CALL)
    await calls.finish(CALL, ANSWER)
    async with engine.begin() as connection:
        await connection.execute(text("update idempotent_calls set began_at = began_at - interval '25 hours'"))

    dropped = await PostgresRetention(engine, keep=timedelta(days=30)).clean()

    assert dropped["idempotent_calls"] == 1
    assert await calls.begin(AGAIN) == Begun()
