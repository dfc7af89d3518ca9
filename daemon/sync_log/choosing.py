"""Which requests are logged: as the settings in force say, errors always (R66)."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from daemon.settings.document.logs import Logging
from daemon.sync.log_actions import action_of
from queues.definition import QueueDefinition
from queues.errors import QueueError
from queues.ports import FinishedRequest
from queues.postgres.log_entries import LEVELS, LogEntry, level_of

_log = structlog.stdlib.get_logger("daemon")


class LoggingInForce(Protocol):
    """The group `logging` of the settings in force."""

    async def logging(self) -> Logging:
        """Read it; a moment old will do. Raises QueueError."""


class ChosenEntries:
    """
    Matches `queues.postgres.log_entries.RequestLog`.

    Args:
        settings: asked for every group of requests; while they cannot be read, the last ones known hold.
    """

    def __init__(self, settings: LoggingInForce) -> None:
        self._settings = settings
        self._known = Logging()

    async def entries(self, definition: QueueDefinition, requests: Sequence[FinishedRequest]) -> Sequence[LogEntry]:
        """Give the entries that are wanted."""
        try:
            self._known = await self._settings.logging()
        except QueueError as error:
            _log.debug("settings.not_read", reason=str(error))
        return chosen(definition, requests, self._known)


def chosen(definition: QueueDefinition, requests: Sequence[FinishedRequest], settings: Logging) -> Sequence[LogEntry]:
    """Label *requests* and give those that *settings* want logged: errors, whatever is toggled off."""
    lowest = LEVELS.index(settings.level)
    labelled = [LogEntry(request=each, action=action_of(definition, each), level=level_of(each)) for each in requests]
    return [
        each
        for each in labelled
        if each.level == "error"
        or (LEVELS.index(each.level) >= lowest and (not each.action or each.action in settings.actions))
    ]
