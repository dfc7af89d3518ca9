from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.settings import QueueProcessingSettings
from queues.window import NextTick, due_tick, is_due, may_check, next_tick, sleep_before_next_check
from tests.cases_file import CASES
from tests.strategies import queue_settings

MINUTE = timedelta(minutes=1)
TICK = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def walk(settings: QueueProcessingSettings, durations: list[float]) -> tuple[list[float], float]:
    """Walk through one run whose checks take *durations*, the last one for all later checks."""
    elapsed = 0.0
    starts: list[float] = []
    for duration in chain(durations[:-1], repeat(durations[-1])):
        starts.append(elapsed)
        elapsed += duration
        pause = sleep_before_next_check(settings, elapsed=elapsed)
        if pause is None:
            break
        elapsed += pause
        if not may_check(settings, elapsed=elapsed):
            break
    return starts, elapsed


@pytest.mark.parametrize(
    "case",
    CASES["runs"],
    ids=lambda case: f"{case['check_process_time']}-{case['process_sleep_time']}-{case['check_durations'][0]}",
)
def test_a_run_is_as_the_worked_example_says(case: dict[str, Any]) -> None:
    settings = QueueProcessingSettings(
        check_process_time=case["check_process_time"], process_sleep_time=case["process_sleep_time"]
    )

    starts, ended = walk(settings, case["check_durations"])
    following = next_tick(TICK, now=TICK + timedelta(seconds=ended), interval=MINUTE)

    assert starts == case["checks_start_at"]
    assert ended == case["run_ends_at"]
    assert (following.at - TICK).total_seconds() == case["next_run_at"]
    assert following.skipped == case["ticks_skipped"]


@pytest.mark.parametrize("case", CASES["attempts"], ids=lambda case: str(case["retry_count"]))
def test_attempts_fall_on_the_seconds_of_the_worked_example(case: dict[str, Any]) -> None:
    settings = QueueProcessingSettings(
        check_process_time=case["check_process_time"], process_sleep_time=case["process_sleep_time"]
    )

    starts, _ = walk(settings, [0])
    checks = [60 * run + start for run in range(case["retry_count"]) for start in starts]

    assert checks[: case["retry_count"]] == case["attempts_at"]


@given(queue_settings())
def test_with_instant_checks_there_are_as_many_as_sleeps_fit(settings: QueueProcessingSettings) -> None:
    starts, ended = walk(settings, [0])

    assert len(starts) == -(-settings.check_process_time // settings.process_sleep_time)
    assert ended == settings.check_process_time


@given(queue_settings(), st.lists(st.floats(0, 70), min_size=1, max_size=8))
def test_only_the_first_check_is_certain_and_none_starts_at_or_after_the_end(
    settings: QueueProcessingSettings, durations: list[float]
) -> None:
    starts, ended = walk(settings, [*durations, 70])

    assert starts[0] == 0
    assert all(start < settings.check_process_time for start in starts)
    assert ended >= settings.check_process_time


@given(st.integers(0, 10_000), st.integers(0, 100_000))
def test_the_next_tick_is_on_the_grid_and_not_before_the_end(ticks: int, milliseconds: int) -> None:
    tick = TICK + ticks * MINUTE
    now = tick + timedelta(milliseconds=milliseconds * 7)

    following = next_tick(tick, now=now, interval=MINUTE)

    assert (following.at - TICK) % MINUTE == timedelta(0)
    assert following.at >= max(now, tick + MINUTE)
    assert following.at - max(now, tick + MINUTE) < MINUTE
    assert following.at == tick + (following.skipped + 1) * MINUTE


@given(st.integers(0, 10_000_000))
def test_a_late_start_serves_the_newest_tick_once(milliseconds: int) -> None:
    now = TICK + timedelta(milliseconds=milliseconds)

    due = due_tick(TICK, now=now, interval=MINUTE)

    assert due.at <= now < due.at + MINUTE
    assert due.at == TICK + due.skipped * MINUTE


@given(st.integers(-10_000_000, 10_000_000))
def test_a_tick_further_ahead_than_any_can_be_is_due_and_serves_now(milliseconds: int) -> None:
    scheduled = TICK + timedelta(milliseconds=milliseconds)

    assert is_due(scheduled, now=TICK, interval=MINUTE) == (milliseconds <= 0 or milliseconds > 60_000)
    if milliseconds > 0:
        assert due_tick(scheduled, now=TICK, interval=MINUTE) == NextTick(at=TICK, skipped=0)


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="interval must be positive"):
        next_tick(TICK, now=TICK, interval=timedelta(0))
    with pytest.raises(ValueError, match="interval must be positive"):
        due_tick(TICK, now=TICK, interval=timedelta(0))
