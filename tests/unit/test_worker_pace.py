"""How far ahead a check claims: by the pace of its target."""

import pytest

from queues.settings import QueueProcessingSettings
from queues.worker.pace import CLAIM_GROUP, Pace
from tests.engine import Engine, build, pricing, running
from tests.fakes.clock import FakeClock


async def paced(seconds: float, *, request_size: int = 1, in_flight: int = 1, window: int = 2_000) -> Pace:
    clock = FakeClock()
    pace = Pace(clock, request_size=request_size, in_flight=in_flight, window=window)
    began_at = pace.begin()
    await clock.advance(seconds)
    pace.end(began_at)
    return pace


def ahead(engine: Engine) -> int:
    """The messages claimed, and not sent yet."""
    return sum(engine.ledger.claimed_at_once) - len(engine.sender.requests)


@pytest.mark.parametrize(
    ("seconds", "request_size", "in_flight", "messages"),
    [
        (0.0, 1, 1, 200),
        (0.0, 25, 1, 200),
        (0.0, 30, 1, 180),
        (0.0, 500, 1, 500),
        (0.01, 1, 16, 160),
        (0.036, 1, 1, 2),
        (0.036, 25, 1, 50),
        (0.3, 1, 1, 1),
        (0.3, 25, 1, 25),
        (5.0, 1, 16, 8),
    ],
)
async def test_a_group_keeps_the_target_busy_for_a_tenth_of_a_second(
    seconds: float, request_size: int, in_flight: int, messages: int
) -> None:
    pace = await paced(seconds, request_size=request_size, in_flight=in_flight)

    assert pace.next_group() == messages


@pytest.mark.parametrize(("seconds", "request_size", "in_flight"), [(0.0, 1, 1), (0.0, 20, 16), (5.0, 20, 16)])
async def test_a_group_fits_into_the_window(seconds: float, request_size: int, in_flight: int) -> None:
    pace = await paced(seconds, request_size=request_size, in_flight=in_flight, window=50)

    assert pace.next_group() in {40, 50}


async def test_a_target_that_turns_slow_is_noticed_within_a_few_requests() -> None:
    clock = FakeClock()
    pace = Pace(clock, request_size=1, in_flight=1, window=2_000)
    groups = []
    for seconds in (0.0, 0.0, 1.0, 1.0, 1.0):
        began_at = pace.begin()
        await clock.advance(seconds)
        pace.end(began_at)
        groups.append(pace.next_group())

    assert groups == [CLAIM_GROUP, CLAIM_GROUP, 1, 1, 1]


@pytest.mark.parametrize(("in_flight", "claimed"), [(1, 2), (4, 2)])
async def test_at_a_slow_target_only_a_few_requests_are_claimed_ahead(in_flight: int, claimed: int) -> None:
    engine = build(QueueProcessingSettings(threshold_count=500), definition=pricing(max_in_flight=in_flight))
    engine.sender.seconds = 1.0
    engine.publish_count(200)
    most = 0

    async with running(engine):
        for _ in range(30):
            await engine.clock.advance(0.5)
            most = max(most, ahead(engine))

    assert most <= claimed
    assert engine.sender.most_in_hand == in_flight


async def test_at_a_fast_target_claims_are_made_in_large_groups() -> None:
    engine = build(QueueProcessingSettings(threshold_count=500))
    engine.publish_count(500)

    async with running(engine):
        while len(engine.sender.requests) < 500:
            await engine.clock.advance(0)

    assert max(engine.ledger.claimed_at_once) == CLAIM_GROUP
    assert len(engine.ledger.claimed_at_once) < 12
