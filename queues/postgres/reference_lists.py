"""Lists fetched from a source: the newest that came is kept, and why a later fetch failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.texts import storable, to_json

_READ = text("select kind, entries, fetched_at, failed_at, error from reference_lists order by kind")

_KEEP = text("""
    insert into reference_lists (kind, entries, fetched_at)
    values (:kind, cast(:entries as jsonb), now())
    on conflict (kind) do update
        set entries = excluded.entries, fetched_at = excluded.fetched_at, failed_at = null, error = ''
    returning kind, entries, fetched_at, failed_at, error
""")

_FAIL = text("""
    insert into reference_lists (kind, failed_at, error) values (:kind, now(), :error)
    on conflict (kind) do update set failed_at = excluded.failed_at, error = excluded.error
    returning kind, entries, fetched_at, failed_at, error
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEntry:
    """One entry of a list; settings name its *code*."""

    code: str
    description: str
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceList:
    """
    A list as it was fetched last.

    Attributes:
        fetched_at: None: it never came.
        failed_at: when fetching it failed since; None: it did not.
        error: why.
    """

    kind: str
    entries: tuple[ReferenceEntry, ...]
    fetched_at: datetime | None
    failed_at: datetime | None = None
    error: str = ""


class PostgresReferenceLists:
    """
    The lists.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> Mapping[str, ReferenceList]:
        """Read every list that was ever asked for, by kind."""

        async def work(connection: AsyncConnection) -> Mapping[str, ReferenceList]:
            return {row.kind: _list(row) for row in await connection.execute(_READ)}

        return await transact(self._engine, work)

    async def keep(self, kind: str, entries: Sequence[ReferenceEntry], act: Act) -> ReferenceList:
        """Put a list that came in the place of the one before, with its audit row."""
        rows = [
            {
                "code": storable(each.code),
                "description": storable(each.description),
                "is_active": each.is_active,
            }
            for each in entries
        ]

        async def work(connection: AsyncConnection) -> ReferenceList:
            row = (await connection.execute(_KEEP, {"kind": kind, "entries": to_json(rows)})).one()
            await write_audit(
                connection, act, action="reference_data.refreshed", target=kind, details={"entries": len(rows)}
            )
            return _list(row)

        return await transact(self._engine, work)

    async def fail(self, kind: str, error: str, act: Act) -> ReferenceList:
        """Note why a list did not come, with its audit row; the one before stays."""

        async def work(connection: AsyncConnection) -> ReferenceList:
            row = (await connection.execute(_FAIL, {"kind": kind, "error": storable(error)})).one()
            details = {"failed": storable(error)}
            await write_audit(connection, act, action="reference_data.not_refreshed", target=kind, details=details)
            return _list(row)

        return await transact(self._engine, work)


def _list(row: Row[Any]) -> ReferenceList:
    return ReferenceList(
        kind=row.kind,
        entries=tuple(
            ReferenceEntry(code=each["code"], description=each["description"], is_active=each["is_active"])
            for each in row.entries
        ),
        fetched_at=row.fetched_at,
        failed_at=row.failed_at,
        error=row.error,
    )
