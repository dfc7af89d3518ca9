from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.errors import InvalidSettings
from queues.settings import RANGES, QueueProcessingSettings
from tests.cases_file import CASES
from tests.strategies import queue_settings


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: f"{case['field']}={case['value']!r}")
def test_a_value_out_of_its_range_is_refused_by_field_range_and_value(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        QueueProcessingSettings.from_document({case["field"]: case["value"]})

    (fault,) = refusal.value.faults
    assert fault.field == case["field"]
    assert fault.value == case["value"]
    assert str(fault) == f"{case['field']} must be {RANGES[case['field']]}, got {case['value']!r}"


def test_the_defaults_are_those_of_the_design() -> None:
    settings = QueueProcessingSettings()

    assert [getattr(settings, name) for name in RANGES] == [25, 25, 3, 50, 5]
    assert (settings.outage_policy, settings.fail_fast, settings.coalesce) == ("count", False, False)


def test_all_faults_are_told_at_once() -> None:
    document = {"retry_count": 0, "batch_count": "5", "fail_fast": 1, "outage_policy": "wait", "retries": 3}

    with pytest.raises(InvalidSettings) as refusal:
        QueueProcessingSettings.from_document(document)

    assert {fault.field for fault in refusal.value.faults} == set(document)


@given(queue_settings())
def test_a_document_read_back_is_the_same_settings(settings: QueueProcessingSettings) -> None:
    assert QueueProcessingSettings.from_document(settings.to_document()) == settings


@given(st.sampled_from(sorted(RANGES)), st.integers())
def test_every_integer_is_either_in_range_or_refused(name: str, value: int) -> None:
    if RANGES[name].holds(value):
        assert getattr(QueueProcessingSettings.from_document({name: value}), name) == value
    else:
        with pytest.raises(InvalidSettings):
            QueueProcessingSettings.from_document({name: value})


@pytest.mark.parametrize("value", [0, 65, "4", True, None])
def test_requests_in_flight_out_of_range_are_refused_by_entity(value: object) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        QueueProcessingSettings.from_document({"max_in_flight": {"pricing": value}})

    assert refusal.value.faults[0].field == "max_in_flight.pricing"
