"""From the environment to Test Connection, by either way of signing in."""

import pytest

from daemon.acumatica.tokens import MemoryTokenStore
from daemon.config import Config, ConfigurationError
from daemon.erp.opening import open_erp
from daemon.erp.opening import test_of_erp as button
from tests.acumatica_site import SMALL, site
from tests.fakes.clock import FakeClock

NEEDED = {"CONNECTOR_BROKER_URL": "amqp://u:p@127.0.0.1/", "CONNECTOR_DATABASE_URL": "postgresql://u:p@127.0.0.1/d"}
COOKIE = {"USERNAME": SMALL.username, "PASSWORD": SMALL.password, "TENANT": "Shop", "ENDPOINT": "Default/24.200.001"}
OAUTH = {**COOKIE, "CLIENT_ID": SMALL.client_id, "CLIENT_SECRET": SMALL.client_secret}


def environment(**values: str) -> dict[str, str]:
    return {**NEEDED, **{f"CONNECTOR_ACUMATICA_{name}": value for name, value in values.items()}}


@pytest.mark.parametrize(("given", "call"), [(COOKIE, "/auth/login"), (OAUTH, "/connect/token")])
async def test_the_configured_way_of_signing_in_is_used(given: dict[str, str], call: str) -> None:
    async with site(sign_in=False) as bare:
        config = Config.from_env(environment(URL=bare.running.url, **given)).acumatica
        async with open_erp(config, FakeClock(), MemoryTokenStore()) as client:
            report = await button(client, config)()
        calls = await bare.control("GET", f"requests?path={call}")
        sessions = await bare.control("GET", "sessions")

    assert (report.ok, report.reason) == (True, "")
    assert calls["total"] == 1
    assert sessions["open"] == 0


async def test_without_an_address_nothing_is_connected() -> None:
    config = Config.from_env(NEEDED).acumatica
    async with open_erp(config, FakeClock(), MemoryTokenStore()) as client:
        report = await button(client, config)()

    assert (report.ok, report.reason) == (False, "not_configured")


def test_an_address_without_a_user_and_half_an_application_are_refused() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Config.from_env(environment(URL="https://erp.example", CLIENT_ID="a@b"))

    text = str(refused.value)
    for name in ("USERNAME", "PASSWORD", "CLIENT_SECRET"):
        assert f"CONNECTOR_ACUMATICA_{name}" in text
