"""A client of a simulated Acumatica, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from daemon.acumatica.authentication import CookieSignIn, OAuthSignIn, SignIn
from daemon.acumatica.client import AcumaticaClient
from daemon.acumatica.opening import ClientSettings, open_client
from daemon.acumatica.tokens import MemoryTokenStore, SealedTokens, TokenStore
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings
from daemon.secret import Secret
from daemon.settings.document.routing import Routing
from daemon.transport import Timeouts
from queues.ports import Clock
from tests.acumatica_site import SMALL, BareClient, site
from tests.fakes.clock import FakeClock

FAST = 60_000
"""Requests a minute: the limiter is no part of most tests."""


def cookies(password: str = SMALL.password, tenant: str | None = "Shop") -> CookieSignIn:
    return CookieSignIn(username=SMALL.username, password=Secret(password), tenant=tenant, branch="MAIN")


def oauth(
    store: TokenStore | None = None, password: str = SMALL.password, secret: str = SMALL.client_secret
) -> OAuthSignIn:
    return OAuthSignIn(
        client_id=SMALL.client_id,
        client_secret=Secret(secret),
        username=SMALL.username,
        password=Secret(password),
        tokens=SealedTokens(store or MemoryTokenStore(), Secret(secret)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The client, and the site behind it."""

    client: AcumaticaClient
    site: BareClient


@asynccontextmanager
async def speaking(
    bare: BareClient,
    sign_in: SignIn | None = None,
    *,
    sessions: int = 1,
    clock: Clock | None = None,
    routing: Routing | None = None,
) -> AsyncIterator[AcumaticaClient]:
    settings = ClientSettings(
        url=bare.running.url,
        sessions=sessions,
        requests_per_minute=FAST,
        timeouts=Timeouts(connect_seconds=5, total_seconds=20),
    )
    async with open_client(settings, sign_in or cookies(), clock or FakeClock(), routing=routing) as client:
        yield client


@asynccontextmanager
async def pair(
    settings: AcumaticaSandboxSettings = SMALL, sign_in: SignIn | None = None, *, sessions: int = 1
) -> AsyncIterator[Pair]:
    async with site(settings, sign_in=False) as bare, speaking(bare, sign_in, sessions=sessions) as client:
        yield Pair(client=client, site=bare)
