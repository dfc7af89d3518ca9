"""Tokens that a target replaces with each use: the newest is kept, and two who replace one at once cannot both win."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact

_LOAD = text("select sealed, generation from target_tokens where name = :name")

_INSERT = text("""
    insert into target_tokens (name, sealed, generation, updated_at) values (:name, :sealed, 1, now())
    on conflict do nothing returning generation
""")

_REPLACE = text("""
    update target_tokens set sealed = :sealed, generation = generation + 1, updated_at = now()
    where name = :name and generation = :replaces returning generation
""")

_FORGET = text("delete from target_tokens where name = :name")


class PostgresTargetTokens:
    """
    The kept tokens, by name; what they are is sealed.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def load(self, name: str) -> tuple[bytes, int] | None:
        """Give what is kept and its generation; None: nothing."""

        async def work(connection: AsyncConnection) -> tuple[bytes, int] | None:
            row = (await connection.execute(_LOAD, {"name": name})).one_or_none()
            return None if row is None else (bytes(row.sealed), row.generation)

        return await transact(self._engine, work)

    async def save(self, name: str, sealed: bytes, *, replaces: int) -> bool:
        """Keep *sealed* if the generation is still *replaces* (0: nothing was kept); tell whether it was."""

        async def work(connection: AsyncConnection) -> bool:
            values = {"name": name, "sealed": sealed}
            if replaces:
                found = await connection.execute(_REPLACE, {**values, "replaces": replaces})
            else:
                found = await connection.execute(_INSERT, values)
            return found.one_or_none() is not None

        return await transact(self._engine, work)

    async def forget(self, name: str) -> None:
        """Keep nothing under that name any more."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_FORGET, {"name": name})

        await transact(self._engine, work)
