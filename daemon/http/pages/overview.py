"""The first page: every queue at a glance, the intake, what the daemon stands on, and the settings in words."""

import asyncio
from typing import Final

from aiohttp import web

from daemon.http.connections import report_document
from daemon.http.fields import one_of, read_parameters
from daemon.http.health import ask
from daemon.http.intake_control import intake_document
from daemon.http.keys import DEPENDENCIES
from daemon.http.pages.forms import act_of_form, read_form
from daemon.http.pages.rendering import render
from daemon.http.problems import invalid
from daemon.http.queues import queue_in_path, views
from daemon.http.routes import Route
from queues.errors import NotFound

_NOTICES: Final = {
    "paused": "The queue is paused: it keeps collecting, and nothing is sent.",
    "resumed": "The queue runs again from its next tick.",
    "run": "A run starts at once.",
    "stopped": "The intake is stopped: new events are refused with the reason.",
    "opened": "New events are accepted again.",
}


async def show_overview(request: web.Request) -> web.Response:
    """Show how everything stands."""
    given = request.app[DEPENDENCIES]
    notice = read_parameters(request, {"notice": one_of(*_NOTICES)}).get("notice")
    names = list(given.health_checks)
    queues, intake, settings, letters, faults = await asyncio.gather(
        views(request),
        given.intake.state(),
        given.settings.current(),
        given.journal.dead_letters_by_state(),
        asyncio.gather(*(ask(name, given.health_checks[name]) for name in names)),
    )
    return render(
        request,
        "overview.html",
        notice=_NOTICES.get(notice or ""),
        queues=queues,
        intake=intake_document(intake),
        settings=settings,
        letters=letters,
        checks=dict(zip(names, faults, strict=True)),
        connections=list(given.connections),
    )


async def control_queue(request: web.Request) -> web.Response:
    """Pause, resume or run a queue."""
    form = await read_form(request)
    queues, queue, act = request.app[DEPENDENCIES].queues, queue_in_path(request), act_of_form(request, form)
    match request.match_info["act"]:
        case "pause":
            await queues.pause(queue, act)
            notice = "paused"
        case "resume":
            await queues.resume(queue, act)
            notice = "resumed"
        case "run":
            await queues.run_now(queue, act)
            notice = "run"
        case other:
            raise NotFound("act", other[:50])
    return web.Response(status=303, headers={"Location": f"/?notice={notice}"})


async def control_intake(request: web.Request) -> web.Response:
    """Stop the intake or open it again."""
    form = await read_form(request)
    intake, act = request.app[DEPENDENCIES].intake, act_of_form(request, form)
    match request.match_info["act"]:
        case "stop" if not act.reason:
            raise invalid("reason", "must be given: whoever sends an event is told it", code="missing")
        case "stop":
            await intake.stop(act)
            notice = "stopped"
        case "resume":
            await intake.resume(act)
            notice = "opened"
        case other:
            raise NotFound("act", other[:50])
    return web.Response(status=303, headers={"Location": f"/?notice={notice}"})


async def test_connection(request: web.Request) -> web.Response:
    """Try a connection now and show what was found."""
    await read_form(request)
    name = request.match_info["name"]
    connection = request.app[DEPENDENCIES].connections.get(name)
    if connection is None:
        raise NotFound("connection", name[:200])
    report = await connection()
    return render(request, "connection.html", name=name, report=report, further=report_document(report))


ROUTES: Final = (
    Route(method="GET", path="/", handler=show_overview, access="read", operation=None),
    Route(
        method="POST",
        path="/queues/{queue}/{act}",
        handler=control_queue,
        access="operate",
        act="queue.{act}",
        operation=None,
    ),
    Route(
        method="POST",
        path="/intake/{act}",
        handler=control_intake,
        access="operate",
        act="intake.{act}",
        target="intake",
        operation=None,
    ),
    Route(
        method="POST",
        path="/connections/{name}",
        handler=test_connection,
        access="operate",
        act="connection.test",
        operation=None,
    ),
)
