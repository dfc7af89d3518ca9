"""What a file of events gives: one entry for each event, with the line it began in."""

from dataclasses import dataclass

from queues.errors import InvalidMessage
from queues.message import parse_json


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """The JSON text of one event; whether it makes sense is judged by who takes it in."""

    line: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRecord:
    """
    What is no event.

    Attributes:
        line: where it began, 1 is the first.
        code: stable, as in problem documents.
        member: the JSON member at fault, empty for all of it.
        reason: for people.
        body: what stands there, cut when it is long.
    """

    line: int
    code: str
    member: str
    reason: str
    body: bytes


Entry = EventRecord | UnreadableRecord


def judge(line: int, body: bytes) -> Entry:
    """Make an entry of the JSON text *body*; what cannot be an event at all would spoil a whole batch."""
    try:
        document = parse_json(body)
    except InvalidMessage as fault:
        return unreadable(line, body, code=fault.code, member=fault.member, reason=fault.text)
    if not isinstance(document, dict):
        return unreadable(line, body, code="invalid", reason="an event must be a JSON object")
    return EventRecord(line=line, body=body)


def unreadable(line: int, body: bytes, *, code: str, reason: str, member: str = "") -> UnreadableRecord:
    """Make an entry of what cannot be read; of *body* the beginning is kept."""
    return UnreadableRecord(line=line, code=code, member=member, reason=reason, body=bytes(body[:KEPT_BYTES]))


KEPT_BYTES = 2000
"""Of what cannot be read, to show where it stood."""
