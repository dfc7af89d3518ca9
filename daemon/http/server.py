"""The HTTP server around the application: what is no HTTP at all is answered as carefully as everything else."""

import asyncio
import uuid
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override

from daemon.http.answering import SECURITY_HEADERS
from daemon.http.problems import Problem, to_json

LINGERING_SECONDS: Final = 1.0
"""How long a body that nobody reads is taken in after its answer, so that a client that still sends can read it."""

_log = structlog.stdlib.get_logger("daemon.http")


def make_runner(app: web.Application) -> web.AppRunner:
    """Make the runner of *app*; it logs nothing beside our own lines."""
    return _Runner(app, access_log=None)


class _Runner(web.AppRunner):
    @override
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory)


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
    @override
    def __call__(self) -> RequestHandler:
        return _Connection(
            self, loop=asyncio.get_running_loop(), access_log_class=_NoAccessLog, lingering_time=LINGERING_SECONDS
        )


class _Connection(RequestHandler):
    """A connection whose errors below the application carry our headers and tell nothing about what runs here."""

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
