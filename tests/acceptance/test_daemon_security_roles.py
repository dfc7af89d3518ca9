"""Least privilege: a daemon with exactly the documented rights at broker and database works; with fewer it says so."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import pytest

from daemon.sync.entities import active_queues
from deploy.local.broker import Broker
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.topology import declare_topology, plan_topology
from tests.acceptance.daemon_process import running_daemon
from tests.acceptance.site import PRICING, Site, changes, new_site
from tests.database_roles import roles_of
from tests.services import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT: Final = ROOT / "docs" / "security.md"
USER: Final = "connector-app"
PASSWORD: Final = "password-of-the-tests"


def documented(instance: str) -> tuple[str, str, str]:
    """Give the permissions for configure, write and read as the document says them, for *instance*."""
    told = re.search(r"set_permissions connector '([^']*)' '([^']*)' '([^']*)'", DOCUMENT.read_text())
    assert told, "docs/security.md names no permissions"
    configure, write, read = (each.replace("main", instance) for each in told.groups())
    return configure, write, read


@contextmanager
def least_at(broker: Broker, instance: str) -> Iterator[str]:
    """Have a user with the documented permissions; gives the URL it comes with."""
    broker.control("add_user", USER, PASSWORD)
    broker.control("set_permissions", USER, *documented(instance))
    parts = urlsplit(broker.url)
    yield urlunsplit(parts._replace(netloc=f"{USER}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}"))


async def test_the_documented_rights_are_enough_and_fewer_are_told(
    private_broker: Broker, database_url: str, template_database: str
) -> None:
    async with new_site(
        broker_url=private_broker.url, database_url=database_url, template_database=template_database
    ) as site:
        await import_definitions(site)
        with least_at(private_broker, site.instance) as broker_url, roles_of(site.database_url) as roles:
            rights = {"BROKER_URL": broker_url, "DATABASE_URL": roles.app_url}
            async with site.connector(**rights) as connector:
                good, bad = site.skus(2)
                await site.store.reject(bad)
                await connector.api.put_settings(retry_count=1, check_process_time=1, process_sleep_time=1)
                await connector.collect(PRICING, changes(PRICING, [good, bad]))
                run = await connector.run_to_its_end(PRICING)
                assert (run["delivered"], run["failed"]) == (1, 1)
                await site.store.accept(bad)
                letter = await connector.letter_of(bad)
                await connector.api.post(f"dead-letters/{letter['id']}/reprocess", {"reason": "mended"})
                await connector.run_to_its_end(PRICING)
                await connector.letter_of(bad, state="reprocessed")
                await connector.api.post("events", price_event(good))
                await site.publish_bytes("to_magento.nobody", [b"no queue takes this"])
                await connector.api.until("dead-letters", lambda page: page["items"], q="no queue takes")
                # The probe needs a queue of its own, which it may not create: told, and no obstacle.
                [told] = connector.daemon.lines("broker.delivery_limit_unknown")
                assert "ACCESS_REFUSED" in told["reason"] or "access" in told["reason"].lower()
                assert await connector.daemon.stop() == 0

            users = private_broker.control("list_users")
            assert "guest" not in users
            private_broker.control("set_permissions", USER, "^$", "^$", "^$")
            await site.publish(changes(PRICING, [good]))
            async with running_daemon(site.environment(**rights, SCHEDULE_INTERVAL="1")) as daemon:
                line = await daemon.wait_for("check.cut_short", queue=site.queue(PRICING))
                # RabbitMQ 4 says which access, RabbitMQ 3 does not.
                assert re.search(rf"ACCESS_REFUSED - (read )?access to queue '{site.queue(PRICING)}'", line["reason"])
                assert USER in line["reason"]


def price_event(sku: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": "least-1",
        "source": "tests",
        "type": PRICING,
        "subject": sku,
        "time": "2026-11-21T10:00:00Z",
        "data": {"price": "1.50"},
    }


async def import_definitions(site: Site) -> None:
    """Declare what the connector needs, as an operator does who imports definitions."""
    connection = BrokerConnection(site.broker_url, name="operator")
    try:
        await declare_topology(connection, plan_topology(site.instance, active_queues(site.instance)))
    finally:
        await connection.close()
