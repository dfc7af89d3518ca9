"""The parts of the demonstration that decide without asking anybody."""

from datetime import UTC, datetime

import pytest

from daemon.sync.events import check_event
from deploy.demonstration.sample import make_sample
from deploy.demonstration.story import Settings
from queues.message import ChangeEvent
from queues.plan import plan_delivery
from queues.settings import QueueProcessingSettings

NOW = datetime(2026, 11, 21, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("threshold", "batch", "waiting"), [(25, 25, 50), (25, 5, 50), (50, 25, 50), (25, 25, 51), (0, 100, 7), (25, 25, 0)]
)
def test_the_demonstration_foretells_the_requests_that_the_engine_plans(
    threshold: int, batch: int, waiting: int
) -> None:
    document = {"threshold_count": threshold, "batch_count": batch, "retry_count": 3}
    told = Settings.from_document({**document, "check_process_time": 50, "process_sleep_time": 5, "version": 4})

    planned = plan_delivery(
        QueueProcessingSettings(threshold_count=threshold, batch_count=batch), waiting=waiting, batchable=True
    )

    assert tuple(told.requests(waiting)) == planned.sizes


def test_every_event_of_the_sample_is_one_the_connector_accepts() -> None:
    sample = make_sample(["AC-1000", "AC-1001"], now=NOW)

    for document in sample.events:
        check_event(ChangeEvent.from_document(document))
    assert [document["subject"] for document in sample.events] == ["AC-1000", "AC-1001"]
    assert [document["data"]["price"] for document in sample.events] == ["17.00", "17.25"]
    assert (sample.refused, sample.refused_price) == ("AC-1001", "17.25")


def test_events_of_two_samples_are_not_taken_for_repeats() -> None:
    first, second = make_sample(["AC-1000"], now=NOW), make_sample(["AC-1000"], now=NOW)

    assert first.events[0]["id"] != second.events[0]["id"]


def test_an_empty_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="no products"):
        make_sample([], now=NOW)
