"""`/api/v1/dead-letters`: what failed, and what a person does about it."""

from typing import Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of, id_in_path
from daemon.http.cursors import cursor, fetch, json_response, list_response
from daemon.http.dead_letter_documents import letter_document, story_document
from daemon.http.fields import (
    Check,
    instant,
    limit,
    one_of,
    read_fields,
    read_parameters,
    reason,
    text,
)
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer, in_query, json_of
from daemon.http.showing import for_reader, payload_for_reader
from queues.postgres.letters import DeadLetterFilter

STATES: Final = ("failed", "reprocessing", "reprocessed", "discarded", "superseded")
DEFAULT_LIMIT: Final = 50

FILTER: Final[dict[str, Check]] = {
    "state": one_of(*STATES),
    "queue": text,
    "key": text,
    "error_class": text,
    "since": instant,
    "until": instant,
    "q": text,
}

FILTER_PARAMETERS: Final = (
    in_query("state", "In this state only.", type="string", enum=list(STATES)),
    in_query("queue", "Of this queue only, by its full name."),
    in_query("key", "Of this record only."),
    in_query("error_class", "Whose last attempt failed in this way."),
    in_query("since", "Failed at or after this day or time."),
    in_query("until", "Failed before this day or time."),
    in_query("q", "Has this text in its key, event id or error, in whatever case."),
)
PAGE_PARAMETERS: Final = (
    in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
    in_query("cursor", "The `next_cursor` of the page before."),
)


async def list_dead_letters(request: web.Request) -> web.Response:
    """Show one page, newest first."""
    given = read_parameters(request, {**FILTER, "limit": limit, "cursor": cursor})
    page_size, after = given.pop("limit", DEFAULT_LIMIT), given.pop("cursor", None)
    dead_letters = request.app[DEPENDENCIES].dead_letters
    page = await fetch(dead_letters.list(DeadLetterFilter(**given), limit=page_size, cursor=after))
    return list_response([letter_document(for_reader(request, each)) for each in page.items], page.next_cursor)


async def show_dead_letter(request: web.Request) -> web.Response:
    """Show one with its payload, every attempt, and its story in words."""
    letter_id = id_in_path(request)
    story = await request.app[DEPENDENCIES].dead_letters.show(letter_id)
    acts = await request.app[DEPENDENCIES].journal.acts("dead_letter", str(letter_id))
    payload = payload_for_reader(request, story)
    return json_response(story_document(for_reader(request, story), for_reader(request, acts), payload))


async def reprocess_one(request: web.Request) -> web.Response:
    """Send one again."""
    fields = await read_fields(request, {"reason": reason})
    letter = await request.app[DEPENDENCIES].dead_letters.reprocess(id_in_path(request), act_of(request, fields))
    return json_response(letter_document(letter), status=202)


async def discard_one(request: web.Request) -> web.Response:
    """Close one without sending it."""
    fields = await read_fields(request, {"reason": reason})
    letter = await request.app[DEPENDENCIES].dead_letters.discard(id_in_path(request), act_of(request, fields))
    return json_response(letter_document(letter), status=202)


_CONFLICTS: Final = (404, 409, 415, 422, 503)
_REASON: Final = json_of("Reason")

ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/dead-letters",
        handler=list_dead_letters,
        access="read",
        operation=Operation(
            tag="dead letters",
            summary="List dead letters, newest first",
            parameters=(*FILTER_PARAMETERS, *PAGE_PARAMETERS),
            responses={200: answer("One page", "DeadLetterList")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/dead-letters/{id}",
        handler=show_dead_letter,
        access="read",
        operation=Operation(
            tag="dead letters",
            summary="Show one with payload, headers, every attempt and its story in words",
            responses={200: answer("The dead letter", "DeadLetterStory")},
            problems=(404, 503),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/dead-letters/{id}/reprocess",
        handler=reprocess_one,
        access="operate",
        act="dead_letter.reprocess",
        operation=Operation(
            tag="dead letters",
            summary="Reprocess one: a new generation with a new budget of attempts",
            parameters=(ACTOR_PARAMETER,),
            request=_REASON,
            responses={202: answer("It waits for the next check of its queue", "DeadLetter")},
            problems=_CONFLICTS,
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/dead-letters/{id}/discard",
        handler=discard_one,
        access="operate",
        act="dead_letter.discard",
        operation=Operation(
            tag="dead letters",
            summary="Discard one: it will not be sent",
            parameters=(ACTOR_PARAMETER,),
            request=_REASON,
            responses={202: answer("It is discarded", "DeadLetter")},
            problems=_CONFLICTS,
        ),
    ),
)
