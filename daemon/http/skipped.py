"""`/api/v1/skipped-records`: records that were passed over, and why."""

from dataclasses import fields
from typing import Any, Final

from aiohttp import web

from daemon.http.cursors import cursor, fetch, list_response
from daemon.http.fields import instant, limit, read_parameters, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer, in_query
from queues.postgres.skipped_records import SkippedFilter, SkippedRecord

DEFAULT_LIMIT: Final = 50


async def list_skipped(request: web.Request) -> web.Response:
    """Show what was passed over, newest first."""
    given = read_parameters(
        request,
        {
            "queue": text,
            "key": text,
            "reason": text,
            "since": instant,
            "until": instant,
            "limit": limit,
            "cursor": cursor,
        },
    )
    page_size, more = given.pop("limit", DEFAULT_LIMIT), given.pop("cursor", None)
    page = await fetch(
        request.app[DEPENDENCIES].skipped_records.list(SkippedFilter(**given), limit=page_size, cursor=more)
    )
    return list_response([_document(each) for each in page.items], page.next_cursor)


def _document(record: SkippedRecord) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(SkippedRecord)}


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/skipped-records",
        handler=list_skipped,
        access="read",
        operation=Operation(
            tag="logs",
            summary="List the records that were passed over, with the reason, newest first",
            description=(
                "`look`: the record was looked at in the source and no event was made of it; `send`: its message was "
                "acknowledged without a request. Skipped is not failed: the next change is looked at again."
            ),
            parameters=(
                in_query("queue", "Of this queue only, by its full name."),
                in_query("key", "Of this record only."),
                in_query("reason", "The word the reason begins with: `item_not_active`."),
                in_query("since", "At or after this day or time."),
                in_query("until", "Before this day or time."),
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "SkippedRecordList")},
            problems=(422, 503),
        ),
    ),
)
