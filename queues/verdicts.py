"""What became of one record of a request: a closed set of values that a sender answers, one per message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ErrorClass = Literal[
    "connection",
    "timeout",
    "rate_limit",
    "target_error",
    "auth",
    "validation",
    "not_found",
    "conflict",
    "too_large",
    "not_applied",
    "mapping",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """
    One request to the target and its answer, shared by the verdicts of all its records.

    Attributes:
        request: method and path, `POST /rest/all/V1/products/base-prices`; never a secret.
        request_id: unique; also sent to the target, so that both sides' logs can be joined.
        started_at: when the request began.
        duration_ms: until the answer was read, or given up.
        records: rows in the request.
        status: the HTTP status, None when none came.
        answer: the first part of the answer, at most 2,000 characters, secrets masked.
    """

    request: str
    request_id: str
    started_at: datetime
    duration_ms: float
    records: int
    status: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The target has it."""

    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A gate says that this record is not to be sent; *reason* is shown to the operator. Not a failure."""

    reason: str
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """
    The target, or a check before sending, says no to this record.

    Attributes:
        text: the reason, for people, as the target gave it.
        retry_after_seconds: with `rate_limit`: no further request of the queue before then.
    """

    error_class: ErrorClass
    text: str
    status: int | None = None
    retry_after_seconds: float | None = None
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Connection-level failure: nobody answered, or only the doorman did (503); counts toward the outage breaker."""

    text: str
    error_class: Literal["connection", "timeout", "target_error"] = "connection"
    status: int | None = None
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undetermined:
    """The request failed without saying which record is at fault: of several records the engine bisects."""

    text: str
    error_class: ErrorClass = "target_error"
    status: int | None = None
    exchange: Exchange | None = None


Verdict = Delivered | Skipped | Refused | Unreachable | Undetermined
