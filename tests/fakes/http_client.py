"""A client of an application on a real socket of this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from daemon.http.app import create_app
from queues.errors import DatabaseUnavailable
from tests.fakes.http_stores import TOKEN, World

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(world: World, token: str | None = TOKEN) -> AsyncIterator[Client]:
    """Serve the application of *world*; requests carry *token* unless it is None."""
    with suppress(DatabaseUnavailable):
        await world.tokens.refresh()
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    server = TestServer(create_app(world.dependencies()), access_log=None)
    async with TestClient(server, headers=headers, cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


def price_event(event_id: str = "01JD", **changes: object) -> dict[str, Any]:
    """Give a change of a price that is as it should be, but for *changes*."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": "acumatica/REVISION",
        "type": "to_magento.pricing",
        "subject": "AC-1001",
        "time": "2026-11-21T10:00:00Z",
        "data": {"price": "12.50"},
    }
    return {name: value for name, value in {**event, **changes}.items() if value is not None}
