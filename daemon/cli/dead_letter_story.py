"""The whole story of one dead letter: in words, its payload, every attempt with time, request, status and answer."""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from daemon.cli.moments import local, parse_instant, relative
from daemon.cli.output import to_json
from daemon.cli.texts import counted, cut, one_line, safe

LONGEST_PAYLOAD: Final = 20_000
"""Characters of the payload shown; `--json` has all of it."""
LONGEST_ANSWER: Final = 1_000


def story_lines(letter: Mapping[str, Any], *, now: datetime, zone: tzinfo | None = None) -> Iterator[tuple[str, bool]]:
    """Tell *letter* in lines that are safe on a terminal; the flag marks headings."""
    yield _title(letter), True
    yield from (("  " + one_line(str(sentence)), False) for sentence in letter.get("story") or ())
    yield "", False
    yield "Facts", True
    yield from ((f"  {name:<11} {one_line(text)}", False) for name, text in _facts(letter, now, zone))
    yield "", False
    yield from _payload(letter)
    headers = letter.get("headers") or {}
    if headers:
        yield "", False
        yield "Headers", True
        yield from ((f"  {one_line(str(name))}: {one_line(str(value))}", False) for name, value in headers.items())
    yield "", False
    attempts = letter.get("attempt_log") or []
    yield "Attempts" if attempts else "Attempts: none was made", True
    for attempt in attempts:
        yield from ((line, False) for line in _attempt(attempt, now, zone))


def _title(letter: Mapping[str, Any]) -> str:
    key = one_line(str(letter.get("key") or "without a key"))
    return f"Dead letter {letter['id']}: {key} in {one_line(str(letter['queue']))}, {letter['state']}"


def _facts(letter: Mapping[str, Any], now: datetime, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    event = letter.get("event_id")
    if event:
        yield "event", f"{event} from {letter.get('source')}"
    if letter.get("time"):
        yield "version", _moment(letter["time"], now, zone)
    if letter.get("storeview"):
        yield "store view", str(letter["storeview"])
    yield "attempts", f"{letter['attempts']} in generation {letter['generation']}"
    yield "failed at", _moment(letter["failed_at"], now, zone)
    yield "error", f"{letter.get('error_class') or letter.get('reason') or 'unknown'}: {letter.get('error') or '-'}"
    if (letter.get("occurrences") or 1) > 1:
        yield "came", f"{letter['occurrences']} times"
    if letter.get("changed_by"):
        why = f": {letter['changed_why']}" if letter.get("changed_why") else ""
        yield "changed", f"{_moment(letter.get('changed_at'), now, zone)} by {letter['changed_by']}{why}"


def _payload(letter: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    size = counted(int(letter.get("payload_bytes") or 0), "byte")
    if letter.get("payload_text") is not None:
        yield f"Payload, {size}, no JSON", True
        shown = str(letter["payload_text"])
    else:
        yield f"Payload, {size}", True
        shown = to_json(letter.get("payload"), indented=True)
    yield from ((f"  {line}", False) for line in safe(cut(shown, LONGEST_PAYLOAD), keep="\n").split("\n"))


def _attempt(attempt: Mapping[str, Any], now: datetime, zone: tzinfo | None) -> Iterator[str]:
    again = f" of generation {attempt['generation']}" if attempt.get("generation") else ""
    took = f", took {float(attempt['duration_ms']):,.0f} ms" if attempt.get("duration_ms") is not None else ""
    yield f"  {attempt['number']}{again}  {_moment(attempt['at'], now, zone)}{took}"
    records = attempt.get("records")
    together = f", with {counted(int(records), 'record')} in the request" if records and records > 1 else ""
    request_id = f", request id {attempt['request_id']}" if attempt.get("request_id") else ""
    yield f"     request  {one_line(str(attempt.get('request') or 'none was sent'))}{together}{one_line(request_id)}"
    status = attempt.get("status")
    why = f" ({attempt['error_class']}: {attempt.get('error') or '-'})" if attempt.get("error_class") else ""
    yield f"     status   {'no answer' if status is None else status}, {one_line(str(attempt['outcome']) + why)}"
    if attempt.get("answer"):
        yield f"     answer   {cut(one_line(str(attempt['answer'])), LONGEST_ANSWER)}"


def _moment(text: object, now: datetime, zone: tzinfo | None) -> str:
    moment = parse_instant(text)
    return "-" if moment is None else f"{local(moment, zone=zone)} ({relative(moment, now)})"
