"""What the watchdogs read of the queues."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.ports import RunLease
from queues.postgres.engine import open_engine
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.watching import PostgresWatch

NAME = "main.to_magento.pricing"


@pytest_asyncio.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """Provide a migrated database of this test."""
    engine = open_engine(database)
    yield engine
    await engine.dispose()


async def test_a_renewal_is_no_sign_of_work_but_being_held_up_by_another_queue_is_one(engine: AsyncEngine) -> None:
    schedule, watch = PostgresSchedule(engine), PostgresWatch(engine)
    await schedule.register(NAME)
    lease = await schedule.begin_run(NAME)
    assert isinstance(lease, RunLease)
    async with engine.begin() as connection:
        await connection.execute(text("update runs set started_at = started_at - interval '1 hour'"))

    async def idle() -> timedelta:
        (facts,) = await watch.facts([NAME])
        assert facts.last_sign_at is not None
        return facts.now - facts.last_sign_at

    await schedule.renew(lease)
    assert await idle() >= timedelta(hours=1)

    await schedule.renew(lease, held_up=True)
    assert await idle() < timedelta(minutes=30)

    # What it waited for is over, and it still does nothing: the sign grows old.
    await schedule.renew(lease)
    async with engine.begin() as connection:
        await connection.execute(text("update schedules set held_up_at = held_up_at - interval '40 minutes'"))
    assert await idle() >= timedelta(minutes=40)
