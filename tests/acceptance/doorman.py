"""A server in the store's place that answers 200 or a redirect, and never what was asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True, kw_only=True)
class Doorman:
    """
    What it was asked, in order.

    Attributes:
        url: where it listens.
        answer: `page` 200 with HTML, `redirect` 302 to another path of its own, `half` 200 with JSON cut off.
    """

    answer: str
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        await request.read()
        self.asked.append(f"{request.method} {request.path}")
        if self.answer == "page":
            return web.Response(text="<html><body>We will be back soon</body></html>", content_type="text/html")
        if self.answer == "redirect":
            return web.Response(status=302, headers={"Location": f"{self.url}/login"})
        return web.Response(body=b'[{"message": "cut', content_type="application/json")


@asynccontextmanager
async def running_doorman(answer: str) -> AsyncIterator[Doorman]:
    """Have one for as long as the block lasts."""
    doorman = Doorman(answer=answer)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", doorman.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    doorman.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield doorman
    finally:
        await runner.cleanup()
