"""What happened to a message, told in sentences: for people who have never seen our tables."""

from collections.abc import Sequence
from datetime import UTC, datetime

from queues.postgres.audit import AuditEntry
from queues.postgres.letters import AttemptRecord, DeadLetter, DeadLetterStory

_REASONS = {
    "attempts_used_up": "its attempts were used up",
    "outcome_unknown": "its last attempt was cut off and nobody knows what became of it",
    "invalid_message": "its bytes cannot be read as an event",
    "unrouted": "no queue takes events of its type",
    "broker_dead_lettered": "the broker gave up on it",
}
_STATES = {
    "failed": "It is Failed: nothing is sent until a person reprocesses it.",
    "reprocessing": "It waits for the next check of its queue, with a new budget of attempts.",
    "reprocessed": "It was delivered after being reprocessed: there is nothing left to do.",
    "discarded": "It was discarded: it will not be sent.",
    "superseded": "A newer change of the record was delivered: this one is not needed, unless a person reprocesses it.",
}


def tell_story(story: DeadLetterStory, acts: Sequence[AuditEntry]) -> Sequence[str]:
    """Tell where the message came from, every attempt and act in the order of time, and how it stands now."""
    told: list[tuple[datetime, int, str]] = [(each.at, 1, tell_attempt(each)) for each in story.attempts]
    told += [(each.at, 2, _act(each)) for each in acts]
    told.append((story.letter.failed_at, 1, _failure(story.letter)))
    told.sort(key=lambda entry: entry[:2])
    return [_origin(story.letter), *(text for _, _, text in told), _STATES[story.letter.state]]


def tell_attempt(attempt: AttemptRecord) -> str:
    """Tell one attempt in a sentence."""
    again = f" after reprocessing {attempt.generation}" if attempt.generation else ""
    parts = [f"{moment(attempt.at)}: attempt {attempt.number}{again}"]
    if attempt.request:
        records = f" with {attempt.records} records" if (attempt.records or 0) > 1 else ""
        parts.append(f", {attempt.request}{records}")
    took = f" after {attempt.duration_ms:,.0f} ms" if attempt.duration_ms is not None else ""
    answered = f" answered {attempt.status}{took}" if attempt.status is not None else took
    parts.append(f"{answered}: {_outcome(attempt)}.")
    return "".join(parts)


def moment(at: datetime) -> str:
    """Write a time as people read it, to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _outcome(attempt: AttemptRecord) -> str:
    said = f" ({attempt.error_class}): {_cut(attempt.error)}" if attempt.error_class else ""
    match attempt.outcome:
        case "delivered":
            return "delivered"
        case "skipped":
            return f"not needed, {_cut(attempt.error)}"
        case "refused":
            return f"refused{said}"
        case "unreachable":
            return f"nobody answered{said}"
        case "undetermined":
            return f"failed without saying which record is at fault{said}"
        case _:
            return "cut off, its outcome is unknown"


def _origin(letter: DeadLetter) -> str:
    if letter.event_id is None:
        return f"Bytes that are no event came into the queue {letter.queue}."
    scope = f", store view {letter.storeview}" if letter.storeview else ""
    version = f", as of {moment(letter.time)}" if letter.time else ""
    return (
        f"A change of {letter.key}{scope}{version}, was announced by {letter.source} as event {letter.event_id} "
        f"and came into the queue {letter.queue}."
    )


def _failure(letter: DeadLetter) -> str:
    made = f"after {letter.attempts} attempt{'s' * (letter.attempts > 1)}" if letter.attempts else "without an attempt"
    why = _REASONS.get(letter.reason, letter.reason)
    error = _cut(letter.error)
    said = f" {error[:1].upper()}{error[1:]}." if error else ""
    return f"{moment(letter.failed_at)}: Failed {made}, because {why}.{said}"


def _act(act: AuditEntry) -> str:
    verb = act.action.rpartition(".")[2].replace("_", " ")
    why = f", because: {_cut(act.reason)}" if act.reason else ""
    return f"{moment(act.at)}: {verb} by {act.actor}{why}."


def _cut(text: str, longest: int = 300) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= longest else f"{text[:longest]}…"
