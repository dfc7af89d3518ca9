"""The middleware that writes refused acts into the audit log: whoever tries what is not theirs is seen."""

from typing import Final

import structlog
from aiohttp import web

from daemon.http.acting import act_by, actor_of
from daemon.http.idempotency import REPLAYED_HEADER
from daemon.http.keys import DEPENDENCIES, PRINCIPAL, PROBLEM, ROUTE
from daemon.http.problems import Problem
from daemon.http.queues import queue_in_path
from daemon.http.routes import Handler
from queues.errors import DatabaseUnavailable, NotFound
from queues.postgres.audit import REFUSED

_REFUSED: Final = frozenset({403, 409, 412})
_LONGEST: Final = 200

_log = structlog.stdlib.get_logger("daemon.http")


@web.middleware
async def refused_acts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the request be answered; when an act was refused to a holder of a token, write that down."""
    response = await handler(request)
    route = request.get(ROUTE)
    if response.status in _REFUSED and PRINCIPAL in request and route is not None and route.act:
        problem = request.get(PROBLEM)
        # The same call once more is no further act.
        is_repeat = REPLAYED_HEADER in response.headers
        if not is_repeat and (problem is None or not problem.code.startswith("idempotency_")):
            await _write(request, route.act, response.status, problem)
    return response


async def _write(request: web.Request, act: str, status: int, problem: Problem | None) -> None:
    word = request.match_info.get("act", "")
    action = act.format(act=word[:20])
    details: dict[str, object] = {"status": status}
    if problem is not None:
        details |= {"code": problem.code, "detail": problem.detail[:_LONGEST]}
        details |= {name: problem.members[name] for name in ("state", "count") if name in problem.members}
    try:
        actor = actor_of(request)
    except Problem:
        actor = ""
    try:
        await request.app[DEPENDENCIES].audit.write(
            act_by(request, actor=actor), action=action, target=_target(request), result=REFUSED, details=details
        )
    except DatabaseUnavailable as error:
        # The refusal stands: nothing happened that would need its row.
        _log.warning("audit.refusal_not_written", action=action, reason=str(error))


def _target(request: web.Request) -> str:
    path = request.match_info
    if "queue" in path:
        try:
            return queue_in_path(request)
        except NotFound:
            return path["queue"][:_LONGEST]
    named = [value for name, value in path.items() if name != "act"]
    return named[0][:_LONGEST] if named else request[ROUTE].target
