"""The Queue Processing Settings as a document: replaced or merged as a whole, every fault told at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from queues.settings import QueueProcessingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """One version of the Queue Processing Settings; version 0 are the defaults, by nobody."""

    version: int
    settings: QueueProcessingSettings
    created_at: datetime | None
    created_by: str
    reason: str


def replaced(document: Mapping[str, Any]) -> QueueProcessingSettings:
    """
    Read a whole document; what it leaves out takes its default.

    Raises:
        InvalidSettings: naming every field at fault.
    """
    return QueueProcessingSettings.from_document(document)


def merged(current: QueueProcessingSettings, changes: Mapping[str, Any]) -> QueueProcessingSettings:
    """
    Lay *changes* over *current* as a JSON merge patch (RFC 7396): null takes a field back to its default.

    Raises:
        InvalidSettings: naming every field at fault.
    """
    document = {**current.to_document(), **changes}
    in_flight = changes.get("max_in_flight")
    if isinstance(in_flight, Mapping):
        together = {**current.max_in_flight, **in_flight}
        document["max_in_flight"] = {entity: number for entity, number in together.items() if number is not None}
    return QueueProcessingSettings.from_document(
        {name: value for name, value in document.items() if value is not None or name not in changes}
    )


def advise(settings: QueueProcessingSettings) -> Sequence[str]:
    """Say what is allowed but hardly meant, for people; empty when there is nothing to say."""
    advice = []
    if settings.process_sleep_time >= settings.check_process_time:
        advice.append(
            f"process_sleep_time ({settings.process_sleep_time} s) is not below check_process_time "
            f"({settings.check_process_time} s): a run makes one check only"
        )
    if settings.batch_count == 1:
        advice.append("batch_count is 1: above threshold_count every record still goes in a request of its own")
    if settings.retry_count == 1:
        advice.append("retry_count is 1: a message is Failed after its first failed attempt")
    return advice
