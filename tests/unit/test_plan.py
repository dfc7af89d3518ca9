from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.plan import plan_delivery
from queues.settings import QueueProcessingSettings
from tests.cases_file import CASES
from tests.strategies import queue_settings


@pytest.mark.parametrize(
    "case", CASES["plans"], ids=lambda case: "{waiting}-{threshold_count}-{batch_count}".format(**case)
)
def test_a_plan_is_as_the_worked_example_says(case: dict[str, Any]) -> None:
    settings = QueueProcessingSettings(threshold_count=case["threshold_count"], batch_count=case["batch_count"])

    plan = plan_delivery(settings, waiting=case["waiting"], batchable=True)

    assert (plan.mode, plan.requests, list(plan.sizes)) == (case["mode"], case["requests"], case["sizes"])


@given(queue_settings(), st.integers(0, 10_000), st.booleans())
def test_a_plan_sends_every_waiting_message_once(
    settings: QueueProcessingSettings,
    waiting: int,
    batchable: bool,  # noqa: FBT001 - hypothesis passes by name
) -> None:
    plan = plan_delivery(settings, waiting=waiting, batchable=batchable)

    assert sum(plan.sizes) == waiting
    assert len(plan.sizes) == plan.requests
    assert all(0 < size <= max(1, settings.batch_count) for size in plan.sizes)
    assert batchable or set(plan.sizes) <= {1}


@given(queue_settings(), st.integers(1, 10_000))
def test_above_the_threshold_all_go_in_as_few_requests_as_the_batch_count_allows(
    settings: QueueProcessingSettings, waiting: int
) -> None:
    plan = plan_delivery(settings, waiting=waiting, batchable=True)

    if waiting > settings.threshold_count:
        assert plan.mode == "batch"
        assert plan.requests == -(-waiting // settings.batch_count)
        assert all(size == settings.batch_count for size in plan.sizes[:-1])
    else:
        assert plan.mode == "single"
        assert plan.requests == waiting


@given(queue_settings())
def test_a_queue_that_is_not_batchable_sends_fifty_records_in_fifty_requests(settings: QueueProcessingSettings) -> None:
    assert plan_delivery(settings, waiting=50, batchable=False).sizes == (1,) * 50


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="waiting must be >= 0, got -1"):
        plan_delivery(QueueProcessingSettings(), waiting=-1, batchable=True)
