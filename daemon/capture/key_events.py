"""Events that carry a key only: the record is read when it is sent, so that its newest state goes out."""

from collections.abc import Sequence

from daemon.capture.ports import Look
from queues.message import ChangeEvent
from queues.postgres.changed_keys import DueKey


class KeyEvents:
    """
    Matches `ChangeReader` for entities whose records are read when they are sent.

    Args:
        source: of the events, `acumatica/<tenant>`.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        """Make an event of each key, without asking anybody."""
        return [(key_event(each, source=self._source),) for each in keys]


def key_event(key: DueKey, *, source: str) -> ChangeEvent:
    """Make the event that says of *key* no more than that it changed; the same for the same look."""
    return ChangeEvent(
        id=event_id(key),
        source=source,
        type=key.event_type,
        subject=key.key,
        time=key.version,
        changed=key.changed,
        data={},
    )


def event_id(key: DueKey, *, part: str = "") -> str:
    """
    Give the id of the event that comes of a look: a look made again after a crash makes the same one.

    Args:
        key: what is looked at.
        part: which of several events of one look.
    """
    return "-".join(filter(None, (f"{key.version:%Y%m%dT%H%M%S.%fZ}", str(key.revision), part, key.key)))[:255]
