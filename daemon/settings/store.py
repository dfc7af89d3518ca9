"""The versions of the Queue Processing Settings, read and written as values."""

from collections.abc import Sequence
from typing import Final

from daemon.settings.queue_processing import SettingsVersion
from queues.postgres.audit import Act
from queues.postgres.settings import PostgresSettings
from queues.postgres.settings import SettingsVersion as StoredVersion
from queues.postgres.tables.settings_versions import QUEUE_PROCESSING
from queues.settings import QueueProcessingSettings

_NEWEST: Final = 2_147_483_647
DEFAULTS: Final = SettingsVersion(
    version=0, settings=QueueProcessingSettings(), created_at=None, created_by="", reason=""
)


class QueueProcessingVersions:
    """
    The Queue Processing Settings through all their versions.

    Args:
        documents: where the versions are kept.
    """

    def __init__(self, documents: PostgresSettings) -> None:
        self._documents = documents

    async def current(self) -> SettingsVersion:
        """Read the version in force; version 0 are the defaults."""
        newest = await self.history(before=None, limit=1)
        return newest[0] if newest else DEFAULTS

    async def replace(self, settings: QueueProcessingSettings, act: Act, *, if_version: int | None) -> SettingsVersion:
        """
        Make *settings* the ones in force from the next check on.

        Raises:
            StateConflict: *if_version* is given and not in force any more; `state` is the newest.
        """
        return _read(await self._documents.save_queue_processing(settings, act, if_version=if_version))

    async def history(self, *, before: int | None, limit: int) -> Sequence[SettingsVersion]:
        """Read the versions below *before*, newest first."""
        below = _NEWEST if before is None else min(before, _NEWEST)
        return [_read(each) for each in await self._documents.history(QUEUE_PROCESSING, before=below, limit=limit)]


def _read(stored: StoredVersion) -> SettingsVersion:
    return SettingsVersion(
        version=stored.version,
        settings=QueueProcessingSettings.from_document(stored.document),
        created_at=stored.created_at,
        created_by=stored.created_by,
        reason=stored.reason,
    )
