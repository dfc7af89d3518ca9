"""The middleware that alone turns exceptions into problems, and the headers every answer carries."""

import uuid
from typing import Final

import structlog
from aiohttp import web

from daemon.http.keys import PROBLEM, REQUEST_ID, ROUTE
from daemon.http.pages.rendering import render_problem
from daemon.http.problems import Problem, from_error, problem_response
from daemon.http.routes import Handler
from queues.errors import QueueError

_log = structlog.stdlib.get_logger("daemon.http")

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put request id and security headers on every answer and take the server's name off it, as a signal."""
    # aiohttp answers a few requests itself before any middleware has named them.
    response.headers["X-Request-ID"] = request.get(REQUEST_ID) or str(uuid.uuid4())
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as a problem document; what nobody expected hides behind its request id."""
    try:
        return await handler(request)
    except Problem as problem:
        return _told(request, problem)
    except web.HTTPException as error:
        if isinstance(error, web.HTTPRedirection):
            return web.Response(status=error.status, headers={"Location": error.headers["Location"]})
        return _told(request, _from_http(error, request))
    except QueueError as error:
        return _told(request, _from_engine(error, request))
    except Exception:  # noqa: BLE001 - the one place, see below
        # The one place where everything is caught: a bug must not end the connection, nor show itself to the caller.
        _log.exception("http.failed", route=_pattern(request))
        return _told(request, _hidden(request[REQUEST_ID]))


def _told(request: web.Request, problem: Problem) -> web.Response:
    request[PROBLEM] = problem
    return (
        render_problem(request, problem) if _is_for_people(request) else problem_response(problem, request[REQUEST_ID])
    )


def _is_for_people(request: web.Request) -> bool:
    """Tell whether a page was asked for; of a mistyped address, whether it was typed into a browser."""
    route = request.get(ROUTE)
    if route is not None:
        return bool(route.is_page)
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")


def _from_engine(error: QueueError, request: web.Request) -> Problem:
    translated = from_error(error)
    if translated is None:
        _log.exception("http.failed", route=_pattern(request))
        return _hidden(request[REQUEST_ID])
    if translated.status >= 500:  # noqa: PLR2004 - the class of HTTP statuses
        _log.warning("http.unavailable", route=_pattern(request), code=translated.code, reason=str(error))
    return translated


def _from_http(error: web.HTTPException, request: web.Request) -> Problem:
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            detail = f"{request.method} is not possible here, but {allowed}"
            return Problem(405, "method_not_allowed", detail, headers={"Allow": allowed})
        case web.HTTPNotFound():
            return Problem(404, "no_such_path", "there is nothing at this path")
        case web.HTTPRequestEntityTooLarge():
            return Problem(413, "too_large", "the body is too large")
        case _:
            return Problem(error.status, "invalid", error.reason)


def _hidden(request_id: str) -> Problem:
    return Problem(500, "internal_error", f"the log tells more under the request id {request_id}")


def _pattern(request: web.Request) -> str:
    route = request.get(ROUTE)
    return route.path if route else "unmatched"
