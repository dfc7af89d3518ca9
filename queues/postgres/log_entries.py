"""What becomes a row of the sync log, and how it is labelled: action and level, by which people find it."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, Protocol, TypeAlias

from queues.definition import QueueDefinition
from queues.ports import FinishedRequest

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning", "error")
"""The least first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """
    One request that is logged.

    Attributes:
        action: what it did, in the operators' words; empty where they have none for it.
    """

    request: FinishedRequest
    action: str
    level: Level


class RequestLog(Protocol):
    """Chooses what is logged."""

    async def entries(self, definition: QueueDefinition, requests: Sequence[FinishedRequest]) -> Sequence[LogEntry]:
        """Give the entries of *requests* that are wanted, in order; never raises for what is away."""


class EverythingIsLogged:
    """Matches `RequestLog`: every request, without the operators' words."""

    async def entries(self, definition: QueueDefinition, requests: Sequence[FinishedRequest]) -> Sequence[LogEntry]:
        """Give all."""
        del definition
        return [LogEntry(request=each, action="", level=level_of(each)) for each in requests]


def level_of(request: FinishedRequest) -> Level:
    """
    Tell how much a request matters.

    Something went wrong: error. A record was kept back: warning. Something was delivered: info. A newer message took
    the place of an older one, nothing else: debug.
    """
    states = {outcome.state for outcome in request.outcomes}
    status = None if request.exchange is None else request.exchange.status
    if states & {"failed", "waiting"} or (status is not None and status >= HTTPStatus.BAD_REQUEST):
        return "error"
    if "skipped" in states:
        return "warning"
    return "info" if "delivered" in states else "debug"
