"""Secrets in every variable, and everything provoked that could give one away: none is found anywhere afterwards."""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import aiormq
import pytest
from pamqp import commands

from queues.message import encode
from queues.settings import QueueProcessingSettings
from tests.acceptance.api import Api
from tests.acceptance.daemon_process import Daemon, run_command, running_daemon
from tests.acceptance.site import PRICING, PRODUCT_STATUS, Connector, Site, change
from tests.acceptance.telltale import ANSWERS, running_telltale

pytestmark = pytest.mark.asyncio(loop_scope="module")

# With signs that every encoding writes in another way.
MAGENTO_TOKEN: Final = "s3nt/MAGENTO+token~1=ü"
OAUTH: Final = {
    "MAGENTO_CONSUMER_KEY": "s3ntkey0f1e2d3c4b5a6978",
    "MAGENTO_CONSUMER_SECRET": "s3ntconsumersecret/7+8",
    "MAGENTO_ACCESS_TOKEN": "s3ntaccess9876543210fed",
    "MAGENTO_ACCESS_TOKEN_SECRET": "s3ntaccesssecret/1+2",
}
ACUMATICA_PASSWORD: Final = "s3nt ERP/pass+word"
ADMIN_TOKEN: Final = "s3nt-admin-token/0123456789+"
WRONG_PASSWORD: Final = "s3nt/wrong+password"
WRONG_TOKEN: Final = "s3nt-wrong-token/9876543210"
URLS: Final = {"DATABASE_URL": "daemon.not_started", "BROKER_URL": "broker.lost"}
"""Variables with a password in them, and how a daemon tells that it is refused."""
IN_A_MESSAGE: Final = "s3ntmessagepassword/3+4"
IN_A_HEADER: Final = "s3ntmessageheader5678"


