"""The attempts of one check: claimed before their request, made once, their outcomes handed over to be written."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from queues.errors import QueueError
from queues.failpoints import hit
from queues.message import Message
from queues.ports import (
    CheckSummary,
    Claimed,
    ClaimResult,
    Exhausted,
    Finished,
    FinishedRequest,
    Held,
    Ledger,
    Outcome,
    Outdated,
    RunLease,
    UnreadableMessage,
)
from queues.retry import after_attempt
from queues.settings import QueueProcessingSettings
from queues.verdicts import Exchange, Verdict
from queues.worker.breaker import Breaker
from queues.worker.delivered import NewestDelivered
from queues.worker.delivery import deliver, newest_of_each_record
from queues.worker.ending import Ending
from queues.worker.settling import Settler
from queues.worker.setup import WorkedQueue
from queues.worker.snapshot import Entry
from queues.worker.turns import Turn, Turns

UNKNOWN_OUTCOME: Final = "outcome unknown: the worker stopped before the outcome of the last attempt was recorded"
USED_UP: Final = "its attempts are used up: Retry Count was lowered below the attempts already made"
OUTDATED: Final = "a newer message of this record was delivered before"

_log = structlog.stdlib.get_logger("queues.worker")

Mode = Literal["none", "single", "batch"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed message: attempt number *number* is written down, its request may go out."""

    entry: Entry
    message: Message
    number: int


