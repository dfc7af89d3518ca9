"""`/api/v1/dead-letters/reprocess` and `…/discard`: acts on many, counted first, confirmed, and one at a time."""

from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import json_response
from daemon.http.dead_letters import FILTER
from daemon.http.fields import Check, checked, flag, identifiers, integer, read_fields, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem, invalid
from daemon.http.routes import Operation, Route, answer, json_of
from queues.postgres.bulk_orders import (
    CONFIRM_ABOVE,
    MOST_AT_ONCE,
    AnotherRuns,
    BulkAction,
    BulkDone,
    BulkEnd,
    BulkOrder,
    BulkRefusal,
    Choice,
    CountDiffers,
    NotConfirmed,
    TooMany,
)
from queues.postgres.letters import DeadLetterFilter

RETRY_AFTER_SECONDS: Final = 2
_DONE_WORDS: Final = {"reprocess": "requeued", "discard": "discarded"}


async def reprocess_many(request: web.Request) -> web.Response:
    """Send many again: those listed, or those that match a filter."""
    return await _act(request, "reprocess")


async def discard_many(request: web.Request) -> web.Response:
    """Close many without sending them."""
    return await _act(request, "discard")


async def carry_out(request: web.Request, order: BulkOrder) -> BulkDone:
    """
    Carry *order* out for as long as whoever asked for it is there and the daemon does not stop.

    Raises:
        Problem: it was refused; nothing was changed.
    """
    given = request.app[DEPENDENCIES]

    def interruption() -> BulkEnd | None:
        if given.is_stopping():
            return "stopped"
        transport = request.transport
        return "left" if transport is None or transport.is_closing() else None

    result = await given.dead_letters.act_on_many(order, interruption)
    if isinstance(result, BulkDone):
        return result
    raise _problem(result)


async def _act(request: web.Request, action: BulkAction) -> web.Response:
    fields = await read_fields(request, _FIELDS)
    act = act_of(request, fields)
    choice = _choice(fields)
    if fields.get("dry_run", False):
        counted = await request.app[DEPENDENCIES].dead_letters.count(choice)
        if counted.count > MOST_AT_ONCE:
            raise _problem(TooMany())
        return json_response({"dry_run": True, "count": counted.count, "as_of": counted.as_of})
    order = BulkOrder(action=action, choice=choice, act=act, expected_count=fields.get("expected_count"))
    return json_response(done_document(action, await carry_out(request, order)), status=202)


def _choice(fields: dict[str, Any]) -> Choice:
    if ("ids" in fields) == ("filter" in fields):
        raise invalid("ids", "or filter must be given, and not both", code="missing")
    if "ids" in fields:
        if "limit" in fields:
            raise invalid("limit", "goes with filter, not with ids")
        return Choice(ids=fields["ids"])
    return Choice(wanted=fields["filter"], limit=fields.get("limit"))


def filter_object(value: object) -> DeadLetterFilter:
    """Read the filter of a body: the same names as in the query of the list."""
    if not isinstance(value, dict):
        raise ValueError("an object with the filters of the list")  # noqa: TRY004 - what every check raises
    try:
        return DeadLetterFilter(**checked(value, FILTER, what="filter"))
    except Problem as problem:
        raise ValueError(f"a filter: {problem.detail}") from problem


def done_document(action: BulkAction, result: BulkDone) -> dict[str, Any]:
    """Give what an act on many came to."""
    skipped = [{"id": each.id, "state": None if each.state == "missing" else each.state} for each in result.skipped]
    return {
        _DONE_WORDS[action]: result.done,
        "skipped": skipped,
        "skipped_count": result.skipped_count,
        "matched": result.matched,
        "ended_by": result.ended_by,
        "bulk_id": result.bulk_id,
    }


def _problem(refusal: BulkRefusal) -> Problem:
    match refusal:
        case AnotherRuns():
            members = {
                "action": refusal.action,
                "by": refusal.actor,
                "since": refusal.since,
                "matched": refusal.matched,
                "done": refusal.done,
            }
            text = f"{refusal.actor} has an act on many dead letters under way: repeat when it is over"
            return Problem(
                409, "bulk_under_way", text, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}, members=members
            )
        case CountDiffers(count):
            text = f"it would be about {count} dead letters now: look at them, and confirm the new number"
            return Problem(409, "count_differs", text, members={"count": count})
        case NotConfirmed(count):
            text = f"it is about {count} dead letters: say so with expected_count"
            return Problem(409, "confirmation_needed", text, members={"count": count})
        case TooMany():
            text = f"it is about more than {MOST_AT_ONCE} dead letters: narrow the filter, or give a limit"
            return Problem(409, "too_many", text, members={"most": MOST_AT_ONCE})


_FIELDS: Final[dict[str, Check]] = {
    "ids": identifiers,
    "filter": filter_object,
    "reason": reason,
    "dry_run": flag,
    "expected_count": integer(0, MOST_AT_ONCE),
    "limit": integer(1, MOST_AT_ONCE),
}


def _route(action: BulkAction, handler: Any, act: str, summary: str, schema: str) -> Route:  # noqa: ANN401 - a handler
    return Route(
        method="POST",
        path=f"/api/v1/dead-letters/{action}",
        handler=handler,
        access="operate",
        act=act,
        operation=Operation(
            tag="dead letters",
            summary=summary,
            description=(
                "Give `ids` or `filter`, not both. What is not open is skipped and named with its state. With "
                "`dry_run` nothing is changed and the number is told; give it back as `expected_count`, and the act is "
                f"refused if it would be about another number. Above {CONFIRM_ABOVE:,} by filter it must be given. "
                "One such act at a time; it ends between two chunks of 500 when its caller goes away."
            ),
            parameters=(ACTOR_PARAMETER,),
            request=json_of("ManyDeadLetters"),
            responses={
                200: answer("The number, for a dry run", "BulkCount"),
                202: answer("How many were acted upon, and which were skipped", schema),
            },
            problems=(400, 409, 413, 415, 422, 503),
        ),
    )


ROUTES: Final = (
    _route("reprocess", reprocess_many, "dead_letters.reprocess", "Reprocess many", "ManyReprocessed"),
    _route("discard", discard_many, "dead_letters.discard", "Discard many", "ManyDiscarded"),
)
