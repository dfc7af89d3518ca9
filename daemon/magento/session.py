"""The HTTP session of a store: one connection pool, no cookies, no redirects, no hidden second request."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from queues.verdicts import Exchange, Refused, Unreachable

_KEEP_ALIVE_SECONDS: Final = 4.0
"""Below the 5 s after which an Apache closes idle connections: a POST on a connection just closed costs an attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """
    How long a store may take.

    Attributes:
        connect_seconds: for name look-up, connection and TLS together.
        total_seconds: for the whole request, its answer read to the end.
    """

    connect_seconds: float = 5.0
    total_seconds: float = 60.0


class ConnectionDropped(aiohttp.ClientError):
    """The connection was lost before an answer came; the outcome is unknown."""


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """
    Keep aiohttp from sending GET, PUT and DELETE a second time when the connection drops before the answer.

    It does so for `ClientOSError` and `ServerDisconnectedError` that come out of the middlewares, and an attempt may
    make one request only. What failed while connecting is left as it is: it was never sent, nor does aiohttp resend it.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionDropped(str(error) or type(error).__name__) from error


@asynccontextmanager
async def open_session(timeouts: Timeouts) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the one HTTP session of a store: no cookies, no proxies from the environment, no hidden second request."""
    # No limit on connections: each queue bounds its requests in hand, and waiting for one must not eat the time-out.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(send_once,),
        timeout=aiohttp.ClientTimeout(
            total=timeouts.total_seconds,
            connect=timeouts.connect_seconds,
            sock_connect=timeouts.connect_seconds,
        ),
    ) as session:
        yield session


def no_answer(error: Exception, exchange: Exchange) -> Unreachable | Refused:
    """Judge an exception of the session: the texts show host and port, never a credential."""
    said = str(error)[:300]
    text = f"{type(error).__name__}: {said}"
    match error:
        case aiohttp.ServerTimeoutError():
            text = "time-out while connecting"
            return Unreachable(error_class="timeout", text=text, exchange=exchange)
        case TimeoutError():
            text = "time-out, no whole answer came; the outcome is unknown"
            return Unreachable(error_class="timeout", text=text, exchange=exchange)
        case aiohttp.ClientConnectorDNSError():
            text = f"the store's host name cannot be resolved: {said}"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            text = f"TLS failed, the store's certificate or protocol is not accepted: {said}"
        case aiohttp.ClientConnectorError():
            text = f"cannot connect: {said}"
        case ConnectionDropped() | aiohttp.ClientPayloadError():
            text = f"the connection was lost before the whole answer came; the outcome is unknown: {said}"
        case aiohttp.ClientResponseError():
            return Refused(error_class="target_error", text=f"the answer is no HTTP: {said}", exchange=exchange)
        case ValueError():
            return Refused(error_class="target_error", text=f"no request can be made: {said}", exchange=exchange)
        case _:
            pass
    return Unreachable(text=text, exchange=exchange)
