"""The attempts of one check: claimed before their request, made once, their outcomes handed over to be written."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from queues.message import Message
from queues.ports import (
    CheckSummary,
    Claimed,
    Exhausted,
    Finished,
    FinishedRequest,
    Held,
    Outcome,
    Outdated,
    UnreadableMessage,
)
from queues.retry import after_attempt
from queues.settings import QueueProcessingSettings
from queues.verdicts import Exchange, Verdict
from queues.worker.breaker import Breaker
from queues.worker.claiming import Claimer
from queues.worker.delivered import NewestDelivered
from queues.worker.delivery import deliver, newest_of_each_record
from queues.worker.ending import Ending
from queues.worker.pace import Pace
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
        breaker: whether the target asks for patience.

    Args:
        queue: its own parts.
        claimer: claims, and is told what was not tried.
        pace: told how long each request took.
        settings: of this check.
        settler: writes the outcomes.
        ending: says when no further request may begin.
        summary: counts.
    """

    def __init__(
        self,
        queue: WorkedQueue,
        claimer: Claimer,
        pace: Pace,
        *,
        settings: QueueProcessingSettings,
        settler: Settler,
        ending: Ending,
        summary: CheckSummary,
    ) -> None:
        self.breaker = Breaker()
        self._queue = queue
        self._definition = queue.definition
        self._claimer = claimer
        self._pace = pace
        self._settings = settings
        self._settler = settler
        self._ending = ending
        self._summary = summary
        self._turns = Turns()
        self._delivered = NewestDelivered(applies=self._definition.supersedable)
        self._slots = asyncio.Semaphore(pace.in_flight)

    # --- claiming -----------------------------------------------------------------------------------------------------

    async def claim(self, entries: Sequence[Entry]) -> list[Attempt]:
        """
        Write the attempts down; settle at once what may not be attempted.

        Raises:
            DatabaseUnavailable: nothing may be sent for *entries*.
            LeaseLost: another worker runs this queue.
        """
        results = await self._claimer.claim(entries)
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

    async def make(
        self, attempts: Sequence[Attempt], turn: Turn, mode: Mode, when_over: Callable[[], None] = lambda: None
    ) -> None:
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
                    began_at = self._pace.begin()
                    await self._send(self._without_outdated(attempts), mode)
                    self._pace.end(began_at)
        finally:
            turn.end()
            if not begun:
                self._claimer.untried += [each.entry for each in attempts]
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
