from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.retry import HOPELESS, after_attempt
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, ErrorClass, Refused, Skipped, Undetermined, Unreachable, Verdict
from tests.strategies import queue_settings

failures: st.SearchStrategy[Verdict] = st.one_of(
    st.sampled_from(get_args(ErrorClass)).map(lambda name: Refused(error_class=name, text="no")),
    st.just(Unreachable(text="nobody there")),
    st.just(Undetermined(text="could not save")),
)


@given(queue_settings(), st.integers(1, 20), failures)
def test_a_failed_attempt_waits_below_the_retry_count_and_is_failed_at_it(
    settings: QueueProcessingSettings, attempt: int, verdict: Verdict
) -> None:
    follows = after_attempt(settings, attempt=attempt, verdict=verdict)

    assert follows.state == ("failed" if attempt >= settings.retry_count else "waiting")
    assert follows.reason


@given(queue_settings(), st.integers(1, 20))
def test_success_on_any_attempt_is_success(settings: QueueProcessingSettings, attempt: int) -> None:
    assert after_attempt(settings, attempt=attempt, verdict=Delivered()).state == "delivered"


@given(queue_settings(), st.integers(1, 20))
def test_what_a_gate_keeps_back_is_skipped_and_never_failed(settings: QueueProcessingSettings, attempt: int) -> None:
    follows = after_attempt(settings, attempt=attempt, verdict=Skipped(reason="class not enabled"))

    assert (follows.state, follows.reason) == ("skipped", "class not enabled")


@pytest.mark.parametrize("error_class", get_args(ErrorClass))
def test_fail_fast_fails_at_once_only_what_can_never_succeed(error_class: ErrorClass) -> None:
    settings = QueueProcessingSettings(retry_count=3, fail_fast=True)

    follows = after_attempt(settings, attempt=1, verdict=Refused(error_class=error_class, text="no"))

    assert follows.state == ("failed" if error_class in HOPELESS else "waiting")


def test_there_is_no_attempt_number_nought() -> None:
    with pytest.raises(ValueError, match="attempt must be >= 1, got 0"):
        after_attempt(QueueProcessingSettings(), attempt=0, verdict=Delivered())
