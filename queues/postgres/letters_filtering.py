"""The filter of dead letters as SQL: only what was asked for is in the statement, so that its index serves it."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.postgres.letters import DeadLetterFilter
from queues.postgres.tables.dead_letters import SEARCHED

_CONDITIONS: Final[Mapping[str, str]] = {
    "state": "state = cast(:state as text)",
    "queue": "queue = cast(:queue as text)",
    "key": "key = cast(:key as text)",
    "error_class": "error_class = cast(:error_class as text)",
    "since": "failed_at >= cast(:since as timestamptz)",
    "until": "failed_at < cast(:until as timestamptz)",
    "q": f"strpos({SEARCHED}, lower(cast(:q as text))) > 0",
    "q_pattern": f"{SEARCHED} like lower(cast(:q_pattern as text))",
}

_HAS_TRIGRAM: Final = re.compile(r"[^\W_]{3}|[^\W_]{2}[\W_]|[\W_][^\W_]")
"""What the index can look up: three letters or digits, or fewer where their word begins or ends with them."""

_WILD: Final = re.compile(r"[\\%_]")
_LITERAL: Final = r"\\\g<0>"
"""A character that means something in a pattern, meaning itself."""

_PLAN_FOR_VALUES = text("set local plan_cache_mode = 'force_custom_plan'")


def conditions(wanted: DeadLetterFilter, *further: str) -> str:
    """Give the conditions of *wanted*, and *further* ones, as they stand behind `where`; put together of constants."""
    return " and ".join([*(_CONDITIONS[name] for name in values(wanted)), *further]) or "true"


def values(wanted: DeadLetterFilter) -> dict[str, Any]:
    """Give the values that the conditions of *wanted* name."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    if "q" in given:
        # Nothing that is stored can hold a NUL, so a search for one finds nothing instead of failing.
        searched = given["q"].replace("\x00", "\N{REPLACEMENT CHARACTER}")
        if _HAS_TRIGRAM.search(searched):
            del given["q"]
            given["q_pattern"] = f"%{_WILD.sub(_LITERAL, searched)}%"
        else:
            # Asked for this, the index would be read as a whole, and the whole table after it.
            given["q"] = searched
    return given


async def plan_for(connection: AsyncConnection, wanted: DeadLetterFilter) -> None:
    """
    Have the statements of this transaction planned for the values of *wanted*, if that is worth it.

    A rare text is found by its index, a frequent one by the order of the list. A plan made for any text whatever, as
    PostgreSQL makes it after some searches over one connection, takes the order, and reads a million rows.
    """
    if wanted.q is not None:
        await connection.execute(_PLAN_FOR_VALUES)
