"""Waiting for a database that is starting, then migrating it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from daemon.cli.errors import CommandError, NotReachable, UsageError
from queues.errors import DatabaseUnavailable, SchemaTooNew
from queues.postgres.engine import NOT_LET_IN, sqlstate_of
from queues.postgres.migrate import upgrade

PAUSE_SECONDS: Final = 1.0

_STARTING: Final = ("57P03", "53300", "55P03", "08")
"""It starts or stops, is full, somebody else holds the lock, or the connection broke."""


async def migrate_when_there(url: str, *, wait_seconds: float, tell: Callable[[str], None]) -> None:
    """
    Migrate, trying again while the database cannot be reached.

    Args:
        url: of the database.
        wait_seconds: how long in all.
        tell: is told once that it waits, then every ten seconds.

    Raises:
        UsageError: a later release has migrated it.
        NotReachable: it could not be reached in time, or does not let us in.
        CommandError: it refused the migration itself.
    """
    begun = time.monotonic()
    told_at = -10.0
    while True:
        try:
            await upgrade(url)
        except SchemaTooNew as error:
            raise UsageError(str(error)) from error
        except DatabaseUnavailable as error:
            if not is_worth_waiting(error):
                raise _final(error) from error
            waited = time.monotonic() - begun
            if waited + PAUSE_SECONDS > wait_seconds:
                raise NotReachable(f"the database cannot be reached after {waited:.0f} s: {error}") from error
            if waited - told_at >= 10:  # noqa: PLR2004 - as the docstring says
                tell(f"waiting for the database, {waited:.0f} of {wait_seconds:.0f} s: {error}")
                told_at = waited
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


def is_worth_waiting(error: DatabaseUnavailable) -> bool:
    """Tell whether the database may be there later: no answer at all, or one that says so."""
    state = _state(error)
    return state is None or state.startswith(_STARTING)


def _final(error: DatabaseUnavailable) -> CommandError:
    state = _state(error) or ""
    if state.startswith(NOT_LET_IN):
        return NotReachable(f"the database does not let the connector in: {error}")
    return CommandError(f"the database refused the migration: {error}")


def _state(error: DatabaseUnavailable) -> str | None:
    return None if error.__cause__ is None else sqlstate_of(error.__cause__)
