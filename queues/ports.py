"""
What the worker needs from the outside, as Protocols it owns.

Adapters match them without inheriting: `queues.rabbitmq` is a MessageSource, `queues.postgres` a Ledger and a Schedule,
the vendors' packages are Senders. The fakes of the tests match them as well and pass the same contract suites.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from queues.definition import QueueDefinition
from queues.message import Message
from queues.settings import SettingsSnapshot
from queues.verdicts import Exchange, Verdict


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> datetime:
        """Tell the time, aware, UTC; for what people read."""

    def monotonic(self) -> float:
        """Tell seconds from an arbitrary start, never going back; for measuring and deciding."""

    async def sleep(self, seconds: float) -> None:
        """Return after *seconds* of this clock."""


# --- the broker ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    A message in hand, not yet acknowledged.

    Attributes:
        tag: identifies it inside its take; rises by delivery order.
        body: the bytes as published, whatever they are.
        headers: the broker's and the publisher's, as text; shown to people, trusted by nobody.
    """

    tag: int
    body: bytes
    redelivered: bool
    headers: Mapping[str, str]


class Take(Protocol):
    """
    The broker's part of one check's snapshot; iterate it to receive exactly the deliveries wanted, in queue order.

    Iteration ends early when the queue holds fewer than wanted, or after `stop`.
    Raises BrokerUnavailable when connection, channel or consumer is lost: what is not acknowledged comes back.
    """

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Iterate over the deliveries."""

    async def acknowledge(self, tags: Sequence[int]) -> None:
        """
        Say that the fate of these deliveries is durable.

        The adapter chooses when to tell the broker (in order, grouped, the last ones held back until the consumer is
        cancelled), at the latest when the take is left without an exception.
        """

    async def stop(self) -> None:
        """Cancel the consumer at the broker; iteration goes on with what had already come, then ends."""


class MessageSource(Protocol):
    """The queues at the broker."""

    async def ready(self, queue: str) -> int:
        """Count the messages ready in *queue*, not those unacknowledged. Raises BrokerUnavailable, NotFound."""

    def take(self, queue: str, count: int, *, window: int) -> AbstractAsyncContextManager[Take]:
        """
        Take exactly *count* messages, fewer only if there are no more; leaving it with an exception gives back.

        Args:
            queue: its full name.
            count: deliveries wanted, 1 or more.
            window: unacknowledged deliveries in hand at once, 1 to 65,535.
        """


# --- the target ------------------------------------------------------------------------------------------


class Sender(Protocol):
    """Brings records of one entity to the target."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """
        Send *messages* (one record each, no record twice) in one request and answer one verdict each, in order.

        Never raises for what the target does. Several messages are only given to a batchable queue's sender; with
        *bulk* requests of one record the difference is the engine's log only.
        """

    async def probe(self) -> bool:
        """Tell whether the target answers and accepts the credentials; changes nothing there."""


# --- the ledger ------------------------------------------------------------------------------------------

EndState = Literal["delivered", "skipped", "failed", "superseded", "coalesced", "discarded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLease:
    """
    The right to run one queue, until it expires by the database's clock.

    Attributes:
        run_id: also the owner of every claim made in this run.
        fencing_token: rises with every lease of the queue.
        tick: the tick of the grid this run serves.
        follows_loss: the run before this one was never ended: its worker died, or lost the database.
    """

    queue: str
    run_id: UUID
    fencing_token: int
    tick: datetime
    follows_loss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRows:
    """
    The ledger's part of a snapshot: *count* rows, none with a sequence above *up_to*.

    Attributes:
        others_hold: claims of another owner in this queue are live: `claim` must look out for their records.
    """

    count: int
    up_to: int
    others_hold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """
    What waits in the ledger, at its place *sequence* in the queue's order; the worker reads the bytes.

    Attributes:
        message_id: the identity it entered the ledger with, kept for life.
        generation: 0, plus one for every reprocessing.
        attempts: made so far in this generation.
        outcome_unknown: a worker died in the last of them.
    """

    sequence: int
    message_id: UUID
    generation: int
    attempts: int
    body: bytes
    headers: dict[str, str]
    outcome_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The attempt is written down: number *attempt* (1 is the first); the request may go out."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Nothing to do but acknowledge: its fate is *state*, or the ledger keeps it as `waiting`."""

    state: EndState | Literal["waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """Its attempts are used up (a crash, or a lowered Retry Count): Failed now, without a request."""

    attempts: int
    outcome_unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    Another owner's claim of it, or of its record, is live: left alone, for that owner's request may be under way.

    The ledger has taken the body into custody, so a delivery may be acknowledged.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """A newer message of the record was delivered before: superseded without a request (rule 13)."""


ClaimResult = Claimed | Finished | Exhausted | Held | Outdated


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What one attempt came to, ready to be written.

    Attributes:
        attempt: its number, 1 or more; 0 when none was made (Exhausted, Outdated, coalesced).
        verdict: what the sender said; None when none was asked.
        state: what follows: an end state, or `waiting` for the next check.
        reason: why it ended so, for people; empty when delivered.
    """

    message: Message
    attempt: int
    verdict: Verdict | None
    state: EndState | Literal["waiting"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRequest:
    """
    One request with the outcomes of all its records; becomes one row of the sync log.

    Attributes:
        mode: `single`, `batch`, or `none` where no request was made.
        exchange: the (last) exchange with the target; None when there was none.
        outcomes: in queue order; in a batch several may share one record.
    """

    mode: Literal["single", "batch", "none"]
    exchange: Exchange | None
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableMessage:
    """
    Bytes that are no event of this queue: becomes a dead letter with the reason `invalid_message` and no attempt.

    Attributes:
        stored: the ledger row it was read from, None when it came from the broker.
    """

    body: bytes
    headers: Mapping[str, str]
    code: str
    error: str
    stored: StoredMessage | None = None


class Ledger(Protocol):
    """
    The only authority on attempts and fate. Every method is one short transaction and safe to repeat.

    All raise DatabaseUnavailable when the outcome is unknown or the database does not answer in time: then nothing
    may be sent for the claim, and nothing acknowledged for the outcome. `claim` raises LeaseLost when fenced.
    """

    async def open_check(self, lease: RunLease) -> WaitingRows:
        """Return what dead owners left behind to `waiting`, then count what waits in the ledger."""

    async def page(self, lease: RunLease, *, after: int, up_to: int, limit: int) -> Sequence[StoredMessage]:
        """Read waiting messages in queue order: sequence > *after* and <= *up_to*, at most *limit*."""

    async def claim(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        messages: Sequence[Message],
        *,
        retry_count: int,
        stored: bool,
        others_hold: bool = False,
    ) -> Sequence[ClaimResult]:
        """
        Write one attempt down for each message that may have one; one result each, in order.

        Args:
            lease: the run's.
            definition: of its queue.
            messages: to be attempted, in queue order.
            retry_count: attempts a message may have in all.
            stored: they come from `page`; otherwise from the broker, and one that the ledger already keeps as `waiting`
                is Finished: its turn comes with the ledger's own rows.
            others_hold: as `open_check` said; then messages whose record (by its key) another owner has in hand are
                Held. Claims of others that came after `open_check` need no looking out for: their owner had lost the
                run by then, and begins no request.
        """

    async def settle(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        requests: Sequence[FinishedRequest],
        unreadable: Sequence[UnreadableMessage],
        *,
        settings_version: int,
    ) -> None:
        """
        Write outcomes, attempts, log rows, dead letters and superseding in one transaction.

        A row that is no longer this run's claim is fenced: it is left as it is.
        """

    async def keep(self, lease: RunLease, messages: Sequence[Message], *, claimed: bool) -> None:
        """
        Take messages whose request was never sent into the ledger as `waiting`, uncharged (rule 12).

        With *claimed* the attempt that `claim` wrote down for them is taken back.
        """

    async def coalesce(self, lease: RunLease, definition: QueueDefinition, *, up_to: int) -> int:
        """End all but the newest waiting message of every record as `coalesced`; count what still waits (rule 3)."""

    async def renew_claims(self, lease: RunLease) -> None:
        """Extend the claims of this run by another claim lease."""


# --- the schedule ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """The queue is not to run now: look again after *wait*, at the latest."""

    wait: timedelta


@dataclass(slots=True, kw_only=True)
class CheckSummary:
    """What one check did, for `runs` and the operator."""

    started_at: datetime
    mode: Literal["none", "single", "batch"] = "none"
    waiting: int = 0
    requests: int = 0
    delivered: int = 0
    skipped: int = 0
    retried: int = 0
    failed: int = 0
    duration_ms: float = 0.0
    ended_by: str = ""
    settings_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTerms:
    """
    What a check goes by: the Queue Processing Settings in force, and what people and targets ask of its queue just now.

    Attributes:
        hold_until: make no request before then; None once it has passed.
        on_hold: the queue waits for its target (`outage_policy: hold`).
    """

    settings: SettingsSnapshot
    paused: bool
    hold_until: datetime | None
    on_hold: bool


class Schedule(Protocol):
    """The grid of ticks, the leases and the settings; all by the database's clock."""

    async def begin_run(self, queue: str) -> RunLease | NotDue:
        """Take the lease if a tick (or "run now") is due, nobody else holds it and the queue is not paused."""

    async def renew(self, lease: RunLease, *, held_up: bool = False) -> None:
        """
        Extend the lease; *held_up*: the run waits for another queue of its process, and is not stuck.

        Raises LeaseLost.
        """

    async def record_check(self, lease: RunLease, check: CheckSummary) -> None:
        """Add one check to the run's record. Raises LeaseLost."""

    async def end_run(self, lease: RunLease) -> None:
        """Give the lease back; ticks missed meanwhile are counted and the queue goes on with its grid."""

    async def terms(self, queue: str) -> CheckTerms:
        """Read what the next check of *queue* goes by."""

    async def hold_until(self, lease: RunLease, seconds: float) -> None:
        """Make no request of this queue before *seconds* have passed (rule 11)."""

    async def set_on_hold(self, lease: RunLease, *, on_hold: bool, reason: str) -> None:
        """Note that the queue waits for its target (`outage_policy: hold`), or no longer."""
