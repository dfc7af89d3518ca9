"""`/api/v1/sync-log/clean`, `…/flush` and `/api/v1/notices`: the sync log cleaned, emptied, and told in short."""

from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import json_response, list_response
from daemon.http.fields import flag, instant, read_fields, read_parameters, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem
from daemon.http.routes import Operation, Route, answer, json_of
from queues.postgres.journal import LoggedRequest, RequestFilter

NOTICES: Final = 50
NOTICE_AGE: Final = timedelta(days=1)


async def clean_sync_log(request: web.Request) -> web.Response:
    """Drop what is past its lifetime without waiting for the schedule."""
    fields = await read_fields(request, {"dry_run": flag, "reason": reason})
    keeper, is_dry = request.app[DEPENDENCIES].log_keeper, fields.get("dry_run", False)
    done = await keeper.due_now() if is_dry else await keeper.clean_now(act_of(request, fields))
    return json_response({"dry_run": is_dry, "before": done.before, "entries": done.entries})


async def flush_sync_log(request: web.Request) -> web.Response:
    """Delete all of the log, confirmed; nothing but the log."""
    fields = await read_fields(request, {"dry_run": flag, "confirm": flag, "until": instant, "reason": reason})
    given, is_dry = request.app[DEPENDENCIES], fields.get("dry_run", False)
    if is_dry:
        count = await given.log_keeper.count()
        return json_response({"dry_run": True, "until": count.as_of, "entries": count.entries})
    if not fields.get("confirm", False):
        raise Problem(409, "confirmation_needed", "confirm must be true: every entry of the sync log is deleted")
    until: datetime = fields.get("until") or (await given.log_keeper.count()).as_of
    deleted = await given.log_keeper.flush(until, act_of(request, fields))
    return json_response({"dry_run": False, "until": until, "entries": deleted})


async def list_notices(request: web.Request) -> web.Response:
    """Show the bulk requests of the last day in a sentence each, if the settings want them told."""
    read_parameters(request, {})
    given = request.app[DEPENDENCIES]
    if not (await given.documents.current()).document.default.logging.bulk_notices:
        return list_response([], None)
    since = given.clock.now() - NOTICE_AGE
    page = await given.journal.requests(RequestFilter(mode="batch", since=since), limit=NOTICES)
    return list_response([notice_document(each) for each in page.items], None)


def notice_document(row: LoggedRequest) -> dict[str, Any]:
    """Tell one bulk request."""
    failed = row.failed + row.retried
    text = f"{row.queue}: {row.delivered} of {row.records} records delivered in one request"
    if failed:
        text += f", {failed} not"
    return {"at": row.at, "queue": row.queue, "level": row.level, "text": text, "request_id": row.request_id}


ROUTES: Final = (
    Route(
        method="POST",
        path="/api/v1/sync-log/clean",
        handler=clean_sync_log,
        access="configure",
        act="sync_log.clean",
        target="sync_log",
        operation=Operation(
            tag="logs",
            summary="Drop the days of the sync log that are past their lifetime, without waiting for the schedule",
            description=(
                "`before` is null, and nothing is dropped, where `logging.lifetime_days` is 0. Days go to "
                "`logging.archive` before, if it is set."
            ),
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SyncLogCleaning"),
            responses={200: answer("What was dropped, or would be", "SyncLogCleaned")},
            problems=(400, 409, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/sync-log/flush",
        handler=flush_sync_log,
        access="configure",
        act="sync_log.flush",
        target="sync_log",
        operation=Operation(
            tag="logs",
            summary="Flush Messages: delete every entry of the sync log",
            description=(
                "Never queues, dead letters, attempts or the audit log. `dry_run` tells the number and `until`; "
                "without it `confirm` must be true. Entries from `until` on stay."
            ),
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SyncLogFlush"),
            responses={200: answer("What was deleted, or would be", "SyncLogFlushed")},
            problems=(400, 409, 413, 415, 422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/notices",
        handler=list_notices,
        access="read",
        operation=Operation(
            tag="logs",
            summary="Show in System Messages: the bulk requests of the last day",
            description="Empty unless `logging.bulk_notices` is true.",
            responses={200: answer("The newest first", "NoticeList")},
            problems=(422, 503),
        ),
    ),
)
