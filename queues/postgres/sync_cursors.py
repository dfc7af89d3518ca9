"""How far each list of the source was read by each sync: the greatest stamp, and what was seen around it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact

_READ = text("select stamp, marks from sync_cursors where name = :name")

_SAVE = text("""
    insert into sync_cursors (name, stamp, marks) values (:name, :stamp, cast(:marks as text[]))
    on conflict (name) do update set stamp = excluded.stamp, marks = excluded.marks, saved_at = now()
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCursor:
    """
    How far a list was read.

    Attributes:
        name: of the sync and of the list.
        stamp: the greatest one seen, by the source's clock; None where the list has none.
        marks: digests of the records around it; without stamps, of all records.
    """

    name: str
    stamp: datetime | None
    marks: frozenset[str]


class PostgresSyncCursors:
    """
    The cursors.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, name: str) -> SyncCursor | None:
        """Read one; None: nothing was read yet."""

        async def work(connection: AsyncConnection) -> SyncCursor | None:
            row = (await connection.execute(_READ, {"name": name})).one_or_none()
            return None if row is None else SyncCursor(name=name, stamp=row.stamp, marks=frozenset(row.marks))

        return await transact(self._engine, work)

    async def save(self, cursor: SyncCursor) -> None:
        """Keep a cursor in the place of the one before."""
        values = {"name": cursor.name, "stamp": cursor.stamp, "marks": sorted(cursor.marks)}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_SAVE, values)

        await transact(self._engine, work)
