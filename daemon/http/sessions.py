"""The session of a request: the cookie that carries it, under the name that fits how the browser reaches us."""

from typing import Final

from aiohttp import web

from daemon.http.keys import DEPENDENCIES
from daemon.http.session_cookies import Session, read_session

COOKIE: Final = "connector_session"
SECURE_COOKIE: Final = "__Host-connector_session"
"""Its name where the browser speaks https: it can then neither be set nor read by another host."""


def session_of(request: web.Request) -> Session | None:
    """
    Give the session a request's cookie stands for, None when there is none or it is over.

    Raises:
        DatabaseUnavailable: nobody can tell just now whether its token is still in force.
    """
    cookie = request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE) or ""
    given = request.app[DEPENDENCIES]
    return read_session(cookie, tokens=given.tokens, clock=given.clock, source=request.remote or "")
