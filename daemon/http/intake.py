"""Reading what was posted as events: one or a batch, each with its own verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from daemon.http.problems import Problem, from_error
from queues.errors import InvalidMessage
from queues.message import MAX_EVENT_BYTES, ChangeEvent, Message, encode, identify, parse_json, parse_json_unbounded

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
BATCH_LIMIT: Final = 16 * 1024 * 1024

Verdict = Literal["accepted", "duplicate", "refused", "unavailable"]
CheckEvent = Callable[[ChangeEvent], None]


@dataclass(slots=True, kw_only=True)
class Entry:
    """
    One event of a request on its way to a verdict.

    Attributes:
        message: None when the event was refused.
        fault: what is wrong with it, None when it can be read.
    """

    message: Message | None
    fault: InvalidMessage | None
    verdict: Verdict
    text: str = ""

    def to_document(self, index: int) -> dict[str, object]:
        """Give the entry as the answer shows it."""
        document: dict[str, object] = {"index": index, "verdict": self.verdict}
        if self.message is not None:
            document |= {"id": self.message.event.id, "source": self.message.event.source}
        if self.fault is not None:
            document["problem"] = _fault_document(self.fault)
        elif self.text:
            document["problem"] = {"code": "broker_unavailable", "detail": self.text}
        return document


def read_events(body: bytes, media_type: str, check_event: CheckEvent) -> tuple[Sequence[Entry], bool]:
    """
    Read the events of a request, and tell whether it was a batch.

    Raises:
        InvalidMessage: the body cannot be read, or its only event is refused.
    """
    if media_type == SINGLE:
        return [_accept(parse_json(body), check_event)], False
    document = parse_json_unbounded(body)
    if isinstance(document, list):
        return [_judge(each, check_event) for each in document], True
    if media_type == BATCH:
        raise InvalidMessage(code="invalid", member="", text="a batch must be a JSON list of events")
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidMessage(
            code="too_large", member="", text=f"an event must be at most {MAX_EVENT_BYTES} bytes, got {len(body)}"
        )
    return [_accept(document, check_event)], False


def mark_repeats(entries: Sequence[Entry]) -> None:
    """Make every event that stands a second time in the same request a duplicate of the first."""
    seen: set[UUID] = set()
    for entry in waiting(entries):
        if entry.message is not None:
            if entry.message.message_id in seen:
                entry.verdict = "duplicate"
            seen.add(entry.message.message_id)


def waiting(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Give the entries that are still to be published."""
    return [each for each in entries if each.verdict == "accepted"]


def count_verdicts(entries: Sequence[Entry]) -> Mapping[str, int]:
    """Count the entries by verdict, all four of them."""
    counts: dict[str, int] = {"accepted": 0, "duplicate": 0, "refused": 0, "unavailable": 0}
    for entry in entries:
        counts[entry.verdict] += 1
    return counts


def summary(entries: Sequence[Entry]) -> dict[str, object]:
    """Give the answer: how many of each verdict, and the verdict of each event in its order."""
    events = [entry.to_document(index) for index, entry in enumerate(entries)]
    return {**count_verdicts(entries), "events": events}


def refuse_if_none_is_left(entries: Sequence[Entry]) -> None:
    """
    End the request when there is nothing it brought in.

    Raises:
        Problem: 422 when every event was refused, 503 when none could be published.
    """
    counts = count_verdicts(entries)
    if counts["accepted"] or counts["duplicate"] or not entries:
        return
    if counts["unavailable"]:
        text = "RabbitMQ confirmed none of the events; repeat later"
        raise Problem(503, "broker_unavailable", text, headers={"Retry-After": "5"}, members=summary(entries))
    raise Problem(422, "all_refused", f"all {len(entries)} events were refused", members=summary(entries))


def _judge(document: object, check_event: CheckEvent) -> Entry:
    try:
        return _accept(document, check_event)
    except InvalidMessage as fault:
        return Entry(message=None, fault=fault, verdict="refused")


def _accept(document: object, check_event: CheckEvent) -> Entry:
    event = ChangeEvent.from_document(document)
    body = encode(event)
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidMessage(
            code="too_large", member="", text=f"an event must be at most {MAX_EVENT_BYTES} bytes, got {len(body)}"
        )
    check_event(event)
    message = Message(message_id=identify(event.source, event.id, body), generation=0, event=event, body=body)
    return Entry(message=message, fault=None, verdict="accepted")


def _fault_document(fault: InvalidMessage) -> dict[str, object]:
    problem = from_error(fault)
    status = problem.status if problem else 422
    return {"code": fault.code, "member": fault.member, "detail": str(fault), "status": status}
