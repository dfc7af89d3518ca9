"""`GET /api/v1/openapi.json`: the contract of the API, built from the routes themselves."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from daemon import __version__
from daemon.http.cursors import json_response
from daemon.http.idempotency import KEY_PARAMETER, takes_key
from daemon.http.keys import ROUTES as ROUTE_TABLE
from daemon.http.routes import Operation, Route
from daemon.http.schemas import SCHEMAS

_TAGS: Final = {
    "events": "Change events in.",
    "intake": "Whether events are accepted.",
    "queues": "What waits, and when it runs.",
    "dead letters": "Failed messages; only a person sends them again.",
    "settings": "How queues are processed.",
    "connections": "The two systems.",
    "logs": "What was sent, and who did what.",
    "tokens": "Who has access.",
    "health": "For those who watch the daemon; without a token.",
}
_PATH_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "queue": {"description": "Full name `main.to_magento.pricing`, or without the instance.", "type": "string"},
    "id": {"description": "Id of the row.", "type": "integer"},
    "name": {"description": "Which system.", "type": "string", "enum": ["magento", "acumatica"]},
}


async def show_openapi(request: web.Request) -> web.Response:
    """Show the OpenAPI document."""
    return json_response(build_document(request.app[ROUTE_TABLE].routes))


def build_document(routes: Sequence[Route]) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document of *routes*; pages are no part of it."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.operation is not None:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, route.operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "am-connector",
            "version": __version__,
            "summary": "Keeps Acumatica and a Magento store in step.",
            "description": (
                "Errors are `application/problem+json` with a stable `code`. Lists answer `items` and `next_cursor`. "
                "Every writing call leaves a row in the audit log, and takes an `Idempotency-Key`."
            ),
        },
        "security": [{"token": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
            "responses": {
                "Problem": {
                    "description": "The problem, for people and programs",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
    }


def _operation(route: Route, operation: Operation) -> dict[str, Any]:
    keyed = takes_key(route)
    parameters = [*_in_path(route.path), *operation.parameters, *([KEY_PARAMETER] if keyed else [])]
    is_open = route.access == "public"
    problems = operation.problems if is_open else (401, 403, *operation.problems, *((409, 422) if keyed else ()), 429)
    document: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": {
            **{str(status): response for status, response in operation.responses.items()},
            **{str(status): _problem(status) for status in sorted({*problems, 500})},
        },
    }
    if operation.description:
        document["description"] = operation.description
    if parameters:
        document["parameters"] = parameters
    if operation.request is not None:
        document["requestBody"] = {"content": operation.request, "required": _needs_body(route)}
    if is_open:
        document["security"] = []
    return document


def _needs_body(route: Route) -> bool:
    # Acts on one thing may go without a body: its only field, the reason, is optional.
    return not re.search(r"/(pause|resume|run|\{id\}/reprocess|discard|revoke)$", route.path)


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _in_path(path: str) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"\{(\w+)\}", path):
        schema = dict(_PATH_PARAMETERS[name])
        description = schema.pop("description")
        found.append({"name": name, "in": "path", "required": True, "description": description, "schema": schema})
    return found


def _operation_id(route: Route) -> str:
    return route.handler.__name__ if hasattr(route.handler, "__name__") else f"{route.method}{route.path}"


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/openapi.json",
        handler=show_openapi,
        access="read",
        operation=Operation(
            tag="health",
            summary="This document",
            responses={
                200: {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
            },
        ),
    ),
)
