"""
What the HTTP side needs from the rest, as Protocols it owns.

The stores of `queues.postgres` and the publisher of `queues.rabbitmq` match them; the fakes of the tests do as well.
Every method may raise DatabaseUnavailable or BrokerUnavailable; the problems middleware answers them with 503.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from queues.message import ChangeEvent, Message
from queues.settings import QueueProcessingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something, why, and in which request: what the audit row says."""

    actor: str
    reason: str
    request_id: str


# --- dead letters ----------------------------------------------------------------------------------------

DeadLetterState = Literal["failed", "reprocessing", "reprocessed", "discarded", "superseded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are meant; None and "" ask for nothing."""

    state: str | None = None
    queue: str | None = None
    key: str | None = None
    error_class: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """
    A message that only a person sends again, as lists show it.

    Attributes:
        key: None, with the four after it, for bytes that are no event.
        generation: 0, plus one for every reprocessing.
        attempts: made in this generation.
        reason: `attempts_used_up`, `outcome_unknown`, `invalid_message`, `unrouted` or `broker_dead_lettered`.
        status: the HTTP status of the last answer, None when none came.
        occurrences: how often the same bytes arrived again.
        changed_at: when it took its present state, by whom and why.
    """

    id: int
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
    occurrences: int
    changed_at: datetime
    changed_by: str
    changed_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt: when, what was asked, what came back."""

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
class AuditRow:
    """Who did what."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    request_id: str
    result: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterStory:
    """A dead letter with its bytes and everything that was done with it, oldest first."""

    letter: DeadLetter
    body: bytes
    headers: Mapping[str, str]
    attempts: Sequence[AttemptRecord]
    acts: Sequence[AuditRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A dead letter that an act on many left as it was: the state it is in, None when it does not exist."""

    id: int
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyChanged:
    """What an act on many dead letters came to."""

    changed: int
    skipped: Sequence[Unchanged]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPage:
    """One page of dead letters, newest first; *next_cursor* is the store's own text, None on the last page."""

    items: Sequence[DeadLetter]
    next_cursor: str | None


class DeadLetters(Protocol):
    """The dead-letter table; every act writes its audit row in the same transaction."""

    async def page(self, chosen: DeadLetterFilter, *, limit: int, cursor: str | None) -> DeadLetterPage:
        """Read one page, newest first. Raises ValueError for a cursor it never gave."""

    async def story(self, letter_id: int) -> DeadLetterStory:
        """Read everything about one. Raises NotFound."""

    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        """Give it a new generation with a new budget. Raises NotFound, StateConflict."""

    async def discard(self, letter_id: int, act: Act) -> DeadLetter:
        """Close it without sending it. Raises NotFound, StateConflict."""

    async def reprocess_many(self, ids: Sequence[int], act: Act) -> ManyChanged:
        """Reprocess those of *ids* that are open; skip the rest."""

    async def reprocess_matching(self, chosen: DeadLetterFilter, act: Act) -> ManyChanged:
        """Reprocess all that match, in bounded steps."""

    async def discard_many(self, ids: Sequence[int], act: Act) -> ManyChanged:
        """Discard those of *ids* that are open; skip the rest."""

    def export(self, chosen: DeadLetterFilter) -> AsyncIterator[DeadLetter]:
        """Read all that match, newest first, without holding them all in memory."""

    async def count_by_state(self) -> Mapping[str, int]:
        """Count the dead letters of each state."""


# --- queues ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of a queue."""

    id: UUID
    queue: str
    worker: str
    tick: datetime
    started_at: datetime
    ended_at: datetime | None
    ended_by: str
    skipped_ticks: int
    requests: int
    delivered: int
    skipped: int
    retried: int
    failed: int
    checks: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """
    What the database knows of a queue.

    Attributes:
        waiting: messages that wait in the ledger for their next attempt.
        trying: messages whose request is in hand.
        failed: dead letters of the queue in state `failed`.
        running: a worker runs it now.
        skipped_ticks: ticks of the grid that passed while a run was busy, in all.
        paused_since: None: not paused.
        hold_until: the target asked to be left alone until then.
        on_hold_since: the queue waits for its target to answer again.
    """

    queue: str
    waiting: int
    trying: int
    failed: int
    running: bool
    next_run_at: datetime | None
    skipped_ticks: int
    last_run: RunRow | None
    paused_since: datetime | None
    paused_by: str
    paused_why: str
    hold_until: datetime | None
    on_hold_since: datetime | None
    on_hold_why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One page of runs, newest first."""

    items: Sequence[RunRow]
    next_cursor: str | None


class Queues(Protocol):
    """The queues as the database knows them."""

    async def all(self) -> Sequence[QueueRow]:
        """Read every queue, by name."""

    async def one(self, queue: str) -> QueueRow:
        """Read one. Raises NotFound."""

    async def runs(self, queue: str | None, *, limit: int, cursor: str | None) -> RunPage:
        """Read the runs of one queue or of all. Raises ValueError for a cursor it never gave."""


class QueueControl(Protocol):
    """What a person asks of a queue; every act writes its audit row in the same transaction."""

    async def pause(self, queue: str, act: Act) -> None:
        """End its run after the check in hand; it keeps collecting. Raises NotFound, StateConflict."""

    async def resume(self, queue: str, act: Act) -> None:
        """Let it run again from the next tick. Raises NotFound, StateConflict."""

    async def run_now(self, queue: str, act: Act) -> None:
        """Start a run at once and anchor the grid at its start. Raises NotFound, StateConflict."""


class BrokerQueues(Protocol):
    """The queues as the broker knows them."""

    async def ready(self, queue: str) -> int:
        """Count the messages ready in *queue*. Raises BrokerUnavailable, NotFound."""


# --- intake ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeState:
    """Whether new events are accepted; *since* is None as long as nobody ever stopped them."""

    stopped: bool
    by: str
    why: str
    since: datetime | None


class Intake(Protocol):
    """Events already taken in, and whether new ones are."""

    async def state(self) -> IntakeState:
        """Read whether new events are accepted."""

    async def stop(self, act: Act) -> None:
        """Refuse new events from now on, with the reason. Raises StateConflict."""

    async def resume(self, act: Act) -> None:
        """Accept them again. Raises StateConflict."""

    async def known(self, events: Sequence[ChangeEvent]) -> Sequence[bool]:
        """Tell for each event whether it was taken in before, within the retention."""

    async def remember(self, events: Sequence[ChangeEvent]) -> None:
        """Note events as taken in; the broker has confirmed them."""


class Publisher(Protocol):
    """Puts messages into their queues."""

    async def publish(self, messages: Sequence[Message]) -> Sequence[str | None]:
        """
        Publish with confirms; None for each message that was confirmed, else why it was not.

        Raises:
            BrokerUnavailable: none was confirmed.
        """


# --- settings, logs --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """One version of the Queue Processing Settings; version 0 are the defaults, by nobody."""

    version: int
    settings: QueueProcessingSettings
    created_at: datetime | None
    created_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """One page of versions, newest first."""

    items: Sequence[SettingsVersion]
    next_cursor: str | None


class SettingsStore(Protocol):
    """The versions of the Queue Processing Settings."""

    async def current(self) -> SettingsVersion:
        """Read the version in force."""

    async def replace(
        self, settings: QueueProcessingSettings, *, expected_version: int | None, act: Act
    ) -> SettingsVersion:
        """Write a new version. Raises StateConflict when *expected_version* is given and is not in force any more."""

    async def history(self, *, limit: int, cursor: str | None) -> SettingsPage:
        """Read the versions, newest first. Raises ValueError for a cursor it never gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which rows of the sync log are meant."""

    queue: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """One page of rows that are shown as they are stored, newest first."""

    items: Sequence[Mapping[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """One page of the audit log, newest first."""

    items: Sequence[AuditRow]
    next_cursor: str | None


class Logs(Protocol):
    """What was sent and what was done."""

    async def sync_log(self, chosen: LogFilter, *, limit: int, cursor: str | None) -> DocumentPage:
        """Read the requests made, newest first. Raises ValueError for a cursor it never gave."""

    async def audit(self, *, limit: int, cursor: str | None) -> AuditPage:
        """Read what people did, newest first. Raises ValueError for a cursor it never gave."""


# --- targets and health ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """
    What a test of a connection found.

    Attributes:
        reason: empty when it is well; otherwise `not_configured`, `unreachable`, `unauthorised`, `wrong_path` …
        text: for people, without secrets.
    """

    ok: bool
    reason: str = ""
    text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Connection(Protocol):
    """One of the two systems."""

    async def test(self) -> ConnectionReport:
        """Try it now; changes nothing there and never raises for what the system does."""


class HealthCheck(Protocol):
    """One thing that readiness depends on."""

    async def __call__(self) -> str | None:
        """Tell what is wrong, without secrets; None when it is well."""
