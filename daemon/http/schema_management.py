"""`/api/v1/schema/{entity}`: Schema Management: the ERP's fields in their tabs, refreshed, ticked, preset."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import json_response
from daemon.http.fields import read_fields, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem, invalid
from daemon.http.routes import Operation, Route, answer, json_of
from daemon.settings.document.schema import SCHEMA_ENTITIES, SchemaEntity, SchemaField
from daemon.sync.schema.in_force import SchemaInForce
from queues.errors import NotFound

PATH: Final = "/api/v1/schema/{entity}"
_NOW: Final = answer("The schema as it is now", "Schema")


async def show_schema(request: web.Request) -> web.Response:
    """Show the fields of one entity."""
    return json_response(_document(await request.app[DEPENDENCIES].schemas.show(_entity_in_path(request))))


async def refresh_schema(request: web.Request) -> web.Response:
    """Read the ERP's fields; new ones come in inactive, vanished ones are marked."""
    fields = await read_fields(request, {"reason": reason})
    entity = _entity_in_path(request)
    done = await request.app[DEPENDENCIES].schemas.refresh(entity, act_of(request, fields))
    if done.changes is None:
        detail = f"the ERP's fields could not be read, nothing was changed: {done.failure}"
        raise Problem(409, "erp_unavailable", detail)
    document = {
        **_document(done.schema),
        "added": done.changes.added,
        "vanished": done.changes.vanished,
        "returned": done.changes.returned,
    }
    return json_response(document)


async def tick_schema(request: web.Request) -> web.Response:
    """Switch fields on and off."""
    fields = await read_fields(request, {"active": _ticks, "reason": reason})
    if "active" not in fields:
        raise invalid("active", "must be given", code="missing")
    entity = _entity_in_path(request)
    done = await request.app[DEPENDENCIES].schemas.tick(entity, fields["active"], act_of(request, fields))
    return json_response(_document(done))


async def preset_schema(request: web.Request) -> web.Response:
    """Have the fields that are preselected at installation active."""
    fields = await read_fields(request, {"reason": reason})
    done = await request.app[DEPENDENCIES].schemas.preset(_entity_in_path(request), act_of(request, fields))
    return json_response(_document(done))


def _entity_in_path(request: web.Request) -> SchemaEntity:
    name = request.match_info["entity"]
    for entity in SCHEMA_ENTITIES:
        if entity == name:
            return entity
    raise NotFound("schema", name[:200])


def _ticks(value: object) -> Mapping[str, bool]:
    if (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(name, str) and isinstance(tick, bool) for name, tick in value.items())
    ):
        raise ValueError("an object of field names, each true or false")
    return value


def _document(schema: SchemaInForce) -> dict[str, Any]:
    tabs: dict[str, list[dict[str, Any]]] = {}
    for row in schema.rows:
        tabs.setdefault(row.tab, []).append(_field(row))
    return {
        "entity": schema.entity,
        "version": schema.version,
        "tabs": [{"tab": tab, "fields": fields} for tab, fields in tabs.items()],
    }


def _field(row: SchemaField) -> dict[str, Any]:
    return {
        "schema": row.schema,
        "name": row.name,
        "active": row.active,
        "is_missing": row.is_missing,
        "api_path": row.api_path,
        "api_name": row.api_name,
    }


def _change(*, summary: str, request: str, success: dict[str, Any] = _NOW, description: str = "") -> Operation:
    """Describe a call that changes a schema."""
    return Operation(
        tag="schema",
        summary=summary,
        description=description,
        parameters=(ACTOR_PARAMETER,),
        request=json_of(request),
        responses={200: success},
        problems=(400, 404, 409, 413, 415, 422, 503),
    )


ROUTES: Final = (
    Route(
        method="GET",
        path=PATH,
        handler=show_schema,
        access="read",
        operation=Operation(
            tag="schema",
            summary="Show the fields of an entity by tab, and which take part",
            responses={200: answer("The schema", "Schema")},
            problems=(404, 503),
        ),
    ),
    Route(
        method="PATCH",
        path=PATH,
        handler=tick_schema,
        access="configure",
        act="schema.tick",
        operation=_change(
            summary="Switch fields of an entity on and off",
            description="Makes a version of the settings document, as every change of a schema does.",
            request="SchemaTicks",
        ),
    ),
    Route(
        method="POST",
        path=f"{PATH}/refresh",
        handler=refresh_schema,
        access="configure",
        act="schema.refresh",
        operation=_change(
            summary="Refresh Schema: read the ERP's fields; new ones come in inactive, vanished ones are marked",
            description="409 `erp_unavailable` with the reason when they cannot be read; nothing is changed then.",
            request="Reason",
            success=answer("What changed, and the schema as it is now", "SchemaRefreshed"),
        ),
    ),
    Route(
        method="POST",
        path=f"{PATH}/preset",
        handler=preset_schema,
        access="configure",
        act="schema.preset",
        operation=_change(
            summary="Switch on the fields that are preselected at installation; other ticks stay", request="Reason"
        ),
    ),
)
