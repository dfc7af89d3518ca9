"""Lists and their cursors: where the next page begins, opaque to the caller."""

import base64
import binascii
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from aiohttp import web

from daemon.http.problems import invalid, to_json

T = TypeVar("T")

_LONGEST: Final = 300


def encode(position: str) -> str:
    """Write a store's own text as a cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode(cursor: object) -> str:
    """
    Read a cursor.

    Raises:
        ValueError: it is none of ours.
    """
    expected = "a next_cursor as an earlier page gave it"
    if not isinstance(cursor, str) or len(cursor) > _LONGEST:
        raise ValueError(expected)
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError(expected) from error


CURSOR: Final = decode
"""The check of a `cursor` parameter."""


def list_response(items: Sequence[Any], next_cursor: str | None) -> web.Response:
    """Answer one page of a list."""
    return json_response({"items": items, "next_cursor": None if next_cursor is None else encode(next_cursor)})


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
