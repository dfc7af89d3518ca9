"""`/api/v1/syncs`: what is synced, when last and when next, and the handles to sync all, what changed, or some."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.chosen_sync import chosen_sync, require_runnable, settings_in_force, syncs_of
from daemon.http.cursors import json_response, list_response
from daemon.http.fields import one_of, read_fields, read_parameters, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import invalid
from daemon.http.routes import Operation, Route, answer, in_query, json_of
from daemon.http.sync_runs import run_document
from daemon.http.sync_schemas import MOST_KEYS
from daemon.http.value_schemas import LONGEST_TEXT, RECORD_KEY
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.named_syncs import NamedSync, may_not_run
from queues.postgres.changed_keys import ChangedKey, Origin, WaitingKeys
from queues.postgres.sync_runs import SyncRun
from queues.postgres.sync_schedules import SyncStart

_RECORD_KEY: Final = re.compile(RECORD_KEY)
_BODY: Final = 4 * 1024 * 1024


async def list_syncs(request: web.Request) -> web.Response:
    """Show the syncs that are enabled, or all, with last run, next start and what waits to be looked at."""
    wanted = read_parameters(request, {"show": one_of("enabled", "all")})
    return list_response(await sync_documents(request, only_enabled=wanted.get("show") != "all"), None)


async def sync_documents(request: web.Request, *, only_enabled: bool) -> list[dict[str, Any]]:
    """Give the syncs in the operators' order, with last run, next start and what waits to be looked at."""
    given = request.app[DEPENDENCIES]
    settings = await settings_in_force(request)
    last = {run.sync: run for run in await given.sync_runs.last()}
    waiting = {each.event_type: each for each in await given.changed_keys.waiting()}
    _, starts = await given.sync_schedules.read()
    return [
        _sync_document(each, settings, last.get(each.name), starts, waiting)
        for each in syncs_of(request)
        if not only_enabled or settings.syncs.named(each.name).enabled
    ]


async def run_sync(request: web.Request) -> web.Response:
    """Ask for a run: of what changed since the last success, or of all records."""
    fields = await read_fields(request, {"kind": one_of("changes", "complete"), "reason": reason})
    chosen = chosen_sync(request)
    await require_runnable(request, chosen)
    run = await request.app[DEPENDENCIES].sync_runs.ask(
        chosen.name, fields.get("kind", "changes"), act_of(request, fields)
    )
    return json_response(run_document(run), status=202)


async def sync_records(request: web.Request) -> web.Response:
    """Have some records looked at, at once."""
    fields = await _keys_of(request)
    chosen = chosen_sync(request)
    await require_runnable(request, chosen, individual=True)
    keys: tuple[str, ...] = fields["keys"]
    if len(keys) == 1:
        act = act_of(request, fields)
        run = await request.app[DEPENDENCIES].sync_runs.ask(chosen.name, "individual", act, key=keys[0])
        return json_response(run_document(run), status=202)
    return await _note(request, fields, chosen.sync, chosen.name, "manual")


async def import_keys(request: web.Request) -> web.Response:
    """Have the records of a file looked at (B57)."""
    fields = await _keys_of(request)
    chosen = chosen_sync(request)
    await require_runnable(request, chosen)
    return await _note(request, fields, chosen.sync, chosen.name, "file")


async def _keys_of(request: web.Request) -> dict[str, Any]:
    fields = await read_fields(request, {"keys": record_keys, "reason": reason}, limit=_BODY)
    if "keys" not in fields:
        raise invalid("keys", "must be given", code="missing")
    return fields


async def _note(
    request: web.Request, fields: dict[str, Any], sync: NamedSync, name: str, origin: Origin
) -> web.Response:
    given, keys = request.app[DEPENDENCIES], fields["keys"]
    noted = [ChangedKey(event_type=kind, key=key) for kind in sync.kinds for key in keys]
    await given.changed_keys.note(noted, origin=origin, at_once=True)
    action = "sync.imported" if origin == "file" else "sync.records"
    await given.audit.write(act_of(request, fields), action=action, target=name, details={"keys": len(keys)})
    return json_response({"sync": name, "noted": len(keys)}, status=202)


