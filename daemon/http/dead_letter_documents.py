"""Dead letters as JSON shows them: a row of the list, and one with its payload, attempts and story."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from daemon.http.story import tell_story
from queues.errors import InvalidMessage
from queues.masking import mask_document, mask_text
from queues.message import parse_json_unbounded
from queues.postgres.audit import AuditEntry
from queues.postgres.letters import AttemptRecord, DeadLetter, DeadLetterStory


def letter_document(letter: DeadLetter) -> dict[str, Any]:
    """Give the row of a list."""
    return {
        "id": letter.id,
        "message_id": letter.message_id,
        "state": letter.state,
        "queue": letter.queue,
        "key": letter.key,
        "storeview": letter.storeview,
        "time": letter.time,
        "event_id": letter.event_id,
        "source": letter.source,
        "generation": letter.generation,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "error_class": letter.error_class,
        "error": letter.error,
        "status": letter.status,
        "failed_at": letter.failed_at,
        "occurrences": letter.occurrences,
        "changed_at": letter.changed_at,
        "changed_by": letter.changed_by,
        "changed_why": letter.changed_why,
    }


def story_document(story: DeadLetterStory, acts: Sequence[AuditEntry], payload: Mapping[str, Any]) -> dict[str, Any]:
    """Give one dead letter with everything there is to know; `attempts` stays the number, `attempt_log` has them."""
    return {
        **letter_document(story.letter),
        **payload,
        "headers": dict(story.headers),
        "attempt_log": [attempt_document(each) for each in story.attempts],
        "acts": [act_document(each) for each in acts],
        "story": list(tell_story(story, acts)),
    }


def payload_document(body: bytes) -> dict[str, Any]:
    """
    Show the bytes of a message: parsed when they are JSON, and otherwise as text with everything odd escaped.

    The base64 form is there for all that is not JSON, so that the very bytes can be had; not when there are secrets in
    them, which nobody is shown.
    """
    try:
        payload = mask_document(parse_json_unbounded(body), personal=False)
    except InvalidMessage:
        text = body.decode("utf-8", "backslashreplace")
        shown = mask_text(text)
        return {
            "payload": None,
            "payload_text": escaped(shown),
            "payload_base64": base64.b64encode(body).decode() if shown == text else None,
            "payload_bytes": len(body),
        }
    return {"payload": payload, "payload_bytes": len(body)}


def escaped(text: str) -> str:
    """Write every character that cannot be seen, or that turns the reading direction, as an escape."""
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode() for each in text
    )


def attempt_document(attempt: AttemptRecord) -> Mapping[str, Any]:
    """Give one attempt."""
    return {
        "generation": attempt.generation,
        "number": attempt.number,
        "at": attempt.at,
        "duration_ms": attempt.duration_ms,
        "outcome": attempt.outcome,
        "error_class": attempt.error_class,
        "error": attempt.error,
        "request": attempt.request,
        "request_id": attempt.request_id,
        "records": attempt.records,
        "status": attempt.status,
        "answer": attempt.excerpt,
        "settings_version": attempt.settings_version,
    }


def act_document(row: AuditEntry) -> Mapping[str, Any]:
    """Give one row of the audit log."""
    return {
        "id": row.id,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "target": row.target,
        "reason": row.reason,
        "request_id": row.request_id,
        "result": row.result,
        "details": row.details,
        "token": row.token,
        "source": row.source,
    }
