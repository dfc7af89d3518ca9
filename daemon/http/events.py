"""`POST /api/v1/events`: change events in; answered after the broker confirmed them."""

from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web

from daemon.http.cursors import json_response
from daemon.http.fields import read_body, require_json
from daemon.http.intake import (
    BATCH,
    BATCH_LIMIT,
    SINGLE,
    Entry,
    count_verdicts,
    mark_repeats,
    read_events,
    refuse_if_none_is_left,
    summary,
    waiting,
)
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem
from daemon.http.routes import Operation, Route, answer
from queues.errors import DatabaseUnavailable, InvalidMessage
from queues.failpoints import hit
from queues.message import Message
from queues.rabbitmq.publisher import Publication

_log = structlog.stdlib.get_logger("daemon.http")

SINGLE_LIMIT: Final = 1024 * 1024


async def publish_events(request: web.Request) -> web.Response:
    """Take one event or a batch in."""
    await refuse_when_stopped(request)
    media_type = require_json(request, SINGLE, BATCH)
    body = await read_body(request, SINGLE_LIMIT if media_type == SINGLE else BATCH_LIMIT)
    metrics = request.app[DEPENDENCIES].metrics
    try:
        entries, _ = read_events(body, media_type, request.app[DEPENDENCIES].check_event)
    except InvalidMessage:
        metrics.count_intake({"refused": 1})
        raise
    await _take_in(request, entries)
    metrics.count_intake(count_verdicts(entries))
    refuse_if_none_is_left(entries)
    return json_response(summary(entries), status=202)


async def refuse_when_stopped(request: web.Request) -> None:
    """
    Look whether new events are accepted (rule 14).

    Raises:
        Problem: 503 with the reason, who stopped the intake and since when.
    """
    state = await request.app[DEPENDENCIES].intake.state()
    if state.stopped:
        raise Problem(
            503,
            "intake_stopped",
            f"new events are refused: {state.why}",
            headers={"Retry-After": "60"},
            members={"reason": state.why, "stopped_by": state.by, "since": state.since},
        )


async def _take_in(request: web.Request, entries: Sequence[Entry]) -> None:
    given = request.app[DEPENDENCIES]
    mark_repeats(entries)
    pending = _messages(waiting(entries))
    if not pending:
        return
    known = await given.intake.known([message for _, message in pending])
    for (entry, message), familiarity in zip(pending, known, strict=True):
        if familiarity == "repeat":
            entry.verdict = "duplicate"
        elif familiarity == "id_reused":
            # Another message under a known id: never swallowed, but its sender should look at how it makes ids.
            given.metrics.count_reused_id()
            _log.warning("intake.id_reused", source=message.event.source, event_id=message.event.id)
    pending = _messages(waiting(entries))
    if not pending:
        return
    refusals = await given.publisher.publish(
        [Publication(routing_key=message.event.type, body=message.body) for _, message in pending]
    )
    hit("intake.confirmed", [message for _, message in pending])
    for (entry, message), refusal in zip(pending, refusals, strict=True):
        if refusal is not None:
            # The engine's own words may name hosts: they are for the log.
            _log.warning("intake.not_confirmed", event_id=message.event.id, reason=str(refusal))
            entry.verdict, entry.text = "unavailable", "the broker did not confirm it; repeat it"
    confirmed = [message for _, message in _messages(waiting(entries))]
    try:
        await given.intake.remember(confirmed)
        hit("intake.remembered", confirmed)
    except DatabaseUnavailable as error:
        # The broker has them: they are taken in. A repeat is the same message, which the ledger sends once.
        _log.warning("intake.not_remembered", events=len(confirmed), reason=str(error))


def _messages(entries: Sequence[Entry]) -> list[tuple[Entry, Message]]:
    return [(entry, entry.message) for entry in entries if entry.message is not None]


ROUTES: Final = (
    Route(
        method="POST",
        path="/api/v1/events",
        handler=publish_events,
        access="publish",
        act="events.publish",
        body_limit=BATCH_LIMIT,
        operation=Operation(
            tag="events",
            summary="Take in one change event or a batch",
            description=(
                "Answers after the broker confirmed, with a verdict for each event: `accepted`; `duplicate`, an event "
                "known by its source, id and content, which counts as accepted; `refused`, with the member at fault; "
                "`unavailable`, not confirmed and to be repeated. One event alone that is refused answers 4xx. "
                "An event has at most 256 KiB, a batch 16 MiB."
            ),
            request={
                SINGLE: {"schema": {"$ref": "#/components/schemas/ChangeEvent"}},
                BATCH: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/ChangeEvent"}}},
                "application/json": {
                    "schema": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/ChangeEvent"},
                            {"type": "array", "items": {"$ref": "#/components/schemas/ChangeEvent"}},
                        ]
                    }
                },
            },
            responses={202: answer("A verdict for each event", "IntakeAnswer")},
            problems=(400, 413, 415, 422, 503),
        ),
    ),
)
