"""`/api/v1/queues`: what waits where, when it runs, and the handles to pause, resume and run it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import cursor, fetch, json_response, list_response
from daemon.http.fields import limit, read_fields, read_parameters, reason, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer, in_query, json_of
from queues.errors import BrokerUnavailable, NotFound
from queues.postgres.audit import Act
from queues.postgres.queues import QueueState, RunRecord

DEFAULT_LIMIT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """
    A queue as both stores know it.

    Attributes:
        ready: messages at the broker; None when it does not answer or has no such queue.
        broker_fault: why *ready* is None.
        is_worked: its target is configured; otherwise it only collects.
    """

    row: QueueState
    ready: int | None
    broker_fault: str
    is_worked: bool

    @property
    def waiting(self) -> int | None:
        """Messages waiting in all, the N of the next check; None while the broker does not answer."""
        return None if self.ready is None else self.row.waiting + self.ready

    @property
    def state(self) -> str:
        """One word for how it stands."""
        if self.row.pause:
            return "paused"
        if self.row.on_hold:
            return "on_hold"
        if not self.is_worked and not self.row.is_running:
            return "not_connected"
        return "running" if self.row.is_running else "idle"


async def view(request: web.Request, row: QueueState) -> QueueView:
    """Join *row* with what the broker says; a broker that is away leaves a gap, not an error."""
    given = request.app[DEPENDENCIES]
    ready: int | None = None
    fault = ""
    try:
        ready = await given.broker_queues.ready(row.queue)
    except BrokerUnavailable:
        fault = "the broker does not answer"
    except NotFound:
        fault = "the queue is missing at the broker"
    return QueueView(row=row, ready=ready, broker_fault=fault, is_worked=row.queue in given.worked)


async def views(request: web.Request) -> list[QueueView]:
    """Give every queue of this instance, in the order of the definitions."""
    given = request.app[DEPENDENCIES]
    rows = {row.queue: row for row in await given.queues.states()}
    return [await view(request, rows[each.name]) for each in given.definitions if each.name in rows]


async def list_queues(request: web.Request) -> web.Response:
    """Show every queue."""
    read_parameters(request, {})
    return list_response([queue_document(each) for each in await views(request)], None)


async def show_queue(request: web.Request) -> web.Response:
    """Show one."""
    row = await request.app[DEPENDENCIES].queues.state(queue_in_path(request))
    return json_response(queue_document(await view(request, row)))


async def pause(request: web.Request) -> web.Response:
    """Pause one: it keeps collecting."""
    return await _control(request, request.app[DEPENDENCIES].queues.pause)


async def resume(request: web.Request) -> web.Response:
    """Let a paused one run again."""
    return await _control(request, request.app[DEPENDENCIES].queues.resume)


async def run_now(request: web.Request) -> web.Response:
    """Start a run at once."""
    return await _control(request, request.app[DEPENDENCIES].queues.run_now)


async def list_runs(request: web.Request) -> web.Response:
    """Show the runs of one queue or of all, newest first."""
    given = read_parameters(request, {"queue": text, "limit": limit, "cursor": cursor})
    page = await fetch(
        request.app[DEPENDENCIES].journal.runs(
            given.get("queue"), limit=given.get("limit", DEFAULT_LIMIT), cursor=given.get("cursor")
        )
    )
    return list_response([run_document(each.queue, each.run) for each in page.items], page.next_cursor)


async def _control(request: web.Request, control: Callable[[str, Act], Awaitable[object]]) -> web.Response:
    fields = await read_fields(request, {"reason": reason})
    queue = queue_in_path(request)
    await control(queue, act_of(request, fields))
    row = await request.app[DEPENDENCIES].queues.state(queue)
    return json_response(queue_document(await view(request, row)), status=202)


def queue_in_path(request: web.Request) -> str:
    """
    Read the `{queue}` of the path: a full name, or without the instance (`to_magento.pricing`).

    Raises:
        NotFound: this instance has no such queue.
    """
    name = request.match_info["queue"]
    for definition in request.app[DEPENDENCIES].definitions:
        if name in {definition.name, definition.event_type}:
            return definition.name
    raise NotFound("queue", name[:200])


def queue_document(each: QueueView) -> dict[str, Any]:
    """Give one queue."""
    row = each.row
    return {
        "queue": row.queue,
        "state": each.state,
        "waiting": each.waiting,
        "waiting_in_ledger": row.waiting,
        "ready_at_broker": each.ready,
        "broker_fault": each.broker_fault or None,
        "trying": row.trying,
        "failed": row.failed,
        "next_run_at": row.next_run_at,
        "skipped_ticks": row.skipped_ticks,
        "last_run": run_document(row.queue, row.last_run) if row.last_run else None,
        "run_requested": row.run_requested,
        "worker": row.worker or None,
        "paused": _hold(row.pause.since, row.pause.why, by=row.pause.by) if row.pause else None,
        "on_hold": _hold(row.on_hold_since, row.on_hold_why) if row.on_hold else None,
        "hold_until": row.hold_until,
    }


def run_document(queue: str, run: RunRecord) -> dict[str, Any]:
    """Give one run with its checks."""
    return {
        "id": run.run_id,
        "queue": queue,
        "worker": run.worker,
        "tick": run.tick,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "ended_by": run.ended_by or None,
        "skipped_ticks": run.skipped_ticks,
        "requests": run.requests,
        "delivered": run.delivered,
        "skipped": run.skipped,
        "retried": run.retried,
        "failed": run.failed,
        "checks": list(run.checks),
    }


def _hold(since: object, why: str, **who: str) -> dict[str, object]:
    return {"since": since, **who, "reason": why}


def _action(name: str, handler: Callable[[web.Request], Awaitable[web.Response]], act: str, summary: str) -> Route:
    return Route(
        method="POST",
        path=f"/api/v1/queues/{{queue}}/{name}",
        handler=handler,
        access="operate",
        act=act,
        operation=Operation(
            tag="queues",
            summary=summary,
            parameters=(ACTOR_PARAMETER,),
            request=json_of("Reason"),
            responses={202: answer("The queue as it is now", "Queue")},
            problems=(404, 409, 415, 422, 503),
        ),
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/queues",
        handler=list_queues,
        access="read",
        operation=Operation(
            tag="queues",
            summary="List the queues: what waits, state, last and next run, skipped ticks",
            responses={200: answer("All queues", "QueueList")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="GET",
        path="/api/v1/queues/{queue}",
        handler=show_queue,
        access="read",
        operation=Operation(
            tag="queues",
            summary="Show one queue",
            responses={200: answer("The queue", "Queue")},
            problems=(404, 503),
        ),
    ),
    _action(
        "pause",
        pause,
        "queue.pause",
        "Pause a queue: its run ends after the check in hand, messages are still collected",
    ),
    _action("resume", resume, "queue.resume", "Resume a queue: it runs again from its next tick"),
    _action("run", run_now, "queue.run", "Run a queue now; its grid is anchored anew at this run's start"),
    Route(
        method="GET",
        path="/api/v1/runs",
        handler=list_runs,
        access="read",
        operation=Operation(
            tag="queues",
            summary="List runs with their checks, newest first",
            parameters=(
                in_query("queue", "Of this queue only, by its full name."),
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "RunList")},
            problems=(422, 503),
        ),
    ),
)
