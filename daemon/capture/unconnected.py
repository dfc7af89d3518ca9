"""The source that is not configured: what is noted waits for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from daemon.capture.ports import Look, SourceUnavailable
from daemon.capture.syncing import KeyPage
from queues.postgres.changed_keys import DueKey


class Unconnected:
    """
    Matches `ChangeReader` and `KeyLister`, and answers neither.

    Args:
        variable: that would configure it.
    """

    def __init__(self, variable: str) -> None:
        self._variable = variable

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        """Raise SourceUnavailable: *keys* go on waiting."""
        del keys
        self._refuse()

    async def page(self, *, since: datetime | None, position: str) -> KeyPage:
        """Raise SourceUnavailable: the run ends with it."""
        del since, position
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SourceUnavailable(f"{self._variable} is not set: there is nothing to read from")
