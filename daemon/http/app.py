"""`create_app`: the whole HTTP side as one application that owns nothing of what it is given."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from daemon.http import (
    bulk,
    clocks,
    connections,
    dead_letters,
    events,
    exports,
    health,
    intake_control,
    log_keeping,
    logs,
    openapi,
    queues,
    reference_data,
    schema_management,
    settings,
    settings_document,
    skipped,
    sync_runs,
    syncs,
    token_calls,
    webhooks,
)
from daemon.http.answering import add_security_headers, problems
from daemon.http.authentication import authentication
from daemon.http.context import request_context
from daemon.http.dependencies import Dependencies
from daemon.http.idempotency import idempotency
from daemon.http.keys import DEPENDENCIES, ROUTES, TEMPLATES, THROTTLE
from daemon.http.pages import failed_messages, login, overview, settings_page, syncs_page
from daemon.http.pages.rendering import make_templates
from daemon.http.refusals import refused_acts
from daemon.http.routes import Route, RouteTable
from daemon.http.throttle import FailureThrottle

ALL_ROUTES: Final[Sequence[Route]] = (
    *health.ROUTES,
    *events.ROUTES,
    *intake_control.ROUTES,
    *queues.ROUTES,
    *exports.ROUTES,
    *bulk.ROUTES,
    *dead_letters.ROUTES,
    *settings.ROUTES,
    *settings_document.ROUTES,
    *connections.ROUTES,
    *logs.ROUTES,
    *log_keeping.ROUTES,
    *reference_data.ROUTES,
    *schema_management.ROUTES,
    *token_calls.ROUTES,
    *syncs.ROUTES,
    *sync_runs.ROUTES,
    *skipped.ROUTES,
    *clocks.ROUTES,
    *webhooks.ROUTES,
    *openapi.ROUTES,
    *login.ROUTES,
    *overview.ROUTES,
    *failed_messages.ROUTES,
    *syncs_page.ROUTES,
    *settings_page.ROUTES,
)
"""Fixed paths stand before those with a variable part, so that both are found."""


def create_app(dependencies: Dependencies) -> web.Application:
    """
    Make the application; `daemon.http.server.make_runner` runs it.

    Args:
        dependencies: what the handlers use; opened and closed by the caller.
    """
    app = web.Application(middlewares=[request_context, refused_acts, problems, authentication, idempotency])
    app[DEPENDENCIES] = dependencies
    app[ROUTES] = RouteTable(tuple(ALL_ROUTES))
    app[TEMPLATES] = make_templates()
    app[THROTTLE] = FailureThrottle(dependencies.clock)
    for route in ALL_ROUTES:
        # An id is a number: a word in its place is another path, or none.
        path = route.path.replace("{id}", "{id:[0-9]+}")
        app.router.add_route(route.method, path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", path, route.handler)
    app.on_response_prepare.append(add_security_headers)
    return app
