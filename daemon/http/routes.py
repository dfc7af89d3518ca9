"""Routes as data: method, path, handler, who may call it, and its description for the OpenAPI document."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from daemon.http.roles import Permission

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Access = Permission | Literal["public"]
"""What a caller needs: a token whose role has this permission, or nothing. No default: every route says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    What the OpenAPI document says of a call.

    Attributes:
        summary: one line.
        description: further text, may be empty.
        parameters: OpenAPI parameter objects beside those in the path.
        request: OpenAPI content by media type, None for no body.
        responses: OpenAPI response objects of the successes by status; the problems are added to all.
        problems: statuses of the problems this call may answer beside 401, 429 and 500.
    """

    summary: str
    tag: str
    description: str = ""
    parameters: tuple[Mapping[str, Any], ...] = ()
    request: Mapping[str, Any] | None = None
    responses: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    problems: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    One call.

    Attributes:
        access: who may call it.
        operation: its description; None for the pages, which are no part of the API.
        act: what the audit log calls it when it is refused; what is done has its own name there, `queue.paused` for
            `queue.pause`. `{act}` stands for that part of the path. None for calls that change nothing.
        target: what it acts upon, where the path does not say it.
        keeps_answer: whether the answer may be kept for a repeat of the call; not where it shows a secret.
        body_limit: bytes a request's body may have.
    """

    method: Literal["GET", "POST", "PUT", "PATCH"]
    path: str
    handler: Handler
    access: Access
    operation: Operation | None
    act: str | None = None
    target: str = ""
    keeps_answer: bool = True
    body_limit: int = 1024 * 1024

    @property
    def is_page(self) -> bool:
        """Whether people see it in a browser."""
        return self.operation is None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes of an application, found by method and path pattern."""

    routes: tuple[Route, ...]

    def find(self, request: web.Request) -> Route | None:
        """Give the route that *request* matched; HEAD is answered as GET is."""
        resource = request.match_info.route.resource
        if resource is None:
            return None
        method = "GET" if request.method == "HEAD" else request.method
        return next((each for each in self.routes if each.method == method and each.path == resource.canonical), None)


def json_of(schema: str) -> dict[str, Any]:
    """Describe a JSON answer or body that holds the named *schema*."""
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def answer(description: str, schema: str | None = None) -> dict[str, Any]:
    """Describe a success, with the named *schema* as its JSON body."""
    return {"description": description} | ({"content": json_of(schema)} if schema else {})


def in_query(name: str, description: str, **schema: object) -> dict[str, Any]:
    """Describe a query parameter; *schema* is JSON Schema, a text where nothing is said."""
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


def in_header(name: str, description: str) -> dict[str, Any]:
    """Describe a header the call looks at."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
