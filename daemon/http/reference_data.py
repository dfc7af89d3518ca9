"""`/api/v1/reference-data`: the ERP's lists that settings refer to, with their age, and fetching them anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import json_response, list_response
from daemon.http.fields import read_fields, read_parameters, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer, json_of
from daemon.settings.document.references import KINDS, TITLES, ReferenceKind
from queues.errors import NotFound
from queues.postgres.reference_lists import ReferenceList


async def list_reference_data(request: web.Request) -> web.Response:
    """Show every list without its entries."""
    read_parameters(request, {})
    given = request.app[DEPENDENCIES]
    found = await given.reference.all()
    return list_response([_summary(found[kind], given.clock.now()) for kind in KINDS], None)


async def show_reference_data(request: web.Request) -> web.Response:
    """Show one list with its entries."""
    given, kind = request.app[DEPENDENCIES], _kind_in_path(request)
    return json_response(_document((await given.reference.all())[kind], given.clock.now()))


async def refresh_reference_data(request: web.Request) -> web.Response:
    """Fetch one list."""
    fields = await read_fields(request, {"reason": reason})
    given, kind = request.app[DEPENDENCIES], _kind_in_path(request)
    refreshed = await given.reference.refresh([kind], act_of(request, fields))
    return json_response(_document(refreshed[kind], given.clock.now()))


async def refresh_all_reference_data(request: web.Request) -> web.Response:
    """Fetch several lists, or all."""
    fields = await read_fields(request, {"kinds": _kinds, "reason": reason})
    given = request.app[DEPENDENCIES]
    refreshed: Mapping[ReferenceKind, ReferenceList] = await given.reference.refresh(
        fields.get("kinds", KINDS), act_of(request, fields)
    )
    return list_response([_summary(each, given.clock.now()) for each in refreshed.values()], None)


def _kind_in_path(request: web.Request) -> ReferenceKind:
    name = request.match_info["kind"]
    for kind in KINDS:
        if kind == name:
            return kind
    raise NotFound("list", name[:200])


def _kinds(value: object) -> Sequence[ReferenceKind]:
    wanted = tuple(kind for kind in KINDS if isinstance(value, list) and kind in value)
    if not isinstance(value, list) or len(wanted) != len(value) or not wanted:
        raise ValueError(f"a list of one or more of {', '.join(KINDS)}, each once")
    return wanted


def _summary(found: ReferenceList, now: datetime) -> dict[str, Any]:
    age = None if found.fetched_at is None else max(0, int((now - found.fetched_at).total_seconds()))
    return {
        "kind": found.kind,
        "title": next(title for kind, title in TITLES.items() if kind == found.kind),
        "count": len(found.entries),
        "fetched_at": found.fetched_at,
        "age_seconds": age,
        "failed_at": found.failed_at,
        "error": found.error or None,
    }


def _document(found: ReferenceList, now: datetime) -> dict[str, Any]:
    entries = [
        {"code": each.code, "description": each.description, "is_active": each.is_active} for each in found.entries
    ]
    return {**_summary(found, now), "entries": entries}


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/reference-data",
        handler=list_reference_data,
        access="read",
        operation=Operation(
            tag="reference data",
            summary="List the ERP's lists that settings refer to, with their age",
            responses={200: answer("All lists, without their entries", "ReferenceLists")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/reference-data/refresh",
        handler=refresh_all_reference_data,
        access="operate",
        act="reference_data.refresh",
        target="reference_data",
        operation=Operation(
            tag="reference data",
            summary="Reload Acumatica Base Data: fetch all lists, or some",
            description="A list that does not come keeps what it had; `error` says why.",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("ReferenceRefresh"),
            responses={200: answer("The lists as they are now", "ReferenceLists")},
            problems=(400, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/reference-data/{kind}",
        handler=show_reference_data,
        access="read",
        operation=Operation(
            tag="reference data",
            summary="Show one list with its entries",
            responses={200: answer("The list", "ReferenceList")},
            problems=(404, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/reference-data/{kind}/refresh",
        handler=refresh_reference_data,
        access="operate",
        act="reference_data.refresh",
        operation=Operation(
            tag="reference data",
            summary="Fetch one list anew",
            description="One that does not come keeps what it had; `error` says why.",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("Reason"),
            responses={200: answer("The list as it is now", "ReferenceList")},
            problems=(400, 404, 413, 415, 422, 503),
        ),
    ),
)
