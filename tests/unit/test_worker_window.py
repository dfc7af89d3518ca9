"""What a check has in hand stays small, however large the messages are (RELIABILITY.md, F12)."""

import asyncio

import pytest

from queues.settings import QueueProcessingSettings
from queues.worker.window import SAMPLE_WINDOW, WINDOW_BYTES, Window
from tests.engine import Engine, build, running

LARGE = 2 * 1024 * 1024


def windows(engine: Engine) -> list[int]:
    return engine.source.windows(engine.definition.name)


def publish_large(engine: Engine, numbers: range) -> None:
    """Publish what is no event of ours, but lies in the queue all the same."""
    for number in numbers:
        engine.source.publish(engine.definition.name, f"{number} ".encode() + bytes(LARGE))


async def until_buried(engine: Engine, count: int) -> None:
    """Let time pass until so many are dead letters: groups of outcomes wait for company by the real clock."""
    async with asyncio.timeout(60):
        while len(engine.ledger.unreadable()) < count:
            await engine.clock.advance(1)


@pytest.mark.parametrize(
    ("body_bytes", "limit"), [(300, 900), (256 * 1024, 256), (16 * 1024 * 1024, 4), (WINDOW_BYTES * 2, 1)]
)
def test_the_window_holds_so_many_bytes_and_at_least_one_delivery(body_bytes: int, limit: int) -> None:
    window = Window()
    for _ in range(10):
        window.note(body_bytes)

    assert window.limit(900) == limit


async def test_a_check_after_large_messages_has_fewer_in_hand() -> None:
    engine = build(QueueProcessingSettings(threshold_count=500))
    publish_large(engine, range(10))

    async with running(engine):
        await until_buried(engine, 10)
        publish_large(engine, range(10, 60))
        await until_buried(engine, 60)

    assert windows(engine) == [10, WINDOW_BYTES // LARGE - 1]


@pytest.mark.parametrize("batch_count", [1, 25, 100])
async def test_after_a_lost_run_sizes_are_learnt_before_more_is_fetched(batch_count: int) -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=batch_count))
    publish_large(engine, range(50))
    engine.publish_count(60)
    await engine.schedule.register(engine.definition.name)
    await engine.schedule.begin_run(engine.definition.name)  # by a worker that is never heard of again

    async with running(engine):
        await until_buried(engine, 50)
        while len(engine.sender.requests) * batch_count < 60:
            await engine.clock.advance(1)

    assert windows(engine)[0] == SAMPLE_WINDOW
    assert max(windows(engine)) <= WINDOW_BYTES // LARGE + 1
    assert await engine.waiting() == 0
