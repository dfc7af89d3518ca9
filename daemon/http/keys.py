"""Where the application keeps what it was given, and a request what was found out about it."""

from typing import Final

from aiohttp import web
from jinja2 import Environment

from daemon.http.dependencies import Dependencies
from daemon.http.problems import Problem
from daemon.http.routes import Route, RouteTable
from daemon.http.session_cookies import Session
from daemon.http.throttle import FailureThrottle
from daemon.http.tokens import Principal

DEPENDENCIES: Final = web.AppKey("DEPENDENCIES", Dependencies)
ROUTES: Final = web.AppKey("ROUTES", RouteTable)
TEMPLATES: Final = web.AppKey("TEMPLATES", Environment)
THROTTLE: Final = web.AppKey("THROTTLE", FailureThrottle)

REQUEST_ID: Final = web.RequestKey("REQUEST_ID", str)
ROUTE: Final = web.RequestKey("ROUTE", Route)
PRINCIPAL: Final = web.RequestKey("PRINCIPAL", Principal)
BODY: Final = web.RequestKey("BODY", bytes)
"""Only once it was read."""
PROBLEM: Final = web.RequestKey("PROBLEM", Problem)
"""Only where it ended in one."""
SESSION: Final = web.RequestKey("SESSION", Session)
"""Only where a browser session opened the page."""
