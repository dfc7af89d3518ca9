"""`/api/v1/sync-runs`: the runs of syncs, how far they are, what they tell; and the hand that stops one."""

from dataclasses import fields
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of, id_in_path
from daemon.http.cursors import cursor_of, json_response, list_response, position
from daemon.http.fields import identifier, limit, read_fields, read_parameters, reason, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer, in_query, json_of
from queues.postgres.sync_runs import RunLine, SyncRun

DEFAULT_LIMIT: Final = 50
DEFAULT_LINES: Final = 200
_NEWEST: Final = 2**63 - 1


async def list_sync_runs(request: web.Request) -> web.Response:
    """Show runs, newest first."""
    given = read_parameters(request, {"sync": text, "limit": limit, "cursor": position})
    page_size = given.get("limit", DEFAULT_LIMIT)
    runs = await request.app[DEPENDENCIES].sync_runs.list(
        given.get("sync"), before=given.get("cursor", _NEWEST), limit=page_size + 1
    )
    more = cursor_of(runs[page_size - 1].id) if len(runs) > page_size else None
    return list_response([run_document(each) for each in runs[:page_size]], more)


async def show_sync_run(request: web.Request) -> web.Response:
    """Show one run as it is now."""
    read_parameters(request, {})
    run = await request.app[DEPENDENCIES].sync_runs.show(id_in_path(request, thing="sync run"))
    return json_response(run_document(run))


async def show_log(request: web.Request) -> web.Response:
    """Show what a run tells, while it runs and afterwards."""
    given = read_parameters(request, {"after": identifier, "limit": limit})
    lines = await request.app[DEPENDENCIES].sync_runs.lines(
        id_in_path(request, thing="sync run"), after=given.get("after", 0), limit=given.get("limit", DEFAULT_LINES)
    )
    return list_response([_line(each) for each in lines], None)


async def stop_sync_run(request: web.Request) -> web.Response:
    """End a run that waits or is under way; what it has noted is still looked at."""
    given = await read_fields(request, {"reason": reason})
    run_id = id_in_path(request, thing="sync run")
    run = await request.app[DEPENDENCIES].sync_runs.stop(run_id, act_of(request, given))
    return json_response(run_document(run))


def run_document(run: SyncRun) -> dict[str, Any]:
    """Give one run."""
    return {
        "id": run.id,
        "sync": run.sync,
        "kind": run.kind,
        "mode": run.mode,
        "state": run.state,
        "key": run.key or None,
        "actor": run.actor,
        "reason": run.reason or None,
        "since": run.since,
        "until": run.until,
        "noted": run.noted,
        "error": run.error or None,
        "asked_at": run.asked_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "indexing": run.index_state or None,
        "indexing_error": run.index_error or None,
    }


def _line(line: RunLine) -> dict[str, Any]:
    return {each.name: getattr(line, each.name) for each in fields(RunLine)}


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/sync-runs",
        handler=list_sync_runs,
        access="read",
        operation=Operation(
            tag="syncs",
            summary="List runs of syncs, newest first",
            parameters=(
                in_query("sync", "Of this sync only: `product`, or `to_magento.pricing` for runs of one kind."),
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "SyncRunList")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/sync-runs/{id}",
        handler=show_sync_run,
        access="read",
        operation=Operation(
            tag="syncs",
            summary="Show one run: how far it is, how it ended",
            responses={200: answer("The run as it is now", "SyncRun")},
            problems=(404, 422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/sync-runs/{id}/log",
        handler=show_log,
        access="read",
        operation=Operation(
            tag="syncs",
            summary="Read what a run tells, in order, while it runs and afterwards",
            parameters=(
                in_query("after", "Only lines behind the one with this id.", type="integer", minimum=1),
                in_query("limit", "Lines at most.", type="integer", minimum=1, maximum=500, default=DEFAULT_LINES),
            ),
            responses={200: answer("The lines", "SyncRunLog")},
            problems=(404, 422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/sync-runs/{id}/stop",
        handler=stop_sync_run,
        access="operate",
        act="sync.stop",
        operation=Operation(
            tag="syncs",
            summary="End a run that waits or is under way; what it has noted is still looked at",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("Reason"),
            responses={200: answer("The run as it is now", "SyncRun")},
            problems=(400, 404, 409, 413, 415, 422, 503),
        ),
    ),
)
