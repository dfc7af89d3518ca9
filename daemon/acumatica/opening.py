"""Opening a client: its lanes with their cookie jars, and signing out when the block ends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from daemon.acumatica.address import InstanceAddress
from daemon.acumatica.authentication import SignIn
from daemon.acumatica.client import AcumaticaClient
from daemon.acumatica.endpoints import Endpoint
from daemon.acumatica.lanes import Lane, Lanes
from daemon.acumatica.wire import Wire
from daemon.settings.document.routing import Routing
from daemon.transport import Timeouts, send_once
from queues.ports import Clock

_KEEP_ALIVE_SECONDS: Final = 60.0
"""Below the 120 s after which an IIS closes idle connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """
    How an instance is spoken to.

    Attributes:
        url: of the instance.
        endpoint: None: the best version of Default.
        sessions: lanes there may be, 1 or more; a trial licence allows two API users in all.
        requests_per_minute: our own limit, 1 or more; keep it below half of the licence's.
        timeouts: minutes, not seconds: a loaded site lets requests wait without a sign.
    """

    url: str
    endpoint: Endpoint | None = None
    sessions: int = 2
    requests_per_minute: int = 120
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(connect_seconds=5.0, total_seconds=300.0))

    def __post_init__(self) -> None:
        if self.sessions < 1 or self.requests_per_minute < 1:
            raise ValueError(
                f"sessions and requests_per_minute must be >= 1, got {self.sessions}, {self.requests_per_minute}"
            )


@asynccontextmanager
async def open_client(
    settings: ClientSettings, sign_in: SignIn, clock: Clock, *, routing: Routing | None = None
) -> AsyncIterator[AcumaticaClient]:
    """
    Open a client; nobody signs in before the first call, and everybody is signed out when the block ends.

    Args:
        settings: how the instance is spoken to.
        sign_in: how its sessions are opened.
        clock: for the times of exchanges.
        routing: where calls go now; None: where they go as shipped.

    Raises:
        ValueError: the URL is none.
    """
    address = InstanceAddress.parse(settings.url)
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
        stack.push_async_callback(connector.close)
        lanes = []
        for number in range(1, settings.sessions + 1):
            session = aiohttp.ClientSession(
                connector=connector,
                connector_owner=False,
                # A site reached by its number has cookies, too.
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                middlewares=(send_once,),
                timeout=settings.timeouts.for_session(),
            )
            await stack.enter_async_context(session)
            lanes.append(Lane(number=number, http=session, secrets=tuple(sign_in.secrets())))
        wire = Wire(address, clock=clock, requests_per_minute=settings.requests_per_minute)
        client = AcumaticaClient(wire, Lanes(tuple(lanes)), sign_in, wanted=settings.endpoint, routing=routing)
        stack.push_async_callback(client.close)
        yield client
