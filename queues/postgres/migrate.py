"""Bring a database to the schema of this release, and tell whether it is there."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem

from queues.errors import DatabaseUnavailable, SchemaTooNew, StateConflict
from queues.postgres.engine import CONNECT_SECONDS, database_url
from queues.postgres.tables import is_partition
from queues.postgres.tables.dead_letters import SEARCH_INDEX

ADVISORY_LOCK: Final = 7_046_029_254_386_353_131
"""One number for all releases: whoever holds it migrates."""
# Beside the package in a checkout and in site-packages alike.
_SCRIPTS: Final = Path(__file__).resolve().parents[2] / "migrations"


def open_migration_engine(url: str) -> AsyncEngine:
    """Prepare one connection without the short time limits of daily work."""
    address, tls = database_url(url)
    return create_async_engine(
        address,
        poolclass=NullPool,
        connect_args={
            **tls,
            "timeout": CONNECT_SECONDS,
            "server_settings": {"application_name": "am-connector migrate", "timezone": "UTC"},
        },
    )


async def upgrade(url: str) -> None:
    """
    Migrate to the newest schema this release knows; safe to call by many at once and again.

    Raises:
        SchemaTooNew: a later release has migrated it.
        DatabaseUnavailable: not reachable, or it refused.
    """
    await over_locked_connection(url, _upgrade)


async def check_at_head(url: str) -> None:
    """
    Make sure that the schema is the one of this release.

    A daemon that runs already goes on when a later release migrates: migrations only add. But one that starts cannot
    know what a schema later than its own expects of it.

    Raises:
        StateConflict: it is older or there is none; `state` is its revision, empty for none.
        SchemaTooNew: a later release has migrated it.
        DatabaseUnavailable: not reachable.
    """
    await over_locked_connection(url, _check)


async def check_models(url: str) -> None:
    """
    Make sure that the tables described in code are those the migrations make (`alembic check`).

    Raises:
        StateConflict: they differ; the text tells in what.
        DatabaseUnavailable: not reachable.
    """
    await over_locked_connection(url, _check_models)


def newest_revision() -> str:
    """Tell the revision of the newest schema this release knows."""
    config = Config()
    config.set_main_option("script_location", _script_location())
    return ScriptDirectory.from_config(config).get_current_head() or ""


def is_ours(_item: SchemaItem, name: str | None, kind: str, _reflected: object, _other: object) -> bool:
    """Tell whether alembic is to compare something: all but the partitions of the log, and what not all can have."""
    return not (kind == "table" and name is not None and is_partition(name)) and name != SEARCH_INDEX


async def over_locked_connection(url: str, work: Callable[[Connection], None]) -> None:
    """
    Do *work* in one transaction that nobody else's migration runs beside.

    Alembic keeps its context in a global, so two coroutines of one process must not be in there together either.

    Raises:
        DatabaseUnavailable: not reachable, or it refused.
    """
    engine = open_migration_engine(url)
    try:
        async with engine.begin() as connection:
            # Awaited without lock_timeout: the other migrator may take its minute.
            await connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
            await connection.execute(text("set local lock_timeout = '5s'"))
            await connection.execute(text("set local statement_timeout = '10min'"))
            await connection.run_sync(work)
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseUnavailable(f"PostgreSQL: {getattr(error, 'orig', None) or error}") from error
    finally:
        await engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", _script_location())
    return config


def _script_location() -> str:
    return str(_SCRIPTS).replace("%", "%%")


def _upgrade(connection: Connection) -> None:
    _refuse_newer(connection)
    command.upgrade(_config(connection), "head")


def _check(connection: Connection) -> None:
    current, head = _refuse_newer(connection), newest_revision()
    if current != head:
        raise StateConflict(
            f"the database has schema {current or 'none'}, this release needs {head}: run `am-connector migrate`",
            state=current,
        )


def _refuse_newer(connection: Connection) -> str:
    """Give the revision that the database has, empty for none, unless it is none of ours."""
    current = MigrationContext.configure(connection).get_current_revision() or ""
    known = {script.revision for script in ScriptDirectory.from_config(_config(connection)).walk_revisions()}
    if current and current not in known:
        raise SchemaTooNew(
            f"the database has schema {current}, which a later release made; this one knows {newest_revision()}: "
            "start that release, or one after it",
            state=current,
        )
    return current


def _check_models(connection: Connection) -> None:
    try:
        command.check(_config(connection))
    except CommandError as error:
        raise StateConflict(str(error), state="different") from error
