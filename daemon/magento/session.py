"""The HTTP session of a store: one connection pool, no cookies, no redirects, no hidden second request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from daemon.transport import ConnectionDropped, Timeouts, no_answer, send_once

__all__ = ["ConnectionDropped", "Timeouts", "no_answer", "open_session", "send_once"]

_KEEP_ALIVE_SECONDS: Final = 4.0
"""Below the 5 s after which an Apache closes idle connections: a POST on a connection just closed costs an attempt."""


@asynccontextmanager
async def open_session(timeouts: Timeouts) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the one HTTP session of a store: no cookies, no proxies from the environment, no hidden second request."""
    # No limit on connections: each queue bounds its requests in hand, and waiting for one must not eat the time-out.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(send_once,),
        timeout=timeouts.for_session(),
    ) as session:
        yield session