def forms(secret: str) -> set[str]:
    """Write *secret* in every form it could be found in."""
    plain = secret.encode()
    found = {secret, quote(secret, safe=""), quote(secret), secret.replace("/", "\\/")}
    for before in range(3):
        # What base64 makes of the secret inside something longer, without the characters its neighbours have a part in.
        encoded = base64.b64encode(b"x" * before + plain + b"xx").decode()
        inner = encoded[-(-before * 8 // 6) : (before + len(plain)) * 8 // 6]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def assert_none_in(secrets: Iterable[str], texts: Mapping[str, str]) -> None:
    for secret in secrets:
        for form in forms(secret):
            for where, text in texts.items():
                at = text.find(form)
                assert at < 0, f"{form!r} stands in {where}: {text[max(0, at - 100) : at + 100]!r}"


def with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, host = parts.netloc.rpartition("@")[0].partition(":")[0], parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


async def tables(site: Site, *, with_bodies: bool) -> dict[str, str]:
    """Read every table whole; bytes as the text they are."""
    names = await site.rows(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    found = {}
    for name in (row["relname"] for row in names):
        rows = [
            {column: value for column, value in row.items() if with_bodies or column != "body"}
            for row in await site.rows(f'select * from "{name}"')  # noqa: S608 - the database's own names
        ]
        found[f"table {name}"] = "\n".join(
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row.values()
        )
    return found


async def answers(connector: Connector) -> dict[str, str]:
    """Read everything the API and the pages show."""
    paths = [
        "/api/v1/dead-letters",
        "/api/v1/dead-letters/export",
        "/api/v1/dead-letters/export?format=csv",
        "/api/v1/sync-log",
        "/api/v1/audit",
        "/api/v1/runs",
        "/api/v1/queues",
        "/api/v1/intake",
        "/api/v1/settings/queue-processing",
        "/api/v1/settings/queue-processing/history",
        "/api/v1/openapi.json",
        "/metrics",
        "/health/live",
        "/health/ready",
        "/login",
        "/no-such-path",
    ]
    letters = await connector.letters()
    paths += [f"/api/v1/dead-letters/{each['id']}" for each in letters]
    found = {}
    async with aiohttp.ClientSession(connector.api.address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        for path in paths:
            async with session.get(path, headers=bearer) as response:
                found[path] = f"{dict(response.headers)}\n{await response.text()}"
        origin = {"Origin": connector.api.address}
        async with session.post("/login", data={"token": ADMIN_TOKEN}, headers=origin) as response:
            assert response.status == 200
        for path in ("/", "/dead-letters", "/settings", *(f"/dead-letters/{each['id']}" for each in letters)):
            async with session.get(path) as response:
                assert response.status == 200
                found[path] = f"{dict(response.headers)}\n{await response.text()}"
    return found


async def publish_with_header(site: Site, kind: str, body: bytes) -> None:
    connection = await aiormq.connect(site.broker_url)
    try:
        channel = await connection.channel(publisher_confirms=True)
        headers = {"Authorization": f"Bearer {IN_A_HEADER}", "x-api-key": IN_A_HEADER, "note": f"pwd={IN_A_HEADER}"}
        properties = commands.Basic.Properties(delivery_mode=2, headers={**headers})
        await channel.basic_publish(body, exchange=f"{site.instance}.events", routing_key=kind, properties=properties)
    finally:
        await connection.close()


def note(everywhere: dict[str, str], name: str, daemon: Daemon) -> None:
    everywhere[f"log of {name}"] = "\n".join(daemon.text)


async def provoke(connector: Connector, number: int) -> None:
    """Have every answer of the telltale store happen to a message, and messages come that nobody can read."""
    await connector.site.publish([change(PRICING, f"S3-{number}-{each}") for each in range(len(ANSWERS))])
    await connector.site.publish([change(PRODUCT_STATUS, f"S3-{number}")])
    with_member = change(PRICING, f"S3-m{number}", password=IN_A_MESSAGE, nested={"api_key": IN_A_MESSAGE})
    await publish_with_header(connector.site, PRICING, encode(with_member))
    for body in (
        f'{{"data": "Authorization: Bearer {IN_A_MESSAGE}", "specversion": "1.0"}}',
        f'{{"password": "{IN_A_MESSAGE}',
        f'{{"specversion": "password={IN_A_MESSAGE}"}}',
    ):
        await publish_with_header(connector.site, PRICING, body.encode())
    for kind in (PRICING, PRODUCT_STATUS):
        await connector.run_to_its_end(kind)


async def test_no_secret_is_found_anywhere(own_site: Site) -> None:
    site = own_site
    await site.put_settings(QueueProcessingSettings(retry_count=1, check_process_time=1, process_sleep_time=1))
    everywhere: dict[str, str] = {}
    given = {"ADMIN_TOKEN": ADMIN_TOKEN, "ACUMATICA_PASSWORD": ACUMATICA_PASSWORD, "LOG_LEVEL": "debug"}
    ways = ({"MAGENTO_TOKEN": MAGENTO_TOKEN}, {"MAGENTO_TOKEN": "", **OAUTH})

    async with running_telltale() as shop:
        for number, credentials in enumerate(ways):
            settings = site.environment(**given, MAGENTO_URL=shop.url, **credentials)
            async with running_daemon(settings) as daemon:
                await daemon.wait_for("daemon.started")
                address = await daemon.address()
                headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
                async with aiohttp.ClientSession(headers=headers) as session:
                    connector = Connector(site=site, daemon=daemon, api=Api(session, address))
                    await provoke(connector, number)
                    everywhere["a connection tested"] = str(await connector.api.post("connections/magento/test"))
                    refused = await connector.api.call(
                        "GET", "queues", headers={"Authorization": f"Bearer {WRONG_TOKEN}"}
                    )
                    assert refused.status == 401
                    everywhere["a wrong token"] = str(refused)
                    wrong = await connector.api.call("GET", "queues", query={"token": WRONG_TOKEN})
                    assert wrong.status == 422
                    everywhere |= await answers(connector)
                await daemon.stop()
                note(everywhere, f"daemon {number}", daemon)
    urls = {name: with_password(site.environment()[f"CONNECTOR_{name}"], WRONG_PASSWORD) for name in URLS}
    checked = await run_command(site.environment(**given, **urls), "check")
    assert checked.code == 3
    everywhere["check with wrong passwords"] = checked.out + checked.errors
    for name, event in URLS.items():
        async with running_daemon(site.environment(**given, **{name: urls[name]})) as daemon:
            await daemon.wait_for(event)
            if daemon.is_running:
                await daemon.stop()
            note(everywhere, f"a daemon with a wrong password in {name}", daemon)

    letters = await site.rows("select reason, error_class, error from dead_letters")
    assert {row["reason"] for row in letters} == {"attempts_used_up", "invalid_message"}
    assert len(letters) >= len(ways) * (len(ANSWERS) + 1) + 3
    signatures = [each for header in shop.headers for each in re.findall(r'oauth_signature="([^"]+)"', header)]
    assert any(header == f"Bearer {MAGENTO_TOKEN}" for header in shop.headers)
    assert signatures
    configured = [
        MAGENTO_TOKEN,
        *OAUTH.values(),
        ACUMATICA_PASSWORD,
        ADMIN_TOKEN,
        WRONG_PASSWORD,
        WRONG_TOKEN,
        *(urlsplit(url).password or "" for url in (site.broker_url, site.database_url)),
        *signatures,
    ]
    assert all(len(each) > 6 for each in configured)
    assert_none_in(configured, {**everywhere, **await tables(site, with_bodies=True)})
    # The bytes of a message are kept as they came, for it is sent again; everything else tells nothing of them.
    assert_none_in([IN_A_MESSAGE, IN_A_HEADER], {**everywhere, **await tables(site, with_bodies=False)})
    assert IN_A_MESSAGE in (await tables(site, with_bodies=True))["table dead_letters"]
