"""Authentication: every call needs a token but those that are public by name; nothing is open by omission."""

import re
from typing import Final

import structlog
from aiohttp import web

from daemon.http.keys import DEPENDENCIES, PRINCIPAL, ROUTE, SESSION, THROTTLE
from daemon.http.problems import Problem
from daemon.http.roles import roles_with
from daemon.http.routes import Handler
from daemon.http.sessions import session_of
from daemon.http.tokens import Principal

_BEARER = re.compile(r"bearer +(?P<token>[^ ]+) *", re.IGNORECASE)
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="am-connector"'}
LOGIN_PATH: Final = "/login"

_log = structlog.stdlib.get_logger("daemon.http")


@web.middleware
async def authentication(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through what is public, and callers whose token has the role that the route asks for."""
    route = request.get(ROUTE)
    if route is not None and route.access == "public":
        return await handler(request)
    principal = None
    if route is None or route.is_page:
        session = session_of(request)
        if session is not None:
            request[SESSION] = session
            principal = session.principal
    if principal is None:
        if route is not None and route.is_page and "Authorization" not in request.headers:
            raise web.HTTPSeeOther(LOGIN_PATH)
        principal = principal_of_token(request, request.headers.get("Authorization", ""))
    request[PRINCIPAL] = principal
    # A path that does not exist, or not with this method, is told only to those who have a token.
    if route is not None and route.access != "public" and route.access not in principal.permissions:
        needed = " or ".join(roles_with(route.access))
        raise Problem(403, "forbidden", f"this needs the role {needed}; the token's role is {principal.role}")
    return await handler(request)


def principal_of_token(request: web.Request, authorization: str) -> Principal:
    """
    Find the holder of the token in an `Authorization` header.

    Raises:
        Problem: 401 for a missing or wrong token, 429 for a wrong one from a source that was wrong too often.
        DatabaseUnavailable: nobody can tell just now whose it is.
    """
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Problem(401, "unauthenticated", "send Authorization: Bearer <token>", headers=_CHALLENGE)
    source = request.remote or ""
    given = request.app[DEPENDENCIES]
    # Bytes as they came: a token that is not ASCII is wrong, not an error.
    principal = given.tokens.find(match["token"].encode("utf-8", "surrogateescape"), source=source)
    if principal is not None:
        return principal
    wait = request.app[THROTTLE].failed(source)
    given.metrics.count_wrong_token(throttled=wait > 0)
    if wait:
        raise Problem(429, "too_many_failures", f"repeat in {wait} s", headers={"Retry-After": str(wait)})
    _log.warning("token.refused", source=source)
    raise Problem(401, "unauthenticated", "send Authorization: Bearer <token>", headers=_CHALLENGE)
