"""Verdicts and exchanges in the words of the tables `attempts`, `dead_letters` and `sync_log`."""

from queues.postgres.columns import LOST_ATTEMPT
from queues.postgres.texts import storable
from queues.verdicts import Delivered, Exchange, Refused, Skipped, Undetermined, Unreachable, Verdict


def name_of(verdict: Verdict | None) -> str:
    """Name the outcome of an attempt."""
    return "unknown" if verdict is None else type(verdict).__name__.lower()


def error_class_of(verdict: Verdict | None) -> str | None:
    """Tell the class of a verdict that is an error."""
    return verdict.error_class if isinstance(verdict, Refused | Unreachable | Undetermined) else None


def error_of(verdict: Verdict | None) -> str:
    """Tell why the attempt did not deliver; empty when it did."""
    match verdict:
        case None:
            return LOST_ATTEMPT
        case Delivered():
            return ""
        case Skipped(reason=reason):
            return storable(reason)
        case Refused(text=words) | Unreachable(text=words) | Undetermined(text=words):
            return storable(words)


def status_of(verdict: Verdict | None, exchange: Exchange | None) -> int | None:
    """Tell the HTTP status of the answer, if one came."""
    if isinstance(verdict, Refused | Unreachable | Undetermined) and verdict.status is not None:
        return verdict.status
    return None if exchange is None else exchange.status
