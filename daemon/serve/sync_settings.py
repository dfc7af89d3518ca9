"""What the runs of syncs ask of the settings and of the clocks."""

from collections.abc import Sequence

from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.named_syncs import NamedSync, PlannedStart, planned_starts
from daemon.sync.websites import anywhere
from daemon.watch.clocks import Clocks
from queues.errors import DatabaseUnavailable
from queues.postgres.sync_runs import LineLevel


class SyncSettings:
    """
    Matches `Surroundings` and `Plans` of `daemon.capture`.

    Args:
        documents: the settings in force are read for every answer.
        syncs: all there are, with what this instance carries of each.
        clocks: of both systems.
    """

    def __init__(self, documents: ConnectorVersions, syncs: Sequence[NamedSync], clocks: Clocks) -> None:
        self._documents = documents
        self._syncs = syncs
        self._clocks = clocks

    async def planned(self) -> Sequence[PlannedStart]:
        """Give what is to start by itself."""
        return planned_starts(self._syncs, await self._settings())

    async def wants_index(self, sync: str) -> bool:
        """Tell whether the shop is to be told when a run of *sync*, or of one kind of it, is over."""
        settings = await self._settings()
        return any(
            settings.syncs.named(each.name).index_after for each in self._syncs if sync in (each.name, *each.kinds)
        )

    def kinds(self, sync: str) -> Sequence[str]:
        """Give the event types that *sync* carries; of one kind itself."""
        return next((each.kinds for each in self._syncs if each.name == sync), (sync,))

    async def clocks(self) -> Sequence[tuple[LineLevel, str]]:
        """Tell how far the clocks are apart; nothing while the database does not say the limit."""
        try:
            readings = await self._clocks.fresh()
        except DatabaseUnavailable:
            return ()
        return [("warning" if each.is_apart or each.fault else "info", each.told) for each in readings]

    async def _settings(self) -> ConnectorSettings:
        return anywhere((await self._documents.current()).document)
