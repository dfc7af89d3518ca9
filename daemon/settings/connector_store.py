"""The versions of the settings document, read and written as values; its group `queue` has versions of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final, NamedTuple

import structlog

from daemon.settings.document.scopes import SettingsDocument, differing
from queues.postgres.audit import Act
from queues.postgres.settings import PostgresSettings
from queues.postgres.tables.settings_versions import CONNECTOR, QUEUE_PROCESSING
from queues.settings import QueueProcessingSettings

_log = structlog.stdlib.get_logger("daemon")

_NEWEST: Final = 2_147_483_646
_RECENT_SECONDS: Final = 1.0
"""So old may be what is asked for at every request."""


class Versions(NamedTuple):
    """The versions of the two sections a document is made of; 0 are the defaults."""

    connector: int
    queue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentInForce:
    """
    What is in force.

    Attributes:
        changed_at, changed_by, reason: of the newest version of the document without its group `queue`; None and
            empty for the defaults.
    """

    versions: Versions
    document: SettingsDocument
    queue: QueueProcessingSettings
    changed_at: datetime | None = None
    changed_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVersion:
    """One version of the history; *changes* is what differed from the defaults of the release that wrote it."""

    version: int
    changes: Mapping[str, Any]
    changed_at: datetime
    changed_by: str
    reason: str


class ConnectorVersions:
    """
    The settings document through all its versions.

    Args:
        documents: where the versions are kept.
    """

    def __init__(self, documents: PostgresSettings) -> None:
        self._documents = documents
        self._recent: tuple[float, DocumentInForce] | None = None
        self._told_version = 0

    async def recent(self) -> DocumentInForce:
        """Give what was in force within the last second; what this object itself put in force, at once."""
        if self._recent is not None:
            read_at, recent = self._recent
            if monotonic() - read_at < _RECENT_SECONDS:
                return recent
        return await self.current()

    async def current(self) -> DocumentInForce:
        """Read what is in force."""
        asked_at = monotonic()
        current = await self._read()
        self._recent = (asked_at, current)
        return current

    async def _read(self) -> DocumentInForce:
        newest = await self._documents.history(CONNECTOR, limit=1)
        queue = await self._documents.queue_processing()
        if not newest:
            return DocumentInForce(
                versions=Versions(0, queue.version), document=SettingsDocument.from_document({}), queue=queue.settings
            )
        stored = newest[0]
        return DocumentInForce(
            versions=Versions(stored.version, queue.version),
            document=self._stored(stored.version, stored.document),
            queue=queue.settings,
            changed_at=stored.created_at,
            changed_by=stored.created_by,
            reason=stored.reason,
        )

    def _stored(self, version: int, told: Mapping[str, Any]) -> SettingsDocument:
        document, left_out = SettingsDocument.from_stored(told)
        if left_out and self._told_version != version:
            self._told_version = version
            _log.warning("settings.overrides_left_out", version=version, settings=left_out)
        return document

    async def replace(
        self, document: SettingsDocument, queue: QueueProcessingSettings, act: Act, *, based_on: Versions | None
    ) -> DocumentInForce:
        """
        Put *document* and *queue* in force, both or neither; what did not change gets no new version.

        Raises:
            StateConflict: *based_on* is not in force any more.
        """
        current = await self.current()
        changed: dict[str, Mapping[str, Any]] = {}
        if document != current.document:
            changed[CONNECTOR] = differing(document.to_document(), SettingsDocument.from_document({}).to_document())
        if queue != current.queue:
            changed[QUEUE_PROCESSING] = queue.to_document()
        # Without a version of the caller's own it still applies to what was compared with.
        held = current.versions if based_on is None else based_on
        await self._documents.save_together(
            changed, act, if_versions={CONNECTOR: held.connector, QUEUE_PROCESSING: held.queue}
        )
        return await self.current()

    async def history(self, *, before: int | None, limit: int) -> Sequence[DocumentVersion]:
        """Read the versions below *before*, newest first."""
        below = _NEWEST if before is None else min(before, _NEWEST)
        return [
            DocumentVersion(
                version=each.version,
                changes=each.document,
                changed_at=each.created_at,
                changed_by=each.created_by,
                reason=each.reason,
            )
            for each in await self._documents.history(CONNECTOR, before=below, limit=limit)
        ]

    async def restore(self, version: int, act: Act) -> DocumentInForce:
        """
        Put an older version in force again, as a new one; 0 are the defaults. The group `queue` stays as it is.

        Raises:
            NotFound: there is no such version.
            InvalidSettings: this release does not allow what it says.
            StateConflict: somebody saved in the same moment.
        """
        told: Mapping[str, Any] = {}
        if version > 0:
            told = (await self._documents.version(CONNECTOR, min(version, _NEWEST))).document
        current = await self.current()
        document = SettingsDocument.from_document(told)
        return await self.replace(document, current.queue, act, based_on=current.versions)
