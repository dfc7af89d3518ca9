"""`/api/v1/syncs`: which kinds of records are synced, when last, and the handles to sync all, what changed, or some."""

import re
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of, id_in_path
from daemon.http.cursors import cursor_of, json_response, list_response, position
from daemon.http.fields import limit, one_of, read_fields, read_parameters, reason, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import invalid
from daemon.http.routes import Operation, Route, answer, in_query, json_of
from daemon.http.sync_schemas import MOST_KEYS, RECORD_KEY
from daemon.http.value_schemas import LONGEST_TEXT
from queues.errors import NotFound
from queues.postgres.changed_keys import ChangedKey, WaitingKeys
from queues.postgres.sync_runs import SyncRun

DEFAULT_LIMIT: Final = 50
_RECORD_KEY: Final = re.compile(RECORD_KEY)
_NEWEST: Final = 2**63 - 1


async def list_syncs(request: web.Request) -> web.Response:
    """Show every sync with its last run and what waits to be looked at."""
    read_parameters(request, {})
    given = request.app[DEPENDENCIES]
    last = {run.sync: run for run in await given.sync_runs.last()}
    waiting = {each.event_type: each for each in await given.changed_keys.waiting()}
    names = [definition.event_type for definition in given.definitions if definition.direction == "to_magento"]
    return list_response([_sync_document(name, last.get(name), waiting.get(name)) for name in names], None)


async def run_sync(request: web.Request) -> web.Response:
    """Ask for a run: of what changed since the last success, or of all records."""
    fields = await read_fields(request, {"kind": one_of("changes", "complete"), "reason": reason})
    run = await request.app[DEPENDENCIES].sync_runs.ask(
        _sync_in_path(request), fields.get("kind", "changes"), act_of(request, fields)
    )
    return json_response(run_document(run), status=202)


async def sync_records(request: web.Request) -> web.Response:
    """Have some records looked at, at once."""
    fields = await read_fields(request, {"keys": _keys, "reason": reason}, limit=4 * 1024 * 1024)
    if "keys" not in fields:
        raise invalid("keys", "must be given", code="missing")
    given, sync, act = request.app[DEPENDENCIES], _sync_in_path(request), act_of(request, fields)
    keys: tuple[str, ...] = fields["keys"]
    if len(keys) == 1:
        return json_response(run_document(await given.sync_runs.ask(sync, "individual", act, key=keys[0])), status=202)
    noted = [ChangedKey(event_type=sync, key=key) for key in keys]
    await given.changed_keys.note(noted, origin="file", at_once=True)
    await given.audit.write(act, action="sync.records", target=sync, details={"keys": len(keys)})
    return json_response({"sync": sync, "noted": len(keys)}, status=202)


async def list_sync_runs(request: web.Request) -> web.Response:
    """Show runs, newest first."""
    given = read_parameters(request, {"sync": text, "limit": limit, "cursor": position})
    page_size = given.get("limit", DEFAULT_LIMIT)
    runs = await request.app[DEPENDENCIES].sync_runs.list(
        given.get("sync"), before=given.get("cursor", _NEWEST), limit=page_size + 1
    )
    more = cursor_of(runs[page_size - 1].id) if len(runs) > page_size else None
    return list_response([run_document(each) for each in runs[:page_size]], more)


async def stop_sync_run(request: web.Request) -> web.Response:
    """End a run that waits or is under way; what it has noted is still looked at."""
    fields = await read_fields(request, {"reason": reason})
    run_id = id_in_path(request, thing="sync run")
    run = await request.app[DEPENDENCIES].sync_runs.stop(run_id, act_of(request, fields))
    return json_response(run_document(run))


def _sync_in_path(request: web.Request) -> str:
    """
    Read the `{sync}` of the path: `to_magento.product`, or `product`.

    Raises:
        NotFound: no queue of this instance takes such records to the shop.
    """
    name = request.match_info["sync"]
    for definition in request.app[DEPENDENCIES].definitions:
        if definition.direction == "to_magento" and name in {definition.event_type, definition.entity}:
            return definition.event_type
    raise NotFound("sync", name[:200])


def _keys(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_KEYS:
        raise ValueError(f"a list of 1 to {MOST_KEYS:,} record keys")
    if not all(isinstance(each, str) and len(each) <= LONGEST_TEXT and _RECORD_KEY.fullmatch(each) for each in value):
        raise ValueError(f"a list of record keys, printable texts of 1 to {LONGEST_TEXT} characters")
    return tuple(dict.fromkeys(each.strip() for each in value))


def _sync_document(name: str, last: SyncRun | None, waiting: WaitingKeys | None) -> dict[str, Any]:
    return {
        "sync": name,
        "status": "not_sync" if last is None else last.state,
        "last_run": None if last is None else run_document(last),
        "records_waiting": 0 if waiting is None else waiting.waiting,
        "records_failing": 0 if waiting is None else waiting.failing,
        "oldest_at": None if waiting is None else waiting.oldest_at,
        "error": None if waiting is None else waiting.error or None,
    }


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
    }


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/syncs",
        handler=list_syncs,
        access="read",
        operation=Operation(
            tag="syncs",
            summary="List the syncs with their last run",
            description="`not_sync`: it never ran. Records that wait are looked at in the source within seconds.",
            responses={200: answer("All syncs", "SyncList")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/syncs/{sync}/run",
        handler=run_sync,
        access="operate",
        act="sync.run",
        operation=Operation(
            tag="syncs",
            summary="Sync now: what changed since the last success, or everything",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SyncRequest"),
            responses={202: answer("The run, which goes on by itself", "SyncRun")},
            problems=(400, 404, 409, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/syncs/{sync}/records",
        handler=sync_records,
        access="operate",
        act="sync.records",
        body_limit=4 * 1024 * 1024,
        operation=Operation(
            tag="syncs",
            summary="Sync single records by their keys",
            description=f"One key becomes an individual run; of a file up to {MOST_KEYS:,} keys are noted at once.",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SyncRecords"),
            responses={202: answer("The individual run, or how many keys were noted", "SyncRecordsAnswer")},
            problems=(400, 404, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/sync-runs",
        handler=list_sync_runs,
        access="read",
        operation=Operation(
            tag="syncs",
            summary="List runs of syncs, newest first",
            parameters=(
                in_query("sync", "Of this sync only: `to_magento.product`."),
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "SyncRunList")},
            problems=(422, 503),
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
