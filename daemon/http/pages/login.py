"""Signing in with a token and out again, and the style sheet, which is there before anyone has signed in."""

from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from daemon.http.authentication import LOGIN_PATH, principal_of_token
from daemon.http.keys import DEPENDENCIES, SESSION
from daemon.http.pages.forms import read_form, read_open_form
from daemon.http.pages.rendering import render
from daemon.http.problems import Problem
from daemon.http.routes import Route
from daemon.http.session_cookies import SESSION_SECONDS, open_session
from daemon.http.sessions import COOKIE, SECURE_COOKIE, session_of

_log = structlog.stdlib.get_logger("daemon.http")


async def show_login(request: web.Request) -> web.Response:
    """Ask for the token."""
    if session_of(request) is not None:
        raise web.HTTPSeeOther("/")
    return render(request, "login.html", fault="")


async def sign_in(request: web.Request) -> web.Response:
    """Open a session for the holder of the token that was typed."""
    form = await read_open_form(request)
    try:
        principal = principal_of_token(request, f"Bearer {form.get('token', '').strip()}")
    except Problem as problem:
        fault = "This token is not known here." if problem.status == 401 else problem.detail  # noqa: PLR2004 - HTTP
        response = render(request, "login.html", status=problem.status, fault=fault)
        response.headers.update(problem.headers)
        return response
    if "read" not in principal.permissions:
        fault = f"A token with the role {principal.role} does not open these pages."
        return render(request, "login.html", status=403, fault=fault)
    session = open_session(principal, request.app[DEPENDENCIES].clock)
    _log.info("session.opened", principal=principal.name)
    response = web.Response(status=303, headers={"Location": "/"})
    # The browser's own word for how it reached us: behind a proxy that ends TLS our side sees plain HTTP.
    is_secure = request.secure or urlsplit(request.headers.get("Origin", "")).scheme == "https"
    response.set_cookie(
        SECURE_COOKIE if is_secure else COOKIE,
        session.to_cookie(),
        max_age=SESSION_SECONDS,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=is_secure,
    )
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End the session, in this browser and for whoever may have copied its cookie."""
    await read_form(request)
    session = request[SESSION]
    await request.app[DEPENDENCIES].tokens.end_session(session.nonce, session.last_moment)
    response = web.Response(status=303, headers={"Location": LOGIN_PATH})
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    response.del_cookie(SECURE_COOKIE, path="/", httponly=True, samesite="Strict", secure=True)
    return response


async def show_style(request: web.Request) -> web.Response:
    """Give the style sheet."""
    del request
    style = files("daemon.http.pages").joinpath("style.css").read_text(encoding="utf-8")
    return web.Response(text=style, content_type="text/css", charset="utf-8", headers={"Cache-Control": "max-age=300"})


ROUTES: Final = (
    Route(method="GET", path=LOGIN_PATH, handler=show_login, access="public", operation=None),
    Route(method="POST", path=LOGIN_PATH, handler=sign_in, access="public", operation=None),
    Route(method="POST", path="/logout", handler=sign_out, access="read", act="session.end", operation=None),
    Route(method="GET", path="/style.css", handler=show_style, access="public", operation=None),
)
