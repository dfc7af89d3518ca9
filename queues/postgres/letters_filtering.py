"""The filter of dead letters as SQL: only what was asked for is in the statement, so that its index serves it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from queues.postgres.letters import DeadLetterFilter

_CONDITIONS: Final[Mapping[str, str]] = {
    "state": "state = cast(:state as text)",
    "queue": "queue = cast(:queue as text)",
    "key": "key = cast(:key as text)",
    "error_class": "error_class = cast(:error_class as text)",
    "since": "failed_at >= cast(:since as timestamptz)",
    "until": "failed_at < cast(:until as timestamptz)",
    "q": "strpos(lower(concat_ws(' ', key, event_id, error)), lower(cast(:q as text))) > 0",
}


def conditions(wanted: DeadLetterFilter, *further: str) -> str:
    """Give the conditions of *wanted*, and *further* ones, as they stand behind `where`; put together of constants."""
    return " and ".join([*(_CONDITIONS[name] for name in values(wanted)), *further]) or "true"


def values(wanted: DeadLetterFilter) -> dict[str, Any]:
    """Give the values that the conditions of *wanted* name."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    if "q" in given:
        # Nothing that is stored can hold a NUL, so a search for one finds nothing instead of failing.
        given["q"] = given["q"].replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return given
