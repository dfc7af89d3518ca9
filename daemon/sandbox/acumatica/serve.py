"""Running a simulated site: for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from daemon.sandbox.acumatica.control import AcumaticaControl
from daemon.sandbox.acumatica.rest import AcumaticaHandler
from daemon.sandbox.acumatica.sandbox import AcumaticaSandbox, build_acumatica
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings

_LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningAcumatica:
    """A site that listens; `url` includes the instance's path, `control_url` does not."""

    sandbox: AcumaticaSandbox
    url: str
    control_url: str


def create_acumatica(sandbox: AcumaticaSandbox) -> web.Application:
    """Build the application of a site."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.add_routes(AcumaticaControl(sandbox).routes())
    app.router.add_route("*", "/{rest:.*}", AcumaticaHandler(sandbox).__call__)
    return app


@asynccontextmanager
async def running_acumatica(
    settings: AcumaticaSandboxSettings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    control_port: int | None = None,
) -> AsyncIterator[RunningAcumatica]:
    """
    Serve a site while the block lasts.

    Args:
        settings: None for the defaults.
        host: the address to bind.
        port: 0 picks a free one.
        control_port: a second port for `/_sandbox/`, which stays open under the fault `refuse`; 0 picks a free one.
    """
    sandbox = build_acumatica(AcumaticaSandboxSettings() if settings is None else settings)
    runner = web.AppRunner(create_acumatica(sandbox), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    if runner.server is None:
        raise RuntimeError("the application runner has no server after its setup")
    pushing = asyncio.create_task(sandbox.push.run(), name="acumatica-push")
    try:
        await sandbox.listener.open(runner.server, host=host, port=port, control_port=control_port)
        control = sandbox.listener.control_port or sandbox.listener.port
        yield RunningAcumatica(
            sandbox=sandbox,
            url=f"http://{host}:{sandbox.listener.port}{sandbox.settings.site_path}",
            control_url=f"http://{host}:{control}",
        )
    finally:
        pushing.cancel()
        await asyncio.wait({pushing})
        await sandbox.listener.close()
        await runner.cleanup()


def acumatica_announcement(running: RunningAcumatica) -> list[str]:
    """The lines that tell a person what has started, where, and with which credentials."""
    settings = running.sandbox.settings
    items = len(running.sandbox.site.table("StockItem").rows)
    return [
        f"Sandbox ERP: a simulation of Acumatica {settings.build} with {items:,} stock items; it keeps nothing",
        f"  REST       {running.url}/entity/Default/{running.sandbox.contract.version}/",
        f"  switches   {running.control_url}/_sandbox/",
        f"  user       {settings.username} / {settings.password}, tenant {settings.tenants[0]}",
        f"  OAuth 2.0  {settings.client_id} / {settings.client_secret}",
    ]


def acumatica_facts(running: RunningAcumatica) -> dict[str, object]:
    """The same for programs."""
    settings = running.sandbox.settings
    return {
        "url": running.url,
        "control_url": running.control_url,
        "username": settings.username,
        "password": settings.password,
        "tenant": settings.tenants[0],
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "items": len(running.sandbox.site.table("StockItem").rows),
    }
