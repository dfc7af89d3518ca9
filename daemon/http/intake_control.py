"""`/api/v1/intake`: whether new events are accepted, and the handle to stop that (rule 14)."""

from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import json_response
from daemon.http.fields import read_fields, reason
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import invalid
from daemon.http.routes import Operation, Route, answer, json_of
from queues.postgres.intake import IntakeState


async def show_intake(request: web.Request) -> web.Response:
    """Show whether new events are accepted."""
    return json_response(intake_document(await request.app[DEPENDENCIES].intake.state()))


async def stop_intake(request: web.Request) -> web.Response:
    """Refuse new events; whoever sends one is told the reason."""
    fields = await read_fields(request, {"reason": reason})
    if not fields.get("reason"):
        raise invalid("reason", "must be given: whoever sends an event is told it", code="missing")
    await request.app[DEPENDENCIES].intake.stop(act_of(request, fields))
    return await show_intake(request)


async def resume_intake(request: web.Request) -> web.Response:
    """Accept new events again."""
    fields = await read_fields(request, {"reason": reason})
    await request.app[DEPENDENCIES].intake.resume(act_of(request, fields))
    return await show_intake(request)


def intake_document(state: IntakeState) -> dict[str, Any]:
    """Give the state of the intake: who changed it last, when and why."""
    return {
        "state": "stopped" if state.stopped else "active",
        "since": state.since,
        "by": state.by or None,
        "reason": state.why or None,
    }


_PROBLEMS: Final = (400, 409, 415, 422, 503)

ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/intake",
        handler=show_intake,
        access="read",
        operation=Operation(
            tag="intake",
            summary="Show whether new events are accepted",
            responses={200: answer("The intake", "Intake")},
            problems=(503,),
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/intake/stop",
        handler=stop_intake,
        access="operate",
        act="intake.stop",
        target="intake",
        operation=Operation(
            tag="intake",
            summary="Stop the intake: new events are refused with 503 and the reason, which must be given",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("GivenReason"),
            responses={200: answer("The intake as it is now", "Intake")},
            problems=_PROBLEMS,
        ),
    ),
    Route(
        method="POST",
        path="/api/v1/intake/resume",
        handler=resume_intake,
        access="operate",
        act="intake.resume",
        target="intake",
        operation=Operation(
            tag="intake",
            summary="Accept new events again",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("Reason"),
            responses={200: answer("The intake as it is now", "Intake")},
            problems=_PROBLEMS,
        ),
    ),
)
