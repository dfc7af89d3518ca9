"""Versions of settings documents: the newest is in force, none is ever changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import NotFound, StateConflict
from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.tables.settings_versions import QUEUE_PROCESSING
from queues.postgres.texts import storable, to_json
from queues.settings import QueueProcessingSettings, SettingsSnapshot

_NEWEST = text("""
    select version, document from settings_versions where section = :section order by version desc limit 1
""")

_HISTORY = text("""
    select section, version, document, created_at, created_by, reason from settings_versions
    where section = :section and version < :before order by version desc limit :limit
""")

_SAVE = text("""
    insert into settings_versions (section, version, document, created_by, reason)
    values (:section, :version, cast(:document as jsonb), :actor, :reason)
    on conflict do nothing
    returning section, version, document, created_at, created_by, reason
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """One version of one section's document, and who made it."""

    section: str
    version: int
    document: Mapping[str, Any]
    created_at: datetime
    created_by: str
    reason: str


class PostgresSettings:
    """
    The settings documents.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def queue_processing(self) -> SettingsSnapshot:
        """Read the Queue Processing Settings in force; version 0 are the defaults."""
        return await transact(self._engine, read_queue_processing)

    async def newest(self, section: str) -> tuple[int, Mapping[str, Any]]:
        """Read the newest version of *section* and its document; 0 and empty if there is none."""

        async def work(connection: AsyncConnection) -> tuple[int, Mapping[str, Any]]:
            return await _read_newest(connection, section)

        return await transact(self._engine, work)

    async def save_queue_processing(
        self, settings: QueueProcessingSettings, act: Act, *, if_version: int | None = None
    ) -> SettingsVersion:
        """
        Make *settings* the ones in force from the next check on.

        Raises:
            StateConflict: *if_version* is not the newest any more; `state` is the newest.
        """
        return await self.save(QUEUE_PROCESSING, settings.to_document(), act, if_version=if_version)

    async def save(
        self, section: str, document: Mapping[str, Any], act: Act, *, if_version: int | None = None
    ) -> SettingsVersion:
        """
        Add a version to *section*, with its audit row in the same transaction.

        Args:
            section: the part of the settings.
            document: checked by the caller; the ranges of the Queue Processing Settings are held by the database too.
            act: who, why.
            if_version: the version the change is based on; None to change whatever is there.

        Raises:
            StateConflict: *if_version* is not the newest any more; `state` is the newest.
        """
        written = await self.save_together({section: document}, act, if_versions={section: if_version})
        return written[section]

    async def save_together(
        self,
        documents: Mapping[str, Mapping[str, Any]],
        act: Act,
        *,
        if_versions: Mapping[str, int | None] | None = None,
    ) -> Mapping[str, SettingsVersion]:
        """
        Add a version to every section of *documents*, all or none, with their audit rows.

        Args:
            documents: by section, as for `save`.
            act: who, why.
            if_versions: by section, the version the change is based on; sections in it that are not written must still
                be at their version. None or absent: whatever is there.

        Raises:
            StateConflict: a section is not at its version any more; `state` is its newest.
        """
        based_on = if_versions or {}

        async def work(connection: AsyncConnection) -> Mapping[str, SettingsVersion]:
            for section in sorted(based_on.keys() - documents.keys()):
                version, _ = await _read_newest(connection, section)
                _hold(version, based_on[section])
            return {
                section: await _write(connection, section, documents[section], act, if_version=based_on.get(section))
                for section in sorted(documents)
            }

        return await transact(self._engine, work)

    async def version(self, section: str, number: int) -> SettingsVersion:
        """
        Read version *number* of *section*.

        Raises:
            NotFound: there is none.
        """
        found = await self.history(section, before=number + 1, limit=1)
        if not found or found[0].version != number:
            raise NotFound("settings version", str(number))
        return found[0]

    async def history(self, section: str, *, before: int = 2_147_483_647, limit: int = 50) -> Sequence[SettingsVersion]:
        """Read versions of *section* below *before*, newest first."""

        async def work(connection: AsyncConnection) -> Sequence[SettingsVersion]:
            rows = await connection.execute(_HISTORY, {"section": section, "before": before, "limit": limit})
            return [_version(row) for row in rows]

        return await transact(self._engine, work)


async def read_queue_processing(connection: AsyncConnection) -> SettingsSnapshot:
    """Read the Queue Processing Settings in force over *connection*."""
    version, document = await _read_newest(connection, QUEUE_PROCESSING)
    return SettingsSnapshot(version=version, settings=QueueProcessingSettings.from_document(document))


async def _read_newest(connection: AsyncConnection, section: str) -> tuple[int, Mapping[str, Any]]:
    row = (await connection.execute(_NEWEST, {"section": section})).one_or_none()
    return (0, {}) if row is None else (row.version, row.document)


async def _write(
    connection: AsyncConnection, section: str, document: Mapping[str, Any], act: Act, *, if_version: int | None
) -> SettingsVersion:
    version, before = await _read_newest(connection, section)
    _hold(version, if_version)
    values = {
        "section": section,
        "version": version + 1,
        "document": to_json(document),
        "actor": storable(act.actor),
        "reason": storable(act.reason),
    }
    row = (await connection.execute(_SAVE, values)).one_or_none()
    if row is None:
        # Somebody saved between our two statements.
        raise StateConflict(f"the settings are past version {version}", state=str(version + 1))
    details = {"version": version + 1, "before": before, "after": document}
    await write_audit(connection, act, action="settings.changed", target=section, details=details)
    return _version(row)


def _hold(version: int, based_on: int | None) -> None:
    if based_on is not None and version != based_on:
        raise StateConflict(f"the settings are at version {version}, not {based_on}", state=str(version))


def _version(row: Row[Any]) -> SettingsVersion:
    return SettingsVersion(
        section=row.section,
        version=row.version,
        document=row.document,
        created_at=row.created_at,
        created_by=row.created_by,
        reason=row.reason,
    )
