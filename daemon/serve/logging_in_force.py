"""The group `logging` of the settings in force, for what writes and keeps the sync log."""

from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.document.logs import Logging


class LoggingOf:
    """Matches `LoggingInForce`."""

    def __init__(self, settings: ConnectorVersions) -> None:
        self._settings = settings

    async def logging(self) -> Logging:
        """Read it; at most a second old."""
        return (await self._settings.recent()).document.default.logging
