"""`GET /api/v1/openapi.json`: the contract of the API, built from the routes themselves."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from daemon import __version__
from daemon.http.cursors import json_response
from daemon.http.fields import HIGHEST_ID
from daemon.http.idempotency import KEY_PARAMETER, takes_key
from daemon.http.keys import ROUTES as ROUTE_TABLE
from daemon.http.links import LINKS
from daemon.http.roles import Permission, roles_with
from daemon.http.routes import Operation, Route
from daemon.http.schemas import SCHEMAS
from daemon.http.value_schemas import ANY_TEXT, HEADER_VALUES, QUERY_VALUES
from daemon.settings.document.references import KINDS
from daemon.settings.document.schema import SCHEMA_ENTITIES

_TAGS: Final = {
    "events": "Change events in.",
    "intake": "Whether events are accepted.",
    "queues": "What waits, and when it runs.",
    "dead letters": "Failed messages; only a person sends them again.",
    "settings": "How queues are processed, and every other preference.",
    "connections": "The two systems.",
    "logs": "What was sent, and who did what.",
    "tokens": "Who has access.",
    "syncs": "Bringing records over: all, what changed, or some.",
    "schema": "Which fields of the ERP take part.",
    "reference data": "The ERP's lists that settings refer to.",
    "health": "For those who watch the daemon; without a token.",
}
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": {
        "description": "Joins the answer with the log; the caller's own, if it sent one that is fit to be one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
    },
    "WWW-Authenticate": {"description": "What is asked for.", "required": True, "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {
        "description": "The version, for If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9.]+"$'},
    },
}
_PATH_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "queue": {"description": "Full name `main.to_magento.pricing`, or without the instance.", "type": "string"},
    "id": {"description": "Id of the row.", "type": "integer", "minimum": 1, "maximum": HIGHEST_ID},
    "entity": {"description": "Whose fields.", "type": "string", "enum": list(SCHEMA_ENTITIES)},
    "kind": {"description": "Which list.", "type": "string", "enum": list(KINDS)},
    "sync": {
        "description": "A sync, `product`, or one kind of its records, `pricing` or `to_magento.pricing`.",
        "type": "string",
    },
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
            "headers": _HEADERS,
        },
    }


def _operation(route: Route, operation: Operation) -> dict[str, Any]:
    operation_id = _operation_id(route)
    given = (*operation.parameters, *((KEY_PARAMETER,) if takes_key(route) else ()))
    parameters = [*_in_path(route.path), *map(_exact, given)]
    links = LINKS.get(operation_id, {})
    document: dict[str, Any] = {
        "operationId": operation_id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": {
            **{str(status): _success(each, links.get(status)) for status, each in operation.responses.items()},
            **{str(status): _problem(status) for status in _problems_of(route, operation)},
        },
    }
    if operation.description:
        document["description"] = operation.description
    if parameters:
        document["parameters"] = parameters
    if operation.request is not None:
        document["requestBody"] = {"content": operation.request, "required": _needs_body(route)}
    if route.access == "public":
        document["security"] = []
    else:
        document["description"] = f"{operation.description} Needs the role {_roles(route.access)}.".strip()
    return document


def _roles(permission: Permission) -> str:
    return " or ".join(f"`{role}`" for role in roles_with(permission))


def _problems_of(route: Route, operation: Operation) -> list[int]:
    problems = {*operation.problems, 500}
    if route.access != "public":
        # The database knows whose token it is.
        problems |= {401, 403, 429, 503}
    if route.method != "GET":
        problems |= {400, 408, 413, 415, 422}
    if takes_key(route):
        problems |= {409, 422}
    return sorted(problems - set(operation.responses))


def _exact(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say what a text may be, where the parameter itself does not: the same for all of one name."""
    if parameter["schema"] != {"type": "string"}:
        return parameter
    if parameter["in"] == "query":
        schema = QUERY_VALUES.get(parameter["name"], ANY_TEXT)
    else:
        schema = HEADER_VALUES.get(parameter["name"], parameter["schema"])
    return {**parameter, "schema": dict(schema)}


def _success(response: Mapping[str, Any], links: Mapping[str, Any] | None) -> dict[str, Any]:
    document = {**response, "headers": {**_header("X-Request-ID"), **response.get("headers", {})}}
    if links:
        document["links"] = links
    return document


def _needs_body(route: Route) -> bool:
    # Acts on one thing may go without a body: its only field, the reason, is optional.
    return not re.search(
        r"/(pause|resume|run|test|clean|refresh|preset|\{id\}/(reprocess|discard|revoke))$", route.path
    )


def _problem(status: int) -> dict[str, Any]:
    headers = _header("X-Request-ID")
    if status == HTTPStatus.UNAUTHORIZED:
        headers |= _header("WWW-Authenticate")
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers |= _header("Retry-After")
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _header(name: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"}}


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
