"""What change capture needs from the outside, as Protocols it owns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from queues.errors import BrokerUnavailable, QueueError
from queues.message import ChangeEvent
from queues.postgres.changed_keys import DueKey
from queues.postgres.skipped_records import PassedOver
from queues.rabbitmq.publisher import Publication


class SourceUnavailable(QueueError):
    """
    The system the records are read from did not answer, or refused; its text says which and why.

    Attributes:
        may_be_one: it answered, so that one record among those asked for may be what it stumbles over.
    """

    def __init__(self, text: str, *, may_be_one: bool = False) -> None:
        super().__init__(text)
        self.may_be_one = may_be_one


class ChangedKeys(Protocol):
    """The keys to be looked at; all raise DatabaseUnavailable."""

    async def take(self, limit: int) -> Sequence[DueKey]:
        """Take at most *limit* keys that are due; nobody else takes them before the lease is over."""

    async def done(self, keys: Sequence[DueKey]) -> None:
        """Note that *keys* were looked at; those noted again meanwhile are due again."""

    async def failed(self, keys: Sequence[DueKey], error: str) -> None:
        """Note that looking at *keys* failed; they are due again after a pause."""


class SkippedLog(Protocol):
    """Where it is written down which records were passed over."""

    async def write(self, queue: str, records: Sequence[PassedOver]) -> None:
        """Write down that no event was made of *records*, which would have gone into *queue*."""


class Publisher(Protocol):
    """Publishes events, confirmed."""

    async def publish(self, publications: Sequence[Publication]) -> Sequence[BrokerUnavailable | None]:
        """Publish; answer None or what went wrong for each, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A record from which no event is made, and the reason for people."""

    reason: str


Look = tuple[ChangeEvent, ...] | Passed
"""What came of looking at one record: events (of an item's stock one for each source), or the reason for none."""


class ChangeReader(Protocol):
    """Makes change events of keys of one event type."""

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        """
        Look at the records and give one answer each, in order.

        Raises:
            SourceUnavailable: they cannot be read now.
        """