class Attempts:
    """
    Makes the attempts of one check.

    Attributes:
        untried: claimed, but the check ended before their request began; the claim is to be taken back.
        others_hold: claims of other owners are live in this queue; from the ledger, when the check opens.
        breaker: whether the target asks for patience.
    """

    def __init__(
        self,
        queue: WorkedQueue,
        ledger: Ledger,
        *,
        lease: RunLease,
        settings: QueueProcessingSettings,
        settler: Settler,
        ending: Ending,
        summary: CheckSummary,
    ) -> None:
        self.untried: list[Entry] = []
        self.others_hold = False
        self.breaker = Breaker()
        self._queue = queue
        self._definition = queue.definition
        self._ledger = ledger
        self._lease = lease
        self._settings = settings
        self._settler = settler
        self._ending = ending
        self._summary = summary
        self._turns = Turns()
        self._delivered = NewestDelivered(applies=self._definition.supersedable)
        in_flight = settings.max_in_flight.get(self._definition.entity, self._definition.max_in_flight)
        self._slots = asyncio.Semaphore(in_flight)

    # --- claiming -----------------------------------------------------------------------------------------------------

    async def claim(self, entries: Sequence[Entry]) -> list[Attempt]:
        """
        Write the attempts down; settle at once what may not be attempted.

        Raises:
            DatabaseUnavailable: nothing may be sent for *entries*.
            LeaseLost: another worker runs this queue.
        """
        results: dict[int, ClaimResult] = {}
        try:
            for stored in (True, False):
                results |= await self._claim([each for each in entries if (each.tag is None) is stored], stored=stored)
            hit("claim.committed", (each.content for each in entries if isinstance(each.content, Message)))
        except QueueError:
            # Claims already written for the other part were never used: they are taken back if the database allows.
            self.untried += [each for each in entries if isinstance(results.get(each.position), Claimed)]
            raise
        attempts: list[Attempt] = []
        for entry in entries:
            if isinstance(entry.content, UnreadableMessage):
                self.settle_unreadable(entry, entry.content)
                continue
            match results[entry.position]:
                case Claimed(attempt=number):
                    attempts.append(Attempt(entry, entry.content, number))
                case Finished() | Held():
                    self._settler.add_settled(entry.tags)
                case Exhausted(outcome_unknown=unknown):
                    self._settle_unsent(entry, entry.content, "failed", UNKNOWN_OUTCOME if unknown else USED_UP)
                case Outdated():
                    self._settle_unsent(entry, entry.content, "superseded", OUTDATED)
        return attempts

    async def _claim(self, entries: Sequence[Entry], *, stored: bool) -> dict[int, ClaimResult]:
        messages = {each.position: each.content for each in entries if isinstance(each.content, Message)}
        if not messages:
            return {}
        claims = await self._ledger.claim(
            self._lease,
            self._definition,
            list(messages.values()),
            retry_count=self._settings.retry_count,
            stored=stored,
            others_hold=self.others_hold,
        )
        return dict(zip(messages, claims, strict=True))

    def settle_unreadable(self, entry: Entry, content: UnreadableMessage) -> None:
        """Make a dead letter of bytes that are no event; no attempt is made."""
        self._summary.failed += 1
        _log.error("message.unreadable", queue=self._definition.name, code=content.code, reason=content.error)
        self._settler.add_unreadable(content, entry.tags)

    def _settle_unsent(
        self, entry: Entry, message: Message, state: Literal["failed", "superseded"], reason: str
    ) -> None:
        outcome = Outcome(message=message, attempt=0, verdict=None, state=state, reason=reason)
        self._count(outcome)
        self._settler.add_request(FinishedRequest(mode="none", exchange=None, outcomes=[outcome]), entry.tags)

    # --- requests -----------------------------------------------------------------------------------------------------

    def announce(self, attempts: Sequence[Attempt]) -> Turn:
        """Queue up for the records of one request; in queue order, before `make`."""
        return self._turns.announce(each.message.key for each in attempts)

    async def make(self, attempts: Sequence[Attempt], turn: Turn, mode: Mode, when_over: Callable[[], None]) -> None:
        """
        Make the attempt of one request in its turn, unless the check ends before.

        Args:
            attempts: the messages of the request.
            turn: from `announce`.
            mode: of the plan, for the log.
            when_over: called at the end, whatever it was.
        """
        begun = False
        try:
            await turn.wait()
            async with self._slots:
                if not self._ending.is_over():
                    begun = True
                    await self._send(self._without_outdated(attempts), mode)
        finally:
            turn.end()
            if not begun:
                self.untried += [each.entry for each in attempts]
            when_over()

    def _without_outdated(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        """Supersede what was claimed beside a newer message that is delivered by now."""
        current: list[Attempt] = []
        for each in attempts:
            if self._delivered.has_newer(each.message):
                self._settle_unsent(each.entry, each.message, "superseded", OUTDATED)
            else:
                current.append(each)
        return current

    async def _send(self, attempts: Sequence[Attempt], mode: Mode) -> None:
        if not attempts:
            return
        rows = newest_of_each_record([each.message for each in attempts])
        of_record: dict[tuple[str, str, str], list[Attempt]] = {}
        for each in attempts:
            of_record.setdefault(each.message.scope, []).append(each)
        # Handed over one by one: whatever ends a bisected request in the middle, what is known by then is written.
        async for answer in deliver(self._queue.sender, rows, observe=self._observe, may_go_on=self._may_go_on):
            self._summary.requests += answer.exchange is not None
            decided = [(each, verdict) for row, verdict in answer.determined for each in of_record[row.scope]]
            self._hand_over(mode, answer.exchange, decided)

    def _observe(self, verdicts: Sequence[Verdict]) -> None:
        self.breaker.observe(verdicts)
        if self.breaker.reason:
            self._ending.end(self.breaker.reason)

    def _may_go_on(self) -> bool:
        """Tell whether a bisected request may be sent on; a soft stop lets it come to its end."""
        return not self.breaker.reason and self._ending.are_claims_safe

    # --- outcomes -----------------------------------------------------------------------------------------------------

    def _hand_over(self, mode: Mode, exchange: Exchange | None, decided: Sequence[tuple[Attempt, Verdict]]) -> None:
        outcomes = [self._outcome(attempt, verdict) for attempt, verdict in decided]
        for outcome in outcomes:
            self._count(outcome)
        request = FinishedRequest(mode=mode, exchange=exchange, outcomes=outcomes)
        self._settler.add_request(request, [tag for attempt, _ in decided for tag in attempt.entry.tags])

    def _outcome(self, attempt: Attempt, verdict: Verdict) -> Outcome:
        follows = after_attempt(self._settings, attempt=attempt.number, verdict=verdict)
        return Outcome(
            message=attempt.message,
            attempt=attempt.number,
            verdict=verdict,
            state=follows.state,
            reason=follows.reason,
        )

    def _count(self, outcome: Outcome) -> None:
        match outcome.state:
            case "delivered":
                self._summary.delivered += 1
                self._delivered.note(outcome.message)
            case "waiting":
                self._summary.retried += 1
            case "failed":
                self._summary.failed += 1
                _log.error(
                    "message.failed",
                    queue=self._definition.name,
                    key=outcome.message.key,
                    message_id=str(outcome.message.message_id),
                    attempt=outcome.attempt,
                    reason=outcome.reason,
                )
            case _:
                self._summary.skipped += 1
