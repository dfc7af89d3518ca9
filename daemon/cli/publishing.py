"""Bringing a file of events in: in batches, in order, with a verdict for each and an account at the end."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TextIO

from daemon.cli.errors import CommandError
from daemon.cli.event_files.entries import Entry, EventRecord, UnreadableRecord

BATCH_EVENTS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
"""A batch is sent at the latest when it has so many bytes; the API takes 16 MiB."""
REFUSALS_KEPT: Final = 1000
"""Refusals told in a JSON result; the file of `--refused` has all of them."""

Outcome = Literal["accepted", "duplicate", "refused", "unavailable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVerdict:
    """What became of one event; the texts are empty when it is in."""

    outcome: Outcome
    event_id: str = ""
    code: str = ""
    member: str = ""
    reason: str = ""


TakeIn = Callable[[Sequence[EventRecord]], Sequence[EventVerdict]]
"""Brings events in and gives one verdict each, in order; raises CommandError when nothing can be brought in."""


@dataclass(slots=True, kw_only=True)
class Account:
    """How a file of events fared; `stopped_at` is the line from which on nothing was brought in."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    unavailable: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    stopped_at: int | None = None
    error: CommandError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every event is in."""
        return not (self.refused or self.unavailable or self.error)

    def to_document(self) -> dict[str, Any]:
        """Give it as JSON shows it."""
        return {
            "read": self.read,
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "refused": self.refused,
            "unavailable": self.unavailable,
            "stopped_at_line": self.stopped_at,
            "error": None if self.error is None else str(self.error),
            "refusals": self.refusals,
            "refusals_left_out": self.refused + self.unavailable - len(self.refusals),
        }

    def told(self) -> str:
        """Give it in one line."""
        parts = [f"{self.accepted:,} accepted", f"{self.duplicate:,} duplicate", f"{self.refused:,} refused"]
        if self.unavailable:
            parts.append(f"{self.unavailable:,} not confirmed by the broker")
        return ", ".join(parts)


def publish(
    entries: Iterable[Entry],
    take_in: TakeIn,
    *,
    refused: Callable[[dict[str, Any]], None],
    progressed: Callable[[Account], None],
) -> Account:
    """
    Bring *entries* in, in their order.

    Args:
        entries: read one by one.
        take_in: brings a batch in.
        refused: told of every event that is not in.
        progressed: told after every batch.
    """
    account = Account()
    for batch in _batches(entries):
        events = [each for each in batch if isinstance(each, EventRecord)]
        account.read += len(batch)
        try:
            verdicts = iter(take_in(events) if events else ())
        except CommandError as error:
            account.read -= len(batch)
            account.error, account.stopped_at = error, batch[0].line
            break
        for entry in batch:
            _count(account, entry, next(verdicts) if isinstance(entry, EventRecord) else _verdict_on(entry), refused)
        progressed(account)
    return account


def refusal_line(refusal: Mapping[str, Any]) -> str:
    """Tell one refusal in a line."""
    member, reason = str(refusal["member"]), str(refusal["reason"])
    # The API's reasons begin with the member, our own do not.
    told = f"{member} " if member and not reason.startswith(member) else ""
    return f"line {refusal['line']}: {told}{reason}"


def write_refusal(file: TextIO, refusal: dict[str, Any]) -> None:
    """Write one refusal as a line of JSON."""
    file.write(json.dumps(refusal, ensure_ascii=False) + "\n")


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += len(entry.body)
        if len(batch) == BATCH_EVENTS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _verdict_on(entry: UnreadableRecord) -> EventVerdict:
    return EventVerdict(outcome="refused", code=entry.code, member=entry.member, reason=entry.reason)


def _count(account: Account, entry: Entry, verdict: EventVerdict, refused: Callable[[dict[str, Any]], None]) -> None:
    match verdict.outcome:
        case "accepted":
            account.accepted += 1
            return
        case "duplicate":
            account.duplicate += 1
            return
        case "refused":
            account.refused += 1
        case "unavailable":
            account.unavailable += 1
    refusal = {
        "line": entry.line,
        "id": verdict.event_id or None,
        "code": verdict.code,
        "member": verdict.member,
        "reason": verdict.reason,
        "event": entry.body.decode("utf-8", "backslashreplace"),
    }
    if len(account.refusals) < REFUSALS_KEPT:
        account.refusals.append({name: value for name, value in refusal.items() if name != "event"})
    refused(refusal)
