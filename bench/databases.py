"""Fresh databases: copied from one that was migrated once, dropped after use."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints

from queues.postgres.migrate import upgrade


class Databases:
    """The databases of one PostgreSQL server."""

    def __init__(self, url: str) -> None:
        """Use the server of *url*, whose user may create databases."""
        self._url = url
        self._template = f"bench_{os.getpid()}"
        self._numbers = count(1)

    @contextmanager
    def prepared(self) -> Iterator[Self]:
        """Make the database that all others are copies of, until the end of the block."""
        self._execute(f"drop database if exists {self._template}", f"create database {self._template}")
        try:
            asyncio.run(upgrade(self._url_of(self._template)))
            yield self
        finally:
            self._execute(f"drop database {self._template} with (force)")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the URL of an empty, migrated database until the end of the block."""
        name = f"{self._template}_{next(self._numbers)}"
        # Flushed out, so that no checkpoint of the copying falls into a measurement.
        self._execute(
            f"drop database if exists {name}", f"create database {name} template {self._template}", "checkpoint"
        )
        try:
            yield self._url_of(name)
        finally:
            self._execute(f"drop database {name} with (force)")

    def version(self) -> str:
        """Tell the server's version."""
        return str(asyncio.run(self._with_connection(lambda connection: connection.fetchval("show server_version"))))

    def _url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def _execute(self, *statements: str) -> None:
        async def execute(connection: Any) -> None:  # noqa: ANN401 - asyncpg ships no type hints
            for statement in statements:
                await connection.execute(statement)

        asyncio.run(self._with_connection(execute))

    async def _with_connection(self, work: Callable[[Any], Awaitable[object]]) -> object:
        connection = await asyncpg.connect(self._url)
        try:
            return await work(connection)
        finally:
            await connection.close()