def record_keys(value: object) -> tuple[str, ...]:
    """Read the keys of records, each once. Raises ValueError saying what was expected."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_KEYS:
        raise ValueError(f"a list of 1 to {MOST_KEYS:,} record keys")
    if not all(isinstance(each, str) and len(each) <= LONGEST_TEXT and _RECORD_KEY.fullmatch(each) for each in value):
        raise ValueError(f"a list of record keys, printable texts of 1 to {LONGEST_TEXT} characters")
    return tuple(dict.fromkeys(each.strip() for each in value))


def _sync_document(
    sync: NamedSync,
    settings: ConnectorSettings,
    last: SyncRun | None,
    starts: Sequence[SyncStart],
    waiting: Mapping[str, WaitingKeys],
) -> dict[str, Any]:
    told, refused = settings.syncs.named(sync.name), may_not_run(sync, settings)
    next_starts = sorted(
        (
            {"purpose": each.purpose, "at": each.next_run_at, "rule": each.rule}
            for each in starts
            if each.sync == sync.name and each.next_run_at is not None
        ),
        key=lambda each: str(each["at"]),
    )
    kinds = [_kind_document(kind, waiting.get(kind)) for kind in sync.kinds]
    return {
        "sync": sync.name,
        "title": sync.title,
        "enabled": told.enabled,
        "direction": told.direction,
        "individual": told.individual,
        "auto_cron": told.auto_cron,
        "index_after": told.index_after,
        "runs": refused is None or not refused.is_refused,
        "runs_not_because": None if refused is None else refused.text,
        "status": "not_sync" if last is None else last.state,
        "last_run": None if last is None else run_document(last),
        "next_run_at": next_starts[0]["at"] if next_starts else None,
        "next_runs": next_starts,
        "kinds": kinds,
        "records_waiting": sum(each["records_waiting"] for each in kinds),
        "records_failing": sum(each["records_failing"] for each in kinds),
        "error": next((each["error"] for each in kinds if each["error"]), None),
    }


def _kind_document(kind: str, waiting: WaitingKeys | None) -> dict[str, Any]:
    return {
        "kind": kind,
        "records_waiting": 0 if waiting is None else waiting.waiting,
        "records_failing": 0 if waiting is None else waiting.failing,
        "oldest_at": None if waiting is None else waiting.oldest_at,
        "error": None if waiting is None else waiting.error or None,
    }


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/syncs",
        handler=list_syncs,
        access="read",
        operation=Operation(
            tag="syncs",
            summary="List the syncs with last run and next start",
            description="`not_sync`: it never ran. Records that wait are looked at in the source within seconds.",
            parameters=(
                in_query(
                    "show",
                    "Those that are enabled, or all.",
                    type="string",
                    enum=["enabled", "all"],
                    default="enabled",
                ),
            ),
            responses={200: answer("The syncs", "SyncList")},
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
            description="409 with `setting` where the settings do not let it run.",
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
        body_limit=_BODY,
        operation=Operation(
            tag="syncs",
            summary="Sync single records by their keys",
            description="Where `syncs.<sync>.individual` allows it. One key becomes an individual run.",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SyncRecords"),
            responses={202: answer("The individual run, or how many keys were noted", "SyncRecordsAnswer")},
            problems=(400, 404, 409, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/syncs/{sync}/import",
        handler=import_keys,
        access="operate",
        act="sync.import",
        body_limit=_BODY,
        operation=Operation(
            tag="syncs",
            summary="Sync the records of a file of keys",
            description=f"Up to {MOST_KEYS:,} keys a call; all of them or none.",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SyncRecords"),
            responses={202: answer("How many keys were noted", "SyncImportAnswer")},
            problems=(400, 404, 409, 413, 415, 422, 503),
        ),
    ),
)
