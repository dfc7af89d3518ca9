"""What of a start's faults is waited out, and with which exit code the others end."""

from collections.abc import Callable

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ConnectionClosed,
    ProbableAuthenticationError,
)

from daemon.serve.starting import Ended, Interrupted, Started, outcome_of, pause_before_next
from queues.errors import BrokerUnavailable, DatabaseUnavailable, SchemaTooNew, StateConflict

EXCEPTIONS = asyncpg.exceptions


def database(cause: Exception | None) -> DatabaseUnavailable:
    error = DatabaseUnavailable("away")
    error.__cause__ = cause
    return error


def broker(cause: Exception | None) -> BrokerUnavailable:
    error = BrokerUnavailable("away")
    error.__cause__ = cause
    return error


def raising(error: Exception) -> Callable[[], None]:
    def start() -> None:
        raise error

    return start


@pytest.mark.parametrize(
    "error",
    [
        database(ConnectionRefusedError()),
        database(TimeoutError()),
        database(EXCEPTIONS.ConnectionDoesNotExistError()),
        database(EXCEPTIONS.CannotConnectNowError()),
        database(EXCEPTIONS.AdminShutdownError()),
        database(EXCEPTIONS.TooManyConnectionsError()),
        database(EXCEPTIONS.ReadOnlySQLTransactionError()),
        database(EXCEPTIONS.LockNotAvailableError()),
        broker(None),
        broker(ConnectionResetError()),
        broker(ConnectionClosed(320, "CONNECTION_FORCED")),
        # A node that comes up may not know its queues and exchanges yet.
        broker(ChannelNotFoundEntity()),
    ],
    ids=lambda error: f"{type(error).__name__}-{type(error.__cause__).__name__}",
)
def test_servers_that_are_away_or_in_trouble_interrupt_the_start(error: Exception) -> None:
    assert outcome_of(raising(error)) == Interrupted(reason="away")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (database(None), 1),
        (database(EXCEPTIONS.InvalidPasswordError()), 1),
        (database(EXCEPTIONS.InvalidCatalogNameError()), 1),
        (database(EXCEPTIONS.InsufficientPrivilegeError()), 1),
        (database(EXCEPTIONS.UndefinedTableError()), 1),
        (broker(ProbableAuthenticationError()), 1),
        (broker(ChannelAccessRefused()), 1),
        (broker(ChannelPreconditionFailed()), 1),
        (StateConflict("no schema", state=""), 1),
        (OSError("address in use"), 1),
        (SchemaTooNew("later", state="later"), 2),
    ],
    ids=lambda each: f"{type(each).__name__}-{type(each.__cause__).__name__}" if isinstance(each, Exception) else None,
)
def test_what_waiting_does_not_mend_ends_the_process(error: Exception, code: int) -> None:
    assert outcome_of(raising(error)) == Ended(code=code)


def test_a_start_that_stands_gives_what_it_made() -> None:
    assert outcome_of(lambda: ["worker"]) == Started(result=["worker"])


def test_a_fault_of_ours_is_not_taken_for_one_of_the_servers() -> None:
    with pytest.raises(KeyError):
        outcome_of(raising(KeyError("x")))


def test_the_pauses_grow_to_a_quarter_of_a_minute() -> None:
    assert 0.5 <= pause_before_next(interruptions=1) <= 1
    assert 7.5 <= pause_before_next(interruptions=1_000_000) <= 15
