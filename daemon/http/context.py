"""The outermost middleware: a request id, the log context, and one line that tells how the request ended."""

import re
import time
import uuid

import structlog
from aiohttp import web

from daemon.http.keys import DEPENDENCIES, REQUEST_ID, ROUTE, ROUTES
from daemon.http.routes import Handler

_log = structlog.stdlib.get_logger("daemon.http")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Asked every few seconds by machines: told at debug level while they go well."""


@web.middleware
async def request_context(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id (the caller's, if it is fit to be one) and log it once with its duration."""
    came = request.headers.get("X-Request-ID", "")
    request_id = came if _REQUEST_ID.fullmatch(came) else str(uuid.uuid4())
    request[REQUEST_ID] = request_id
    route = request.app[ROUTES].find(request)
    if route is not None:
        request[ROUTE] = route
    pattern = route.path if route else "unmatched"
    began = time.monotonic()
    status = 499  # nginx's word for a caller that went away
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            seconds = time.monotonic() - began
            request.app[DEPENDENCIES].metrics.observe_request(request.method, pattern, status, seconds)
            _tell(request, pattern, status, seconds)


def _tell(request: web.Request, pattern: str, status: int, seconds: float) -> None:
    # The path without its query: a query may hold what logs must not.
    facts = {
        "method": request.method,
        "path": request.rel_url.raw_path[:200],
        "route": pattern,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "remote": request.remote,
    }
    if status >= 500:  # noqa: PLR2004 - the class of HTTP statuses
        _log.warning("http.answered", **facts)
    elif pattern in _QUIET:
        _log.debug("http.answered", **facts)
    else:
        _log.info("http.answered", **facts)
