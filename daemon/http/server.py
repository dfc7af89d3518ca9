"""The HTTP server around the application: what is no HTTP at all is answered as carefully as everything else."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override

from daemon.http.answering import SECURITY_HEADERS
from daemon.http.guard import ConnectionGuard, room_for_connections
from daemon.http.problems import Problem, to_json

LINGERING_SECONDS: Final = 1.0
"""How long a body that nobody reads is taken in after its answer, so that a client that still sends can read it."""

_log = structlog.stdlib.get_logger("daemon.http")


Handler = Callable[[Any], Awaitable[web.StreamResponse]]


def make_runner(app: web.Application, guard: ConnectionGuard | None = None) -> web.AppRunner:
    """Make the runner of *app*; it logs nothing beside our own lines, and *guard* watches over its connections."""
    return _Runner(app, guard or ConnectionGuard(most=room_for_connections()))


class _Runner(web.AppRunner):
    def __init__(self, app: web.Application, guard: ConnectionGuard) -> None:
        super().__init__(app, access_log=None)
        self._guard = guard

    @override
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, self._guard, request_factory=made.request_factory)


class _NoAccessLog(AbstractAccessLogger):
    """Writes nothing: every request has its line already."""

    @override
    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Do nothing."""

    @property
    @override
    def enabled(self) -> bool:
        """Say so, and nothing is measured for it either."""
        return False


class _Server(web.Server):
    def __init__(self, handler: Handler, guard: ConnectionGuard, **given: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(self._answer, **given)
        self._handler = handler
        self._guard = guard

    @override
    def __call__(self) -> RequestHandler:
        return _Connection(self, self._guard)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        if not isinstance(connection, _Connection):
            raise TypeError(f"a connection must be one of ours, got {type(connection).__name__}")
        self._guard.asked(connection)
        try:
            return await self._handler(request)
        finally:
            self._guard.answered(connection)


class _Connection(RequestHandler):
    """A connection whose errors below the application carry our headers and tell nothing about what runs here."""

    def __init__(self, server: web.Server, guard: ConnectionGuard) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log_class=_NoAccessLog,
            lingering_time=LINGERING_SECONDS,
        )
        self._guard = guard

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._guard.opened(self)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self._guard.closed(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """End it at once, whatever is still to be sent."""
        if self.transport is not None:
            self.transport.abort()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("http.failed", route="none", request_id=request_id, exc_info=exc)
            problem = Problem(status, "internal_error", f"the log tells more under the request id {request_id}")
        else:
            # The parser's own words quote what a stranger sent: they are for neither the log nor the answer.
            _log.info("http.not_understood", status=status, remote=request.remote, request_id=request_id)
            problem = Problem(status, "not_http", "the request cannot be read")
        if request.writer.output_size > 0:
            raise ConnectionError("an answer had begun already")
        response = _Nameless(
            status=status,
            body=to_json(problem.to_document(request_id)),
            content_type="application/problem+json",
            headers={**SECURITY_HEADERS, "X-Request-ID": request_id},
        )
        response.force_close()
        return response


class _Nameless(web.Response):
    """A response without the server's name; below the application no signal takes it off."""

    @override
    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Server", None)
