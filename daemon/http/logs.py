"""`/api/v1/sync-log` and `/api/v1/audit`: what was sent, and who did what."""

from dataclasses import fields
from typing import Any, Final

from aiohttp import web

from daemon.http.cursors import cursor, cursor_of, fetch, list_response, position
from daemon.http.dead_letter_documents import act_document
from daemon.http.fields import Check, instant, limit, one_of, read_parameters, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer, in_query
from daemon.http.showing import for_reader
from queues.postgres.audit import DONE, REFUSED, AuditFilter
from queues.postgres.journal import LoggedRequest, RequestFilter
from queues.postgres.log_entries import LEVELS

DEFAULT_LIMIT: Final = 50
_AUDIT_FILTERS: Final[dict[str, Check]] = {
    "actor": text,
    "token": text,
    "action": text,
    "target": text,
    "result": one_of(DONE, REFUSED),
    "since": instant,
    "until": instant,
}
_LOG_FILTERS: Final[dict[str, Check]] = {
    "queue": text,
    "entity": text,
    "action": text,
    "level": one_of(*LEVELS),
    "key": text,
    "since": instant,
    "until": instant,
}
_PAGE: Final = (
    in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
    in_query("cursor", "The `next_cursor` of the page before."),
)


async def list_sync_log(request: web.Request) -> web.Response:
    """Show the requests made, newest first."""
    given = read_parameters(request, {**_LOG_FILTERS, "limit": limit, "cursor": cursor})
    size, place = given.pop("limit", DEFAULT_LIMIT), given.pop("cursor", None)
    entity = given.pop("entity", None)
    if entity is not None:
        definitions = request.app[DEPENDENCIES].definitions
        given["queues"] = [each.name for each in definitions if entity in {each.entity, each.event_type}]
    page = await fetch(request.app[DEPENDENCIES].journal.requests(RequestFilter(**given), limit=size, cursor=place))
    return list_response([request_document(for_reader(request, each)) for each in page.items], page.next_cursor)


async def list_audit(request: web.Request) -> web.Response:
    """Show who did what, newest first."""
    given = read_parameters(request, {**_AUDIT_FILTERS, "limit": limit, "cursor": position})
    page_size = given.pop("limit", DEFAULT_LIMIT)
    before = {"before": given.pop("cursor")} if "cursor" in given else {}
    rows = await request.app[DEPENDENCIES].audit.entries(AuditFilter(**given), limit=page_size + 1, **before)
    more = cursor_of(rows[page_size - 1].id) if len(rows) > page_size else None
    return list_response([act_document(for_reader(request, each)) for each in rows[:page_size]], more)


def request_document(row: LoggedRequest) -> dict[str, Any]:
    """Give one request with the outcome of each of its records."""
    document = {each.name: getattr(row, each.name) for each in fields(LoggedRequest)}
    answer_text, outcomes = document.pop("excerpt"), document.pop("details")
    return {**document, "answer": answer_text, "outcomes": outcomes}


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
                in_query("entity", "Of this entity, in either direction: `pricing`."),
                in_query("action", "That did this: `price_update`; see `logging.actions`."),
                in_query("level", "Of this level only.", type="string", enum=list(LEVELS)),
                in_query("key", "With this record in it."),
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
            summary="List what people did and what they were refused, newest first",
            parameters=(
                in_query("actor", "By this person, as the holder of the token said."),
                in_query("token", "With a token of this name."),
                in_query("action", "`dead_letter.discarded`, or `dead_letter` for all acts of that kind."),
                in_query("target", "Done to this: the id of a dead letter, the name of a queue."),
                in_query("result", "Done, or refused.", type="string", enum=[DONE, REFUSED]),
                in_query("since", "At or after this day or time."),
                in_query("until", "Before this day or time."),
                *_PAGE,
            ),
            responses={200: answer("One page", "AuditLog")},
            problems=(422, 503),
        ),
    ),
)
