"""A ledger in memory: matches queues.ports.Ledger and passes the same contract suite as the one in PostgreSQL."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from queues.definition import QueueDefinition
from queues.errors import DatabaseUnavailable, LeaseLost
from queues.message import Message, identify
from queues.ports import (
    Claimed,
    ClaimResult,
    Clock,
    EndState,
    Exhausted,
    Finished,
    FinishedRequest,
    Held,
    Outcome,
    Outdated,
    RunLease,
    StoredMessage,
    UnreadableMessage,
    WaitingRows,
)

State = EndState | Literal["trying", "waiting"]
Scope = tuple[str, str, str, str]


@dataclass(slots=True)
class LedgerRow:
    message: Message | None
    message_id: UUID
    generation: int
    queue: str
    sequence: int
    state: State
    attempts: int = 0
    owner: UUID | None = None
    lease_until: datetime | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def scope(self) -> Scope | None:
        return None if self.message is None else (self.queue, *self.message.scope)


@dataclass(slots=True)
class FakeDeadLetter:
    queue: str
    message: Message | None
    generation: int
    state: str
    reason: str
    attempts: int
    body: bytes
    occurrences: int = 1


class FakeLedger:
    """
    Keeps rows, attempts, log and dead letters in plain dictionaries.

    `is_away` makes every call fail as an unreachable database would; `before_commit` is called where a commit would be,
    to raise there.
    """

    def __init__(self, clock: Clock, *, claim_lease: timedelta = timedelta(seconds=180)) -> None:
        self._clock = clock
        self._claim_lease = claim_lease
        self._sequence = itertools.count(1)
        self._newest_token: dict[str, int] = {}
        self.rows: dict[tuple[UUID, int], LedgerRow] = {}
        self.letters: dict[UUID, FakeDeadLetter] = {}
        self.attempts: dict[tuple[UUID, int, int], str] = {}
        self.versions: dict[Scope, datetime] = {}
        self.log: list[FinishedRequest] = []
        self.claimed_at_once: list[int] = []
        self.is_away = False

    # --- the port ---------------------------------------------------------------------------------------------------

    async def open_check(self, lease: RunLease) -> WaitingRows:
        self._enter(lease)
        for row in self._of(lease.queue, "trying"):
            if self._is_expired(row) and row.body is not None:
                self._note_lost(row)
                row.state, row.owner, row.lease_until = "waiting", None, None
        waiting = [row.sequence for row in self._of(lease.queue, "waiting")]
        return WaitingRows(
            count=len(waiting), up_to=max(waiting, default=0), others_hold=bool(self._in_other_hands(lease))
        )

    async def page(self, lease: RunLease, *, after: int, up_to: int, limit: int) -> Sequence[StoredMessage]:
        self._enter(lease)
        rows = sorted(
            (row for row in self._of(lease.queue, "waiting") if after < row.sequence <= up_to),
            key=lambda row: row.sequence,
        )
        return [
            StoredMessage(
                sequence=row.sequence,
                message_id=row.message_id,
                generation=row.generation,
                attempts=row.attempts,
                body=row.body or b"",
                headers=dict(row.headers),
                outcome_unknown=self._is_unknown(row),
            )
            for row in rows[:limit]
        ]

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
        if not self._enter(lease):
            raise LeaseLost(f"another run holds {lease.queue}")
        self.claimed_at_once.append(len(messages))
        in_other_hands = self._in_other_hands(lease) if others_hold else frozenset()
        results: list[ClaimResult] = []
        for message in messages:
            row = self.rows.get((message.message_id, message.generation))
            outdated = definition.supersedable and self._is_outdated(lease.queue, message)
            result = self._refusal(row, retry_count=retry_count, stored=stored, outdated=outdated)
            if result is None and message.key in in_other_hands:
                row, result = row or self._add(lease.queue, message, "waiting"), Held()
            if result is None:
                row = row or self._add(lease.queue, message, "trying")
                if row.state == "trying" and row.owner is not None:
                    self._note_lost(row)
                row.message, row.state, row.owner = message, "trying", lease.run_id
                row.attempts += 1
                row.lease_until = self._clock.now() + self._claim_lease
                result = Claimed(attempt=row.attempts)
            elif isinstance(result, Held) and row is not None and row.body is None:
                row.body, row.headers = message.body, dict(message.headers)
            results.append(result)
        return results

    async def settle(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        requests: Sequence[FinishedRequest],
        unreadable: Sequence[UnreadableMessage],
        *,
        settings_version: int,  # noqa: ARG002 - the port's signature
    ) -> None:
        self._enter(lease)
        delivered: list[Message] = []
        changed: set[tuple[UUID, int]] = set()
        for outcome in (each for request in requests for each in request.outcomes):
            if self._end(lease, outcome):
                changed.add((outcome.message.message_id, outcome.message.generation))
                if outcome.state == "delivered":
                    delivered.append(outcome.message)
        for each in unreadable:
            self._bury_unreadable(lease.queue, each)
        if definition.supersedable:
            self._supersede(lease.queue, delivered)
        self.log += [
            request
            for request in requests
            if request.exchange is not None
            or any((each.message.message_id, each.message.generation) in changed for each in request.outcomes)
        ]

    async def keep(self, lease: RunLease, messages: Sequence[Message], *, claimed: bool) -> None:
        self._enter(lease)
        for message in messages:
            row = self.rows.get((message.message_id, message.generation))
            if claimed:
                if row is None or row.state != "trying" or row.owner != lease.run_id:
                    continue
                row.attempts = max(row.attempts - 1, 0)
                row.state, row.owner, row.lease_until = "waiting", None, None
            else:
                row = row or self._add(lease.queue, message, "waiting")
            if row.state in {"trying", "waiting"} and row.body is None:
                row.body, row.headers = message.body, dict(message.headers)

    async def coalesce(self, lease: RunLease, definition: QueueDefinition, *, up_to: int) -> int:
        self._enter(lease)
        rows = [row for row in self._of(lease.queue, "waiting") if row.sequence <= up_to]
        newest: dict[Scope, LedgerRow] = {}
        for row in rows:
            if row.scope is not None and row.message is not None:
                known = newest.get(row.scope)
                if known is None or known.message is None or _age(row) > _age(known):
                    newest[row.scope] = row
        for row in rows if definition.supersedable else ():
            if row.scope is not None and newest[row.scope] is not row:
                self._close(row, "coalesced")
        return sum(row.state == "waiting" for row in rows)

    async def renew_claims(self, lease: RunLease) -> None:
        self._enter(lease)
        for row in self._of(lease.queue, "trying"):
            if row.owner == lease.run_id:
                row.lease_until = self._clock.now() + self._claim_lease

    # --- for tests --------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """The state of every record's last row, by key."""
        return {row.message.key: row.state for row in self.rows.values() if row.message is not None}

    def state_of(self, event_id: str) -> str:
        """The state of one event's last generation."""
        return self._row_where(lambda message: message.event.id == event_id).state

    def attempts_of(self, key: str) -> int:
        """The attempts written down for a record's last row; 0 without a row."""
        rows = [row for row in self.rows.values() if row.message is not None and row.message.key == key]
        return rows[-1].attempts if rows else 0

    def unreadable(self) -> list[bytes]:
        """The bytes of every dead letter that is no event."""
        return [letter.body for letter in self.letters.values() if letter.reason == "invalid_message"]

    def reprocess(self, message_id: UUID) -> bool:
        """Do what a person's click does; False where the state does not allow it."""
        letter = self.letters.get(message_id)
        if letter is None or letter.state not in {"failed", "superseded"}:
            return False
        letter.state, letter.generation = "reprocessing", letter.generation + 1
        row = LedgerRow(
            message=None if letter.message is None else letter.message.again(letter.generation),
            message_id=message_id,
            generation=letter.generation,
            queue=letter.queue,
            sequence=next(self._sequence),
            state="waiting",
            body=letter.body,
        )
        self.rows[message_id, letter.generation] = row
        return True

    # --- inside -----------------------------------------------------------------------------------------------------

    def _enter(self, lease: RunLease) -> bool:
        """Fail as the database would; tell whether the lease is the newest this ledger has heard of."""
        if self.is_away:
            raise DatabaseUnavailable("PostgreSQL did not answer in time")
        newest = max(self._newest_token.get(lease.queue, 0), lease.fencing_token)
        self._newest_token[lease.queue] = newest
        return lease.fencing_token == newest

    def _of(self, queue: str, state: State) -> Iterator[LedgerRow]:
        return (row for row in list(self.rows.values()) if row.queue == queue and row.state == state)

    def _add(self, queue: str, message: Message, state: State) -> LedgerRow:
        row = LedgerRow(
            message=message,
            message_id=message.message_id,
            generation=message.generation,
            queue=queue,
            sequence=next(self._sequence),
            state=state,
        )
        self.rows[message.message_id, message.generation] = row
        return row

    def _in_other_hands(self, lease: RunLease) -> frozenset[str]:
        """The keys of the records that another owner may have under way."""
        return frozenset(
            row.message.key
            for row in self._of(lease.queue, "trying")
            if row.message is not None and row.owner != lease.run_id and not self._is_expired(row)
        )

    def _is_expired(self, row: LedgerRow) -> bool:
        return row.lease_until is not None and row.lease_until < self._clock.now()

    def _is_outdated(self, queue: str, message: Message) -> bool:
        newest = self.versions.get((queue, *message.scope))
        return message.generation == 0 and newest is not None and newest > message.event.time

    def _refusal(self, row: LedgerRow | None, *, retry_count: int, stored: bool, outdated: bool) -> ClaimResult | None:
        """Tell why no attempt may be made, or None if one may."""
        result: ClaimResult | None = None
        if row is not None and row.state == "trying" and not self._is_expired(row):
            result = Held()
        elif row is not None and row.state != "trying" and (row.state != "waiting" or not stored):
            result = Finished(state=row.state)
        elif outdated:
            result = Outdated()
        elif row is not None and row.attempts >= retry_count:
            result = Exhausted(attempts=row.attempts, outcome_unknown=row.state == "trying" or self._is_unknown(row))
        return result

    def _is_unknown(self, row: LedgerRow) -> bool:
        return self.attempts.get((row.message_id, row.generation, row.attempts)) == "unknown"

    def _note_lost(self, row: LedgerRow) -> None:
        if row.attempts:
            self.attempts.setdefault((row.message_id, row.generation, row.attempts), "unknown")

    def _end(self, lease: RunLease, outcome: Outcome) -> bool:
        """Write one outcome; False where the row is not ours."""
        message = outcome.message
        row = self.rows.get((message.message_id, message.generation))
        was_trying = row is not None and row.state == "trying"
        if outcome.attempt:
            if row is None or not was_trying or (row.owner, row.attempts) != (lease.run_id, outcome.attempt):
                return False
            name = "unknown" if outcome.verdict is None else type(outcome.verdict).__name__.lower()
            self.attempts[row.message_id, row.generation, outcome.attempt] = name
        elif row is None:
            row = self._add(lease.queue, message, "waiting")
        elif was_trying and self._is_expired(row):
            self._note_lost(row)
        elif row.state != "waiting" and not (was_trying and row.owner == lease.run_id):
            return False
        if outcome.state == "waiting":
            row.state, row.owner, row.lease_until = "waiting", None, None
            if row.body is None:
                row.body, row.headers = message.body, dict(message.headers)
            return True
        self._close(row, outcome.state)
        if outcome.state == "failed":
            is_unknown = not outcome.attempt and (was_trying or self._is_unknown(row))
            reason = "outcome_unknown" if is_unknown else "attempts_used_up"
            self.letters[message.message_id] = FakeDeadLetter(
                queue=lease.queue,
                message=message,
                generation=message.generation,
                state="failed",
                reason=reason,
                attempts=row.attempts,
                body=message.body,
            )
        return True

    def _close(self, row: LedgerRow, state: EndState) -> None:
        row.state, row.owner, row.lease_until, row.body = state, None, None, None
        letter = self.letters.get(row.message_id)
        if letter is not None and letter.state == "reprocessing" and letter.generation == row.generation:
            letter.state = "reprocessed" if state in {"delivered", "skipped"} else "superseded"

    def _supersede(self, queue: str, delivered: Sequence[Message]) -> None:
        scopes: set[Scope] = {(queue, *message.scope) for message in delivered}
        for message in delivered:
            scope: Scope = (queue, *message.scope)
            self.versions[scope] = max(self.versions.get(scope, message.event.time), message.event.time)
        for letter in self.letters.values() if scopes else ():
            if letter.state == "failed" and letter.message is not None:
                self._supersede_one((letter.queue, *letter.message.scope), scopes, letter)
        for row in self._of(queue, "waiting") if scopes else ():
            if row.scope in scopes and row.message is not None and row.message.event.time < self.versions[row.scope]:
                self._close(row, "superseded")

    def _supersede_one(self, scope: Scope, scopes: set[Scope], letter: FakeDeadLetter) -> None:
        if scope in scopes and letter.message is not None and letter.message.event.time < self.versions[scope]:
            letter.state = "superseded"

    def _bury_unreadable(self, queue: str, unreadable: UnreadableMessage) -> None:
        stored = unreadable.stored
        if stored is not None:
            row = self.rows.get((stored.message_id, stored.generation))
            if row is None or row.state != "waiting":
                return
            row.state, row.body = "failed", None
            known = self.letters.get(stored.message_id)
            self.letters[stored.message_id] = FakeDeadLetter(
                queue=queue,
                message=row.message,
                generation=stored.generation,
                state="failed",
                reason="invalid_message",
                attempts=row.attempts,
                body=unreadable.body,
                occurrences=1 if known is None else known.occurrences,
            )
            return
        message_id = identify("", "", unreadable.body)
        letter = self.letters.get(message_id)
        if letter is None:
            self.letters[message_id] = FakeDeadLetter(
                queue=queue,
                message=None,
                generation=0,
                state="failed",
                reason="invalid_message",
                attempts=0,
                body=unreadable.body,
            )
            return
        letter.occurrences += 1
        letter.state = letter.state if letter.state == "reprocessing" else "failed"

    def _row_where(self, matches: Callable[[Message], bool]) -> LedgerRow:
        return [row for row in self.rows.values() if row.message is not None and matches(row.message)][-1]


def _age(row: LedgerRow) -> tuple[datetime, int]:
    if row.message is None:
        raise ValueError("bytes that are no event have no version")
    return row.message.event.time, row.sequence
