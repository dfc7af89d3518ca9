"""The pauses between tries to connect."""

from hypothesis import given
from hypothesis import strategies as st

from queues.rabbitmq.backoff import Backoff


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_pause_is_never_nothing_and_never_above_the_cap(failures: int, draw: float) -> None:
    pause = Backoff(first_seconds=0.25, cap_seconds=10.0).delay(failures=failures, draw=draw)

    assert 0.125 <= pause <= 10.0


def test_pauses_double_until_the_cap() -> None:
    backoff = Backoff(first_seconds=0.25, cap_seconds=3.0)

    assert [backoff.delay(failures=number, draw=1.0) for number in range(1, 7)] == [0.25, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_takes_at_most_half_of_a_pause() -> None:
    backoff = Backoff(first_seconds=1.0, cap_seconds=10.0)

    assert [backoff.delay(failures=1, draw=draw) for draw in (0.0, 0.5, 1.0)] == [0.5, 0.75, 1.0]
