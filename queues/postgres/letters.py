"""Dead letters as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

DeadLetterState = Literal["failed", "reprocessing", "reprocessed", "discarded", "superseded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """
    A message that only a person sends again.

    Attributes:
        key: None for bytes that are no event, as are storeview, time, event_id and source.
        generation: how often it was reprocessed.
        attempts: made in this generation.
        reason: `attempts_used_up`, `outcome_unknown`, `invalid_message`, `unrouted` or `broker_dead_lettered`.
        failed_at: when it last became a Failed message.
        occurrences: how often the same bytes came.
        changed_by: who reprocessed or discarded it; empty where nobody did.
    """

    id: int
    message_id: UUID
    state: DeadLetterState
    queue: str
    key: str | None
    storeview: str | None
    time: datetime | None
    event_id: str | None
    source: str | None
    generation: int
    attempts: int
    reason: str
    error_class: str | None
    error: str
    status: int | None
    failed_at: datetime
    created_at: datetime
    occurrences: int
    changed_at: datetime
    changed_by: str
    changed_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """
    One attempt.

    Attributes:
        outcome: the verdict's name, or `unknown`: the worker stopped before it was recorded.
        records: rows in the request.
        excerpt: the first part of the answer.
    """

    generation: int
    number: int
    at: datetime
    duration_ms: float | None
    outcome: str
    error_class: str | None
    error: str
    status: int | None
    request: str
    request_id: str
    records: int | None
    excerpt: str
    settings_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterStory:
    """One dead letter with its bytes and all that was tried; *erased_at* when the bytes are kept no longer."""

    letter: DeadLetter
    body: bytes
    headers: Mapping[str, str]
    attempts: Sequence[AttemptRecord]
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """
    Which dead letters are wanted; what is None does not matter.

    Attributes:
        since: failed then or later.
        until: failed before then.
        q: occurs in the key, the event id or the error, upper and lower case alike.
    """

    state: str | None = None
    queue: str | None = None
    key: str | None = None
    error_class: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Dead letters, and where the next page begins; None after the last."""

    items: Sequence[DeadLetter]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """
    A dead letter that was not acted upon because of its *state*.

    It is `missing` if there is none, and `not_reached` where the act on many ended before it came there.
    """

    id: int
    state: str


LETTER_COLUMNS = """
    id, message_id, state, queue, key, storeview, time, event_id, source, generation, attempts, reason, error_class,
    error, status, failed_at, created_at, occurrences, changed_at, changed_by, changed_why
"""


def letter_of(row: Row[Any]) -> DeadLetter:
    """Read a row of `LETTER_COLUMNS`."""
    return DeadLetter(
        id=row.id,
        message_id=row.message_id,
        state=row.state,
        queue=row.queue,
        key=row.key,
        storeview=row.storeview,
        time=row.time,
        event_id=row.event_id,
        source=row.source,
        generation=row.generation,
        attempts=row.attempts,
        reason=row.reason,
        error_class=row.error_class,
        error=row.error,
        status=row.status,
        failed_at=row.failed_at,
        created_at=row.created_at,
        occurrences=row.occurrences,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        changed_why=row.changed_why,
    )
