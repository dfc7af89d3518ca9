"""Wrong tokens are throttled by where they come from and in all; right ones are never held up."""

import pytest

from daemon.http.throttle import SOURCES_KEPT, TRIES, TRIES_OF_ALL, FailureThrottle
from tests.fakes.clock import FakeClock
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World

WRONG = {"Authorization": "Bearer wrong"}
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


async def test_too_many_wrong_tokens_are_answered_429_and_the_right_one_still_passes() -> None:
    world = World()
    async with serving(world, token=None) as client:
        statuses = [(await client.get("/api/v1/queues", headers=WRONG)).status for _ in range(100)]
        refused = await client.get("/api/v1/queues", headers=WRONG)
        right = await client.get("/api/v1/queues", headers=RIGHT)
        await world.clock.advance(2)
        heard = await client.get("/api/v1/queues", headers=WRONG)
        metrics = await (await client.get("/metrics")).text()

    assert statuses == [401] * TRIES + [429] * (100 - TRIES)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert right.status == 200
    assert heard.status == 401
    assert f'connector_wrong_tokens_total{{answer="401"}} {TRIES + 1}.0' in metrics


async def test_a_call_without_a_token_is_no_wrong_try() -> None:
    async with serving(World(), token=None) as client:
        for _ in range(TRIES + 5):
            assert (await client.get("/api/v1/queues")).status == 401
        assert (await client.get("/api/v1/queues", headers=WRONG)).status == 401


def test_each_source_has_its_own_tries() -> None:
    throttle = FailureThrottle(FakeClock())

    assert [throttle.failed("192.0.2.1") for _ in range(TRIES + 2)] == [0] * TRIES + [1, 1]
    assert throttle.failed("192.0.2.2") == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_addresses_that_one_guesser_has_at_hand_are_one_source(one: str, other: str) -> None:
    throttle = FailureThrottle(FakeClock())
    for _ in range(TRIES):
        assert throttle.failed(one) == 0

    assert throttle.failed(other) > 0
    assert throttle.failed("2001:db8:1:3::1") == 0


async def test_many_sources_together_are_throttled_and_get_tries_back() -> None:
    clock = FakeClock()
    throttle = FailureThrottle(clock)

    waits = [throttle.failed(f"source {number}") for number in range(TRIES_OF_ALL + 3)]
    await clock.advance(0.5)
    later = [throttle.failed(f"later {number}") for number in range(11)]

    assert waits == [0] * TRIES_OF_ALL + [1] * 3
    assert later == [0] * 10 + [1]


def test_a_source_that_is_refused_takes_nothing_from_the_others() -> None:
    throttle = FailureThrottle(FakeClock())
    for _ in range(10 * TRIES_OF_ALL):
        throttle.failed("the loud one")

    assert [throttle.failed(f"source {number}") for number in range(TRIES_OF_ALL - TRIES)] == [0] * (
        TRIES_OF_ALL - TRIES
    )


def test_the_memory_of_sources_is_bounded() -> None:
    throttle = FailureThrottle(FakeClock())
    for number in range(SOURCES_KEPT + 100):
        throttle.failed(f"source {number}")

    assert len(throttle._sources) == SOURCES_KEPT  # noqa: SLF001 - the bound itself is meant
