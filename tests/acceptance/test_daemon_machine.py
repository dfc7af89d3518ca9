"""A machine that has run out of something: room on its disk, descriptors, somebody who reads the log."""

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.acceptance.api import POLL_SECONDS, Api, api_client
from tests.acceptance.daemon_process import COMMAND, PATIENCE_SECONDS, clean_environment, command_line
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import PRICING, TOKEN, Site, changes
from tests.acceptance.store import PRICES

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALLEST_PIPE: Final = 4096
FEW: Final = 48
"""Descriptors: those of a daemon that has all its connections, and a few more."""


async def test_without_room_on_the_disk_it_works_as_ever(own_site: Site) -> None:
    since = await own_site.store.mark()
    # Not one byte may be written to any file; pipes and sockets are none.
    async with own_site.connector(program=limited("--fsize=0")) as connector:
        events = await connector.collect(PRICING, changes(PRICING, own_site.skus(3)))
        await connector.run_to_its_end(PRICING)

        assert await connector.daemon.stop() == 0

    (await reconcile(own_site, events, await own_site.store.requests(PRICES, since=since))).check(retry_count=1)


async def test_without_descriptors_it_waits_for_some_and_goes_on(own_site: Site) -> None:
    since = await own_site.store.mark()
    async with own_site.connector(program=limited(f"--nofile={FEW}"), SCHEDULE_INTERVAL="1") as connector:
        await connector.api.put_settings(check_process_time=1, process_sleep_time=1, retry_count=100)
        address = urlsplit(connector.api.address)
        async with idle_connections(str(address.hostname), address.port or 0, FEW):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while descriptors(connector.daemon.pid) < FEW:  # noqa: ASYNC110 - nobody announces it
                    await asyncio.sleep(POLL_SECONDS)
            events = await own_site.publish(changes(PRICING, own_site.skus(5)))
            await connector.daemon.next_line()
        await own_site.store.wait(5, PRICES, since=since)
        async with api_client(connector.api.address, TOKEN) as fresh:
            await fresh.wait_until_ready()
            await fresh.until(f"queues/{PRICING}", lambda queue: queue["trying"] == 0)

        assert await connector.daemon.stop() == 0

    (await reconcile(own_site, events, await own_site.store.requests(PRICES, since=since))).check(retry_count=100)


async def test_nobody_who_reads_the_log_holds_nothing_up(own_site: Site) -> None:
    since = await own_site.store.mark()
    async with unread_daemon(own_site) as (process, api):
        events = await own_site.publish(changes(PRICING, own_site.skus(3)))
        await api.post(f"queues/{PRICING}/run")
        # Each call is a line in the log: far more than the pipe holds.
        for _ in range(60):
            await api.get("queues")
        await own_site.store.wait(3, PRICES, since=since)
        await api.until(f"queues/{PRICING}", lambda queue: queue["trying"] == 0)

        process.terminate()
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await process.wait()

    assert code == 0
    (await reconcile(own_site, events, await own_site.store.requests(PRICES, since=since))).check(retry_count=1)


def descriptors(pid: int) -> int:
    """Count what a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def limited(limit: str) -> list[str]:
    """Give the program of a daemon that may use no more than prlimit's *limit*."""
    if (prlimit := shutil.which("prlimit")) is None:
        pytest.skip("prlimit is not installed")
    return [prlimit, limit, str(COMMAND)]


@asynccontextmanager
async def idle_connections(host: str, port: int, number: int) -> AsyncIterator[None]:
    """Hold connections that say nothing."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(number):
            _, writer = await asyncio.open_connection(host, port)
            writers.append(writer)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def unread_daemon(site: Site) -> AsyncIterator[tuple[asyncio.subprocess.Process, Api]]:
    """Have a daemon whose log nobody reads once it has told where it listens."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
    process = await asyncio.create_subprocess_exec(
        *command_line("run"),
        env=clean_environment(site.environment()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as log:
            told: dict[str, dict[str, Any]] = {}
            while "daemon.started" not in told:
                line = json.loads(await asyncio.to_thread(log.readline))
                told[line["event"]] = line
            async with api_client(told["http.listening"]["address"], TOKEN) as api:
                yield process, api
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
