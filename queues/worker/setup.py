"""What a worker is given: the queue's own parts, the ports, and the spans that keep claims and requests in order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from queues.definition import QueueDefinition
from queues.message import ChangeEvent
from queues.ports import CheckSummary, Clock, Ledger, MessageSource, Schedule, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedQueue:
    """
    One queue and what its messages are for.

    Attributes:
        check_event: raises InvalidMessage for an event that this entity cannot be; asked before any attempt.
        part_of: the part of the record an event is about, "" where records have no parts.
        on_check: told of every finished check, for metrics.
    """

    definition: QueueDefinition
    sender: Sender
    check_event: Callable[[ChangeEvent], None]
    part_of: Callable[[ChangeEvent], str]
    on_check: Callable[[QueueDefinition, CheckSummary], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside world of the worker."""

    clock: Clock
    source: MessageSource
    ledger: Ledger
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """
    How long things may take.

    Attributes:
        run_lease: a run's lease; renewed three times in it.
        claim_lease: a claim's lease; longer than two requests may take.
        request: the longest a request may take, deadline included.

    Raises:
        ValueError: a claim could expire under a request that is still allowed to run.
    """

    run_lease: timedelta
    claim_lease: timedelta
    request: timedelta

    def __post_init__(self) -> None:
        """Check what must hold between the spans."""
        if self.claim_lease < 2 * self.request:
            raise ValueError(f"claim_lease must be at least twice request ({self.request}), got {self.claim_lease}")
