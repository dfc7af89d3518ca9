"""The client of Acumatica, made from the configuration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from daemon.acumatica.authentication import CookieSignIn, OAuthSignIn, SignIn
from daemon.acumatica.client import AcumaticaClient
from daemon.acumatica.connection import test_connection
from daemon.acumatica.endpoints import Endpoint
from daemon.acumatica.odata import ODataAccess
from daemon.acumatica.opening import ClientSettings, open_client
from daemon.acumatica.tokens import SealedTokens, TokenStore
from daemon.config import AcumaticaConfig
from daemon.http.connections import not_connected
from daemon.http.ports import Connection
from daemon.secret import Secret
from daemon.settings.document.routing import Routing
from daemon.transport import Timeouts
from queues.ports import Clock


@asynccontextmanager
async def open_erp(
    config: AcumaticaConfig, clock: Clock, tokens: TokenStore, routing: Routing | None = None
) -> AsyncIterator[AcumaticaClient | None]:
    """Open the client of the ERP, whether it can be reached or not; None when none is configured."""
    if config.url is None:
        yield None
        return
    settings = ClientSettings(
        url=config.url,
        endpoint=None if config.endpoint is None else Endpoint.parse(config.endpoint),
        sessions=config.sessions,
        requests_per_minute=config.requests_per_minute,
        timeouts=Timeouts(
            connect_seconds=config.connect_timeout.total_seconds(), total_seconds=config.timeout.total_seconds()
        ),
    )
    async with open_client(settings, _sign_in(config, tokens), clock, routing=routing) as client:
        yield client


def odata_access(config: AcumaticaConfig) -> ODataAccess:
    """Give what reading the site's own tables needs."""
    return ODataAccess(username=config.username or "", password=config.password or Secret(""), tenant=config.tenant)


def test_of_erp(client: AcumaticaClient | None, config: AcumaticaConfig) -> Connection:
    """Give the operators' button Test Connection."""
    if client is None:
        return not_connected("CONNECTOR_ACUMATICA_URL")
    return partial(test_connection, client, config.tenant)


def _sign_in(config: AcumaticaConfig, tokens: TokenStore) -> SignIn:
    username, password = config.username or "", config.password or Secret("")
    if config.client is None:
        return CookieSignIn(username=username, password=password, tenant=config.tenant, branch=config.branch)
    return OAuthSignIn(
        client_id=config.client.client_id,
        client_secret=config.client.client_secret,
        username=username,
        password=password,
        tokens=SealedTokens(tokens, config.client.client_secret),
    )
