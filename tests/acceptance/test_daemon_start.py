"""Broker and database that go away in the middle of the start are waited for, as those that were away before it."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from queues.message import encode
from tests.acceptance.api import api_client
from tests.acceptance.daemon_process import Daemon
from tests.acceptance.lives import frozen_at, life
from tests.acceptance.site import PRICING, TOKEN, Site, change
from tests.proxy import Proxy, proxied

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def interrupted(
    site: Site, point: str, away: Literal["broker", "database"]
) -> AsyncIterator[tuple[Daemon, Proxy]]:
    """Have a daemon that lost its broker or its database at *point* of its start, and what keeps it away."""
    async with (
        proxied(site.broker_url) as (broker, broker_url),
        proxied(site.database_url) as (database, database_url),
        # Ticks of a minute: no queue is late because its daemon was held up.
        life(
            site,
            traps=f"{point}=freeze",
            BROKER_URL=broker_url,
            DATABASE_URL=database_url,
            SCHEDULE_INTERVAL="60",
        ) as daemon,
    ):
        await frozen_at(daemon, point)
        proxy = {"broker": broker, "database": database}[away]
        proxy.is_refusing = True
        proxy.cut()
        daemon.send(signal.SIGCONT)
        await daemon.wait_for("daemon.start_interrupted")
        yield daemon, proxy


@pytest.mark.parametrize(("point", "away"), [("start.connected", "broker"), ("start.declared", "database")])
async def test_what_goes_away_in_the_middle_of_the_start_is_waited_for(
    point: str, away: Literal["broker", "database"], own_site: Site
) -> None:
    async with interrupted(own_site, point, away) as (daemon, proxy):
        assert daemon.is_running
        assert not daemon.lines("http.listening")
        proxy.heal()

        await daemon.wait_for("daemon.started")

        async with api_client(await daemon.address(), TOKEN) as api:
            ready = await api.call("GET", "/health/ready")
            accepted = await api.call(
                "POST",
                "events",
                body=encode(change(PRICING, *own_site.skus(1))),
                headers={"Content-Type": "application/cloudevents+json"},
            )
        assert (ready.status, accepted.status) == (200, 202)
        assert len(daemon.lines("http.listening")) == 1
        assert await daemon.stop() == 0


async def test_a_stop_while_it_waits_in_the_middle_of_the_start_ends_with_0(own_site: Site) -> None:
    async with interrupted(own_site, "start.declared", "database") as (daemon, _):
        assert await daemon.stop() == 0

    assert not daemon.lines("daemon.started")
    assert not daemon.lines("daemon.not_started")


async def test_what_waiting_does_not_mend_ends_a_start_that_is_made_again(own_site: Site) -> None:
    (current,) = await own_site.rows("select version_num from alembic_version")
    async with interrupted(own_site, "start.declared", "database") as (daemon, proxy):
        await own_site.rows("update alembic_version set version_num = 'later'")
        try:
            proxy.heal()

            assert await daemon.exit_code() == 2
        finally:
            await own_site.rows("update alembic_version set version_num = $1", current["version_num"])
    assert not daemon.lines("daemon.started")
