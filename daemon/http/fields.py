"""Bodies and query parameters, read strictly: typed fields, every fault named, nothing unknown accepted."""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from aiohttp import web

from daemon.http.keys import BODY
from daemon.http.problems import Problem
from daemon.http.value_schemas import LONGEST_REASON, LONGEST_TEXT
from queues.message import parse_json_unbounded

T = TypeVar("T")
Check = Callable[[Any], Any]
"""Reads one value; raises ValueError saying what was expected."""

BODY_SECONDS: Final = 30
"""A body that takes longer is given up: the server itself has no read timeout (RELIABILITY.md, S11)."""
MOST_IDS: Final = 10_000
HIGHEST_ID: Final = 2**63 - 1


async def read_body(request: web.Request, limit: int) -> bytes:
    """
    Read the body; a second time it is the same.

    Raises:
        Problem: 413 above *limit* bytes, 408 when it does not come in time, 400 when it breaks off.
    """
    known: bytes | None = request.get(BODY)
    if known is not None and len(known) <= limit:
        return known
    if known is not None or (request.content_length is not None and request.content_length > limit):
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except (ConnectionError, web.RequestPayloadError) as error:
        # The caller is gone, or what it sent was no body after all.
        raise Problem(400, "body_cut_off", "the body broke off before its end") from error
    except TimeoutError as error:
        raise Problem(408, "body_too_slow", f"the body must come within {BODY_SECONDS} s") from error
    request[BODY] = bytes(body)
    return request[BODY]


async def read_fields(request: web.Request, checks: Mapping[str, Check], *, limit: int = 1024 * 1024) -> dict[str, Any]:
    """
    Read a JSON object whose fields are all optional; no body at all is an empty object.

    Raises:
        Problem: 415 for another media type, 422 naming every field that is unknown or of another type.
        InvalidMessage: the body is not JSON.
    """
    body = await read_body(request, limit)
    if not body.strip():
        return {}
    require_json(request)
    document = parse_json_unbounded(body)
    if not isinstance(document, dict):
        raise Problem(422, "invalid", "the body must be a JSON object")
    return checked(document, checks, what="field")


def require_json(request: web.Request, *further: str) -> str:
    """Give the media type of the body, `application/json` or one of *further*; refuse others with 415."""
    allowed = ("application/json", *further)
    if request.content_type not in allowed:
        came = request.content_type if "Content-Type" in request.headers else "none"
        raise Problem(
            415,
            "unsupported_media_type",
            f"Content-Type must be {' or '.join(allowed)}, got {came[:100]}",
            headers={"Accept": ", ".join(allowed)},
        )
    return request.content_type


def read_parameters(request: web.Request, checks: Mapping[str, Check]) -> dict[str, Any]:
    """
    Read the query; an empty value counts as not given, as forms send it.

    Raises:
        Problem: 422 naming every parameter that is unknown, given twice or of another type.
    """
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if name in given:
            raise Problem(422, "invalid", f"{name[:100]} is given twice", members={"member": name[:100]})
        if value or name not in checks:
            given[name] = value
    return checked(given, checks, what="parameter")


def checked(document: Mapping[str, Any], checks: Mapping[str, Check], *, what: str) -> dict[str, Any]:
    """Apply *checks* to the members of *document* and refuse all that is wrong with it at once."""
    values: dict[str, Any] = {}
    faults: list[dict[str, object]] = []
    for name, value in document.items():
        check = checks.get(name)
        if check is None:
            known = ", ".join(checks) or "none"
            faults.append(
                {"field": name[:100], "expected": f"one of the known {what}s ({known})", "value": _shown(value)}
            )
            continue
        try:
            values[name] = check(value)
        except ValueError as error:
            faults.append({"field": name, "expected": str(error), "value": _shown(value)})
    if faults:
        detail = "; ".join(f"{each['field']} must be {each['expected']}, got {each['value']!r}" for each in faults)
        raise Problem(422, "invalid", detail, members={"member": faults[0]["field"], "faults": faults})
    return values


def text(value: object) -> str:
    """Read a text of at most 255 characters."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise ValueError(f"a text of at most {LONGEST_TEXT} characters")
    return value


def reason(value: object) -> str:
    """Read the reason a person gives, which may be longer than other texts."""
    if not isinstance(value, str) or len(value) > LONGEST_REASON or "\x00" in value:
        raise ValueError(f"a text of at most {LONGEST_REASON} characters")
    return value.strip()


def identifier(value: object) -> int:
    """Read the id of a row, from JSON or from a path."""
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= HIGHEST_ID:
        raise ValueError("the id of a row, an integer >= 1")
    return number


def identifiers(value: object) -> tuple[int, ...]:
    """Read a list of ids, each once, in their order."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_IDS:
        raise ValueError(f"a list of 1 to {MOST_IDS} ids")
    return tuple(dict.fromkeys(identifier(each) for each in value))


def flag(value: object) -> bool:
    """Read a yes or no."""
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - what every check raises
    return value


def integer(lowest: int, highest: int) -> Callable[[object], int]:
    """Make a check that accepts the integers from *lowest* to *highest*."""

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise ValueError(f"an integer from {lowest} to {highest}")
        return value

    return check


def limit(value: str) -> int:
    """Read how many rows a page has."""
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= 500:  # noqa: PLR2004 - as the text says
        raise ValueError("an integer from 1 to 500")
    return int(value)


def instant(value: object) -> datetime:
    """Read a time with its zone; a day alone means its beginning in UTC."""
    if isinstance(value, str):
        # A plus sign that was not escaped arrives as a blank.
        candidate = value.replace(" ", "+") if re.search(r"T.* \d\d:\d\d$", value) else value
        try:
            moment = datetime.fromisoformat(candidate)
        except ValueError:
            moment = None
        if moment is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return moment.replace(tzinfo=UTC)
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise ValueError("a day (2026-11-21) or a time with its zone (2026-11-21T10:00:00Z)")


def one_of(*allowed: str) -> Callable[[object], str]:
    """Make a check that accepts the *allowed* texts."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return value

    return check


def _shown(value: object) -> str:
    return (value if isinstance(value, str) else repr(value))[:100]


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"a body must have at most {limit} bytes")
