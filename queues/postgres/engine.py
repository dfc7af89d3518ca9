"""Connections to PostgreSQL that give up in time, and transactions that repeat what a deadlock undid."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import msgspec
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from queues.errors import DatabaseUnavailable
from queues.postgres.tls import split_tls

CONNECT_SECONDS: Final = 4.0
COMMAND_SECONDS: Final = 10.0
"""Longest time of one statement, answer included; far below every lease."""
POOL_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 1.0
"""After so long without use a connection is asked whether it is alive."""
NOT_LET_IN: Final = ("28", "3D")
"""Classes of errors that waiting does not mend: wrong credentials, no such database."""
_PASSING: Final = ("08", "25", "40", "53", "55", "57", "58")
"""
Classes of errors that pass: a lost connection, a server that only reads, undone transactions, no room or too many
connections, an object that is locked, a server that starts or stops, one whose machine is in trouble.
"""
_REPEATS: Final = 3
_REPEATABLE: Final = frozenset({"40P01", "40001"})
"""deadlock_detected and serialization_failure: the server has undone everything, so doing it again is right."""

T = TypeVar("T")


class Contended(Exception):
    """Somebody changed the rows between two statements of one transaction: do it again. Never leaves this package."""


def database_url(text: str) -> tuple[URL, Mapping[str, Any]]:
    """
    Read a `postgresql://` URL for our driver.

    Returns:
        The URL, and what the driver is to be told of TLS beside it.

    Raises:
        DatabaseUnavailable: it is no URL of a PostgreSQL database, or asks for TLS that verifies nobody.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        # The text is not repeated: it may hold a password.
        raise DatabaseUnavailable("the database URL cannot be read; it looks like postgresql://user@host/name") from (
            error
        )
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise DatabaseUnavailable(f"the database must be postgresql://…, got {url.drivername}://…")
    try:
        return split_tls(url.set(drivername="postgresql+asyncpg"))
    except ValueError as error:
        raise DatabaseUnavailable(str(error)) from error


def open_engine(url: str, *, pool_size: int = 10, name: str = "am-connector") -> AsyncEngine:
    """
    Prepare a pool of connections; none is opened yet.

    Args:
        url: `postgresql://user:password@host:port/name`.
        pool_size: connections at most.
        name: shown by the server as `application_name`.
    """
    address, tls = database_url(url)
    engine = create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        json_deserializer=msgspec.json.decode,
        connect_args={
            **tls,
            # Without these a half-open connection hangs for minutes, the ping of the pool included.
            "timeout": CONNECT_SECONDS,
            "command_timeout": COMMAND_SECONDS,
            "server_settings": {
                "application_name": name,
                "timezone": "UTC",
                "statement_timeout": "9000",
                "lock_timeout": "4000",
                "idle_in_transaction_session_timeout": "30000",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
                # Compiling a plan takes longer than all our short statements.
                "jit": "off",
                # Tables are looked up by keys that are in memory; the default is made for turning disks, and with it
                # the planner reads whole tables while they are small and is surprised when they grow.
                "random_page_cost": "1.1",
            },
        },
    )
    _ping_the_idle(engine)
    return engine


async def transact(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """
    Do *work* in one transaction and commit it; after a deadlock do it again, up to 3 times.

    Args:
        engine: from `open_engine`.
        work: writes only through the connection given, so that it may be repeated.

    Raises:
        DatabaseUnavailable: the server refused or did not answer in time; a commit may have happened all the same.
    """
    for repeat in range(_REPEATS + 1):
        is_done = False
        try:
            async with engine.begin() as connection:
                result = await _unless_lost(connection, work)
                is_done = True
        except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, Contended) as error:
            # What the server had not been asked to commit is undone with the connection.
            may_repeat = _is_repeatable(error) or (_is_lost(error) and not is_done)
            if repeat == _REPEATS or not may_repeat:
                raise DatabaseUnavailable(_told(error)) from error
        else:
            return result
        # Jitter parts the two that met in the deadlock.
        await asyncio.sleep(random.uniform(0.005, 0.03) * (repeat + 1))  # noqa: S311 - no secret
    raise AssertionError  # pragma: no cover - the loop returns or raises


async def _unless_lost(connection: AsyncConnection, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do *work*; a connection that turns out to be lost is thrown away instead of being asked to roll back."""
    try:
        return await work(connection)
    except DBAPIError as error:
        if _is_lost(error) and not connection.invalidated:
            await connection.invalidate(error)
        raise


def _ping_the_idle(engine: AsyncEngine) -> None:
    """
    Ask a connection whether it is alive before it is used, unless it was used just now.

    As the pool's own `pool_pre_ping`, which asks every time: three round trips for every short transaction of ours.
    """
    dialect = engine.sync_engine.dialect

    def note_use(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        driver = record.driver_connection
        is_closed = isinstance(driver, asyncpg.Connection) and driver.is_closed()
        if not is_closed and time.monotonic() - record.info.get("used_at", -IDLE_SECONDS) < IDLE_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except (dialect.loaded_dbapi.Error, OSError) as error:
            # The pool opens another one in its place.
            raise DisconnectionError("the server has closed this connection") from error

    event.listen(engine.sync_engine, "checkin", note_use)
    event.listen(engine.sync_engine, "checkout", ping)


def sqlstate_of(error: BaseException) -> str | None:
    """Tell the five characters by which PostgreSQL names an error, if it comes from there."""
    original = error.driver_exception if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_passing(error: DatabaseUnavailable) -> bool:
    """Tell whether waiting may mend it: the server could not be reached or is in trouble, and did not refuse us."""
    if error.__cause__ is None:
        return False
    state = sqlstate_of(error.__cause__)
    return state is None or state.startswith(_PASSING)


def _is_repeatable(error: BaseException) -> bool:
    return isinstance(error, Contended) or sqlstate_of(error) in _REPEATABLE


def _is_lost(error: BaseException) -> bool:
    """Tell whether the connection was cut: by the server, or found so by the driver."""
    if not isinstance(error, DBAPIError):
        return False
    lost = isinstance(error.driver_exception, asyncpg.InterfaceError | asyncpg.InternalClientError)
    return lost or error.connection_invalidated or (sqlstate_of(error) or "").startswith(("08", "57P"))


def _told(error: BaseException) -> str:
    if isinstance(error, DBAPIError):
        # The statement and its values stay out: they may hold what logs must not.
        return f"PostgreSQL: {error.driver_exception}"
    if isinstance(error, TimeoutError):
        return "PostgreSQL did not answer in time"
    return f"PostgreSQL: {error or type(error).__name__}"
