"""Authentication: every call needs a token but those that are public by name; nothing is open by omission."""

import re
from typing import Final

from aiohttp import web

from daemon.http.keys import DEPENDENCIES, PRINCIPAL, ROUTE, THROTTLE
from daemon.http.problems import Problem
from daemon.http.routes import Handler
from daemon.http.sessions import principal_of_session
from daemon.http.tokens import Principal

_BEARER = re.compile(r"bearer +(?P<token>[^ ]+) *", re.IGNORECASE)
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="am-connector"'}
LOGIN_PATH: Final = "/login"


@web.middleware
async def authentication(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through what is public, and callers whose token has the role that the route asks for."""
    route = request.get(ROUTE)
    if route is not None and route.access == "public":
        return await handler(request)
    principal = principal_of_session(request) if route is None or route.is_page else None
    if principal is None:
        if route is not None and route.is_page and "Authorization" not in request.headers:
            raise web.HTTPSeeOther(LOGIN_PATH)
        principal = principal_of_token(request, request.headers.get("Authorization", ""))
    request[PRINCIPAL] = principal
    # A path that does not exist, or not with this method, is told only to those who have a token.
    if route is not None and route.access not in principal.roles:
        raise Problem(403, "forbidden", f"this needs the role {route.access}")
    return await handler(request)


def principal_of_token(request: web.Request, authorization: str) -> Principal:
    """
    Find the holder of the token in an `Authorization` header.

    Raises:
        Problem: 401 for a missing or wrong token, 429 for a source that was wrong too often.
    """
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Problem(401, "unauthenticated", "send Authorization: Bearer <token>", headers=_CHALLENGE)
    throttle = request.app[THROTTLE]
    source = request.remote or ""
    if wait := throttle.wait(source):
        raise Problem(429, "too_many_failures", f"repeat in {wait} s", headers={"Retry-After": str(wait)})
    # Bytes as they came: a token that is not ASCII is wrong, not an error.
    presented = match["token"].encode("utf-8", "surrogateescape")
    principal = request.app[DEPENDENCIES].tokens.find(presented)
    if principal is None:
        throttle.failed(source)
        raise Problem(401, "unauthenticated", "send Authorization: Bearer <token>", headers=_CHALLENGE)
    return principal
