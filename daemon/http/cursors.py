"""Lists and their cursors: where the next page begins, opaque to the caller."""

import base64
import binascii
import re
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from aiohttp import web

from daemon.http.problems import invalid, to_json
from daemon.http.value_schemas import LONGEST_CURSOR

T = TypeVar("T")

_EXPECTED: Final = "a next_cursor as an earlier page gave it"


def cursor(value: object) -> str:
    """
    Read the cursor of a store that makes its own.

    Raises:
        ValueError: it cannot be one.
    """
    if not isinstance(value, str) or len(value) > LONGEST_CURSOR or not value.isascii():
        raise ValueError(_EXPECTED)
    return value


def position(value: object) -> int:
    """
    Read a cursor that stands for the number of a row.

    Raises:
        ValueError: it is none of ours.
    """
    text = cursor(value)
    try:
        number = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError(_EXPECTED) from error
    if not re.fullmatch(r"before [1-9][0-9]{0,17}", number):
        raise ValueError(_EXPECTED)
    return int(number.removeprefix("before "))


def cursor_of(number: int) -> str:
    """Write the number of the last row of a page as the cursor of the next page."""
    return base64.urlsafe_b64encode(f"before {number}".encode()).decode().rstrip("=")


def list_response(items: Sequence[Any], next_cursor: str | None) -> web.Response:
    """Answer one page of a list."""
    return json_response({"items": items, "next_cursor": next_cursor})


def json_response(document: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer *document* as JSON."""
    return web.Response(status=status, body=to_json(document), content_type="application/json", headers=headers)


async def fetch(page: Awaitable[T]) -> T:
    """
    Await a page of a store.

    Raises:
        Problem: 422: the store does not know the cursor.
    """
    try:
        return await page
    except ValueError as error:
        raise invalid("cursor", "must be a next_cursor as an earlier page of this list gave it") from error
