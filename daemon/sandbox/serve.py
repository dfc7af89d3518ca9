"""Running a sandbox: inside another program for as long as a block lasts, or until told to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from daemon.sandbox.app import SANDBOX, create_sandbox
from daemon.sandbox.catalogue_files import fill_shop, read_catalogue
from daemon.sandbox.sandbox import Sandbox
from daemon.sandbox.settings import SandboxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSandbox:
    """A sandbox that listens; `control_url` is the same as `url` unless it was given a port of its own."""

    sandbox: Sandbox
    url: str
    control_url: str


@asynccontextmanager
async def running_sandbox(
    settings: SandboxSettings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    control_port: int | None = None,
) -> AsyncIterator[RunningSandbox]:
    """
    Serve a sandbox while the block lasts.

    Args:
        settings: None for the defaults.
        host: the address to bind.
        port: 0 picks a free one.
        control_port: a second port for `/_sandbox/`, which stays open under the fault `refuse`; 0 picks a free one.
    """
    app = create_sandbox(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    sandbox = app[SANDBOX]
    if runner.server is None:
        raise RuntimeError("the application runner has no server after its setup")
    try:
        await sandbox.listener.open(runner.server, host=host, port=port, control_port=control_port)
        control = sandbox.listener.control_port or sandbox.listener.port
        yield RunningSandbox(
            sandbox=sandbox,
            url=f"http://{host}:{sandbox.listener.port}",
            control_url=f"http://{host}:{control}",
        )
    finally:
        await sandbox.listener.close()
        await runner.cleanup()


def announcement(running: RunningSandbox) -> list[str]:
    """The lines that tell a person what has started, where, and with which credentials."""
    settings, shop = running.sandbox.settings, running.sandbox.shop
    full, stock = settings.credentials, settings.stock_credentials
    return [
        f"Sandbox store: a simulation of Magento 2.4.7 with {len(shop.catalogue):,} products; it keeps nothing",
        f"  REST       {running.url}/rest/all/V1/",
        f"  overview   {running.control_url}/_sandbox/",
        f"  bearer     {full.access_token}   (stock only: {stock.access_token})",
        f"  OAuth 1.0a {full.consumer_key} / {full.consumer_secret} / {full.access_token} / {full.access_token_secret}",
        f"  admin      {settings.admin_username} / {settings.admin_password}",
        *(["  times      as the recorded shop"] if settings.real_times else []),
    ]


async def serve_sandbox(
    settings: SandboxSettings,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    catalogue: bytes | None = None,
    control_port: int | None = None,
    started: Callable[[RunningSandbox], None] | None = None,
) -> None:
    """
    Serve a sandbox until *stop* is set.

    Args:
        settings: how the shop starts.
        host: the address to bind.
        port: 0 picks a free one.
        stop: set it to end.
        catalogue: replaces the default catalogue; JSON or CSV.
        control_port: a second port for the switches, which the fault `refuse` leaves open.
        started: called once it listens, to tell where.

    Raises:
        CatalogueError: the catalogue cannot be read.
        OSError: the port is taken.
    """
    rows = None if catalogue is None else read_catalogue(catalogue)
    async with running_sandbox(settings, host=host, port=port, control_port=control_port) as running:
        if rows is not None:
            running.sandbox.shop.catalogue.clear()
            running.sandbox.shop.inventory.clear()
            fill_shop(running.sandbox.shop, rows)
        if started is not None:
            started(running)
        await stop.wait()
