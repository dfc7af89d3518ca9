"""What came of a start: it stands, it is to be made again when broker or database are back, or the process ends."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from queues.errors import BrokerUnavailable, DatabaseUnavailable, SchemaTooNew, StateConflict
from queues.postgres.engine import is_passing as is_passing_at_database
from queues.rabbitmq.backoff import Backoff
from queues.rabbitmq.connection import is_passing as is_passing_at_broker

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_UNUSABLE: Final = 2

_BACKOFF: Final = Backoff(first_seconds=1.0, cap_seconds=15.0)
"""Slower than the tries to connect: a start that gets far asks much of servers that are coming up."""

T = TypeVar("T")

_log = structlog.stdlib.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Generic[T]):
    """It stands; *result* is what it gave."""

    result: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """Broker or database went away in the middle."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The process is to end with exit code *code*."""

    code: int


def outcome_of(start: Callable[[], T]) -> Started[T] | Interrupted | Ended:
    """Tell what came of a start; *start* gives its result or raises why there is none."""
    try:
        return Started(result=start())
    except SchemaTooNew as error:
        # Trying again would change nothing: supervisors leave it stopped.
        _log.error("daemon.not_started", reason=str(error))
        return Ended(code=EXIT_UNUSABLE)
    except (StateConflict, DatabaseUnavailable, BrokerUnavailable, OSError) as error:
        if waiting_may_mend(error):
            return Interrupted(reason=str(error))
        _log.error("daemon.not_started", reason=str(error))
        return Ended(code=EXIT_FAILED)


def waiting_may_mend(error: Exception) -> bool:
    """Tell whether the same start may succeed later, by nobody's doing but that of broker and database."""
    match error:
        case DatabaseUnavailable():
            return is_passing_at_database(error)
        case BrokerUnavailable():
            return is_passing_at_broker(error)
        case _:
            return False


def pause_before_next(*, interruptions: int) -> float:
    """Tell how many seconds to wait before the start is made again, after so many *interruptions* (1 or more)."""
    return _BACKOFF.delay(failures=interruptions, draw=random.random())  # noqa: S311 - no secret
