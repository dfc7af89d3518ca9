"""TLS: broker, database and store are believed with a certificate of a known authority, in time, for their name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.acceptance.daemon_process import run_command
from tests.acceptance.site import PRICING, Site, changes
from tests.tls import Authority, Kind, behind_tls

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give the authority that clients of this module trust."""
    return Authority.at(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def all_behind_tls(site: Site, authority: Authority, kind: Kind) -> AsyncIterator[dict[str, str]]:
    """Put broker, database and store behind TLS; gives the settings that lead there."""
    context = authority.context(kind)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(behind_tls(site.broker_url, context, scheme="amqps"))
        database = await stack.enter_async_context(behind_tls(site.database_url, context, scheme="postgresql"))
        store = await stack.enter_async_context(behind_tls(site.store.url, context, scheme="https"))
        yield {
            "BROKER_URL": broker,
            "DATABASE_URL": f"{database}?sslmode=verify-full",
            "MAGENTO_URL": store,
        }


def environment(site: Site, authority: Authority, settings: dict[str, str]) -> dict[str, str]:
    return {**site.environment(**settings), "SSL_CERT_FILE": str(authority.roots)}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("wrong_authority", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("wrong_host", "IP address mismatch"),
    ],
)
async def test_a_certificate_that_is_wrong_in_any_way_is_refused_by_all_three(
    site: Site, authority: Authority, kind: Kind, reason: str
) -> None:
    async with all_behind_tls(site, authority, kind) as settings:
        told = await run_command(environment(site, authority, settings), "check", "--json")

    assert told.code == 3
    for name in ("broker", "database", "magento"):
        assert told.document[name]["ok"] is False
        assert reason in told.document[name]["text"]


async def test_with_good_certificates_everything_works_over_tls(own_site: Site, authority: Authority) -> None:
    site = own_site
    async with all_behind_tls(site, authority, "good") as settings:
        # Each way to name the authority: of the whole process here, in the URLs below.
        told = await run_command(environment(site, authority, settings), "check", "--json")
        assert told.code == 0, told.out
        settings["BROKER_URL"] += f"?cafile={authority.roots}"
        settings["DATABASE_URL"] += f"&sslrootcert={authority.roots}"
        async with site.connector(**{**settings, "MAGENTO_URL": ""}) as connector:
            await site.publish(changes(PRICING, site.skus(3)))
            await connector.wait_until_waiting(PRICING, 3)
