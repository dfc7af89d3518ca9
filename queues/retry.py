"""What follows an attempt: the verdict and the attempts made so far decide (DESIGN.md, rules 4, 5 and 10)."""

from dataclasses import dataclass
from typing import Final, Literal, assert_never

from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, ErrorClass, Refused, Skipped, Undetermined, Unreachable, Verdict

HOPELESS: Final[frozenset[ErrorClass]] = frozenset({"validation", "mapping", "too_large"})
"""Refusals of the record itself: the same bytes can never succeed. Used with `fail_fast` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The message has reached its end."""

    state: Literal["delivered", "skipped"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The next check of its queue tries again."""

    reason: str
    state: Literal["waiting"] = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Its attempts are used up; only a person sends it again."""

    reason: str
    state: Literal["failed"] = "failed"


def after_attempt(settings: QueueProcessingSettings, *, attempt: int, verdict: Verdict) -> Settled | Waiting | Failed:
    """
    Decide what follows attempt number *attempt*.

    Args:
        settings: the snapshot of the check in which the attempt was made.
        attempt: 1 for the first attempt; counts every request begun, whatever became of it.
        verdict: what became of the record.

    Raises:
        ValueError: *attempt* is below 1.
    """
    if attempt < 1:
        raise ValueError(f"attempt must be >= 1, got {attempt}")
    match verdict:
        case Delivered():
            return Settled(state="delivered")
        case Skipped(reason=reason):
            return Settled(state="skipped", reason=reason)
        case Refused(error_class=error_class, text=text):
            hopeless = settings.fail_fast and error_class in HOPELESS
            return Failed(reason=text) if hopeless or attempt >= settings.retry_count else Waiting(reason=text)
        case Unreachable(text=text) | Undetermined(text=text):
            return Failed(reason=text) if attempt >= settings.retry_count else Waiting(reason=text)
        case _:
            assert_never(verdict)
