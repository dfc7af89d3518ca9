"""A server in the store's place that tells what it was told: headers, plain and encoded, in every part of answers."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from aiohttp import web

Answer = Callable[[str], web.Response]


def _echo(header: str) -> str:
    encoded = base64.b64encode(f"Authorization: {header}".encode()).decode()
    return f"{header} | {quote(header, safe='')} | {encoded}"


ANSWERS: Final[tuple[Answer, ...]] = (
    lambda header: web.json_response(
        {"message": "The consumer %1 isn't authorized: %2", "parameters": [header, _echo(header)], "trace": header},
        status=401,
    ),
    lambda header: web.Response(
        text=f"<html><body>Exception in request with Authorization: {_echo(header)}</body></html>",
        content_type="text/html",
        status=500,
    ),
    lambda header: web.Response(status=302, headers={"Location": f"/login?back={quote(header, safe='')}"}),
    lambda header: web.json_response({"message": "no", "request": {"headers": {"Authorization": header}}}, status=400),
    lambda header: web.json_response({"unexpected": _echo(header)}),
    lambda header: web.Response(body=f'[{{"message": "{header}'.encode(), content_type="application/json"),
)


@dataclass(slots=True, kw_only=True)
class Telltale:
    """
    What it was told.

    Attributes:
        url: where it listens.
        headers: every `Authorization` header that came.
    """

    url: str = ""
    headers: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request, each in another way."""
        await request.read()
        header = request.headers.get("Authorization", "")
        self.headers.append(header)
        return ANSWERS[len(self.headers) % len(ANSWERS)](header)


@asynccontextmanager
async def running_telltale() -> AsyncIterator[Telltale]:
    """Have one for as long as the block lasts."""
    telltale = Telltale()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", telltale.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    telltale.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield telltale
    finally:
        await runner.cleanup()
