"""`/api/v1/sync-log` and `/api/v1/audit`: what was sent, and who did what."""

from typing import Final

from aiohttp import web

from daemon.http.cursors import CURSOR, fetch, list_response
from daemon.http.dead_letter_documents import act_document
from daemon.http.fields import instant, limit, read_parameters, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.ports import LogFilter
from daemon.http.routes import Operation, Route, answer, in_query

DEFAULT_LIMIT: Final = 50
_PAGE: Final = (
    in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
    in_query("cursor", "The `next_cursor` of the page before."),
)


async def list_sync_log(request: web.Request) -> web.Response:
    """Show the requests made, newest first."""
    given = read_parameters(
        request, {"queue": text, "since": instant, "until": instant, "limit": limit, "cursor": CURSOR}
    )
    page_size, cursor = given.pop("limit", DEFAULT_LIMIT), given.pop("cursor", None)
    page = await fetch(request.app[DEPENDENCIES].logs.sync_log(LogFilter(**given), limit=page_size, cursor=cursor))
    return list_response(page.items, page.next_cursor)


async def list_audit(request: web.Request) -> web.Response:
    """Show who did what, newest first."""
    given = read_parameters(request, {"limit": limit, "cursor": CURSOR})
    logs = request.app[DEPENDENCIES].logs
    page = await fetch(logs.audit(limit=given.get("limit", DEFAULT_LIMIT), cursor=given.get("cursor")))
    return list_response([act_document(each) for each in page.items], page.next_cursor)


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/sync-log",
        handler=list_sync_log,
        access="read",
        operation=Operation(
            tag="logs",
            summary="List the requests made to the targets, with the outcome of every record, newest first",
            parameters=(
                in_query("queue", "Of this queue only, by its full name."),
                in_query("since", "At or after this day or time."),
                in_query("until", "Before this day or time."),
                *_PAGE,
            ),
            responses={200: answer("One page", "SyncLog")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/audit",
        handler=list_audit,
        access="read",
        operation=Operation(
            tag="logs",
            summary="List what people did, newest first",
            parameters=_PAGE,
            responses={200: answer("One page", "AuditLog")},
            problems=(422, 503),
        ),
    ),
)
