"""The sandbox as an aiohttp application."""

from aiohttp import web

from daemon.sandbox.control import ControlApi
from daemon.sandbox.rest import RestHandler
from daemon.sandbox.sandbox import Sandbox, build_sandbox
from daemon.sandbox.settings import SandboxSettings

SANDBOX = web.AppKey("SANDBOX", Sandbox)
_LARGEST_BODY = 64 * 1024 * 1024


def create_sandbox(settings: SandboxSettings | None = None) -> web.Application:
    """Build the application; the parts behind it are under `SANDBOX`, for tests that look inside."""
    sandbox = build_sandbox(SandboxSettings() if settings is None else settings)
    app = web.Application(client_max_size=_LARGEST_BODY)
    app[SANDBOX] = sandbox
    app.add_routes(ControlApi(sandbox).routes())
    app.router.add_route("*", "/{rest:.*}", RestHandler(sandbox).__call__)
    return app
