"""The two servers of a run: ours alone, to be killed, restarted and put under pressure."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiormq
import asyncpg  # type: ignore[import-untyped]  # it ships no type hints

from deploy.local.broker import Broker
from deploy.local.database import Database
from queues.postgres.migrate import upgrade
from tests.broker_queues import broker_queues

_PATIENCE_SECONDS: Final = 120.0
_BACKENDS: Final = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = 'am-connector' and pid <> pg_backend_pid()
"""


@dataclass(slots=True, kw_only=True)
class Servers:
    """
    Broker and database.

    Attributes:
        broker_busy: held by whoever stops the broker or asks something of it.
        database_busy: likewise.
    """

    broker: Broker
    database: Database
    broker_busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    database_busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def control(self, *arguments: str) -> str:
        """Run `rabbitmqctl`."""
        return await asyncio.to_thread(self.broker.control, *arguments)

    async def restart_broker(self, *, hard: bool) -> None:
        """Stop the broker in order, or as a power cut would, and start it again with what it has on disk."""
        await asyncio.to_thread(self.broker.kill if hard else self.broker.stop)
        await asyncio.to_thread(self.broker.start)

    async def restart_database(self, *, hard: bool) -> None:
        """Stop the database in order, or as a power cut would, and start it again."""
        await asyncio.to_thread(self.database.kill if hard else self.database.stop)
        await asyncio.to_thread(self.database.start)

    async def revive(self) -> None:
        """Have both run, whatever became of them."""
        async with self.broker_busy:
            try:
                await self.version()
            except Exception:  # noqa: BLE001 - the driver raises RuntimeError and bare Exception for a lost connection
                await self.restart_broker(hard=True)
        async with self.database_busy:
            try:
                await self.rows("select 1")
            except (OSError, TimeoutError, asyncpg.PostgresError):
                await self.restart_database(hard=True)

    async def end_connections(self) -> None:
        """End every connection that a daemon has to the database."""
        await self.rows(_BACKENDS)

    async def make_read_only(self, *, read_only: bool) -> None:
        """Refuse every write from the next transaction on, or take them again."""
        await self._execute(
            f"alter system set default_transaction_read_only = {'on' if read_only else 'off'}",
            "select pg_reload_conf()",
        )

    async def rows(self, statement: str, *values: object) -> Sequence[Mapping[str, Any]]:
        """Read from the database."""
        connection = await asyncpg.connect(self.database.url, timeout=5)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def depths(self) -> Mapping[str, int]:
        """Count the messages of each queue, those in somebody's hand included."""
        told = await self.control("list_queues", "--no-table-headers", "name", "messages")
        return {name: int(count) for name, count in (line.split() for line in told.splitlines() if line)}

    async def ready(self, queues: Sequence[str]) -> Mapping[str, int]:
        """Count what is ready in each of *queues*; quicker than `depths`."""
        async with broker_queues(self.broker.url) as broker:
            return {queue: await broker.ready(queue) for queue in queues}

    async def version(self) -> str:
        """Tell the broker's version, as it greets with it."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            connection = await aiormq.connect(self.broker.url)
        await connection.close()
        version = connection.server_properties["version"]
        return version.decode() if isinstance(version, bytes) else str(version)

    async def _execute(self, *commands: str) -> None:
        connection = await asyncpg.connect(self.database.url, timeout=5)
        try:
            # An administrator's session writes even while the others may not.
            await connection.execute("set default_transaction_read_only = off")
            for command in commands:
                await connection.execute(command)
        finally:
            await connection.close()


@asynccontextmanager
async def open_servers(home: Path) -> AsyncIterator[Servers]:
    """Start both in *home*, the database at the newest schema, and stop them at the end of the block."""
    broker, database = Broker(home / "broker"), Database(home / "database")
    async with AsyncExitStack() as stack:
        for server in (broker, database):
            stack.push_async_callback(asyncio.to_thread, server.stop)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.gather(*(asyncio.to_thread(server.start) for server in (broker, database)))
            await upgrade(database.url)
        yield Servers(broker=broker, database=database)
