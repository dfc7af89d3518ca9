"""Workers hear of "run now" and "resume" at once; a lost connection is made anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest

from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.queues import PostgresQueues
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.waking import ScheduleNews
from tests.proxy import proxied

QUEUE = "main.to_magento.pricing"
ACT = Act(actor="tests", reason="", request_id="")


@asynccontextmanager
async def listening(url: str, *, probe_seconds: float = 20.0) -> AsyncIterator[asyncio.Queue[str | None]]:
    """Have a listener on *url*; what it hears comes out of the queue."""
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    engine = open_engine(url, pool_size=1, name="listener")
    task = asyncio.create_task(ScheduleNews(engine, wake=heard.put_nowait, probe_seconds=probe_seconds).run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engine.dispose()


@pytest.fixture
async def queues(database: str) -> AsyncIterator[PostgresQueues]:
    engine = open_engine(database)
    await PostgresSchedule(engine).register(QUEUE)
    yield PostgresQueues(engine, interval=timedelta(seconds=60))
    await engine.dispose()


async def test_run_now_and_resume_are_heard(queues: PostgresQueues, database: str) -> None:
    async with asyncio.timeout(60), listening(database) as heard:
        assert await heard.get() is None

        await queues.run_now(QUEUE, ACT)
        assert await heard.get() == QUEUE
        await queues.pause(QUEUE, ACT)
        await queues.resume(QUEUE, ACT)
        assert await heard.get() == QUEUE


async def test_after_its_connection_was_cut_it_listens_again_and_everybody_looks(
    queues: PostgresQueues, database: str
) -> None:
    async with asyncio.timeout(60), listening(database) as heard:
        assert await heard.get() is None
        connection = await asyncpg.connect(database)
        await connection.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name = 'listener'"
        )
        await connection.close()

        assert await heard.get() is None
        await queues.run_now(QUEUE, ACT)
        assert await heard.get() == QUEUE


async def test_a_connection_that_is_half_open_is_noticed(queues: PostgresQueues, database: str) -> None:
    async with asyncio.timeout(60), proxied(database) as (proxy, url), listening(url, probe_seconds=0.2) as heard:
        assert await heard.get() is None
        before = proxy.accepted
        proxy.blackhole()
        while proxy.accepted == before:  # noqa: ASYNC110 - the proxy announces nothing
            await asyncio.sleep(0.01)
        proxy.heal()

        assert await heard.get() is None
        await queues.run_now(QUEUE, ACT)
        assert await heard.get() == QUEUE
