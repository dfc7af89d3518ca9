"""`/health/live`, `/health/ready` and `/metrics`: for those who watch the daemon."""

import asyncio
from dataclasses import asdict
from typing import Final

import structlog
from aiohttp import web

from daemon.http.authentication import principal_of_token
from daemon.http.cursors import json_response
from daemon.http.keys import DEPENDENCIES
from daemon.http.ports import HealthCheck
from daemon.http.queues import views
from daemon.http.routes import Operation, Route, answer
from queues.errors import DatabaseUnavailable

_log = structlog.stdlib.get_logger("daemon.http")

CHECK_SECONDS: Final = 4
"""One readiness check may take so long; probes of orchestrators usually wait 5 to 10 s."""


async def live(request: web.Request) -> web.Response:
    """Say that the process answers; asks nobody else."""
    del request
    return json_response({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """
    Say whether everything is there that work needs: 200 or 503, and what a person should look at.

    The reason of each, and which broker it is, are told to those with a token that may read.
    """
    may_read = _may_read(request)
    given = request.app[DEPENDENCIES]
    checks, warnings = given.health_checks, given.health_warnings()
    faults = await asyncio.gather(*(ask(name, check) for name, check in checks.items()))
    document = {
        "status": "not ready" if any(faults) else "degraded" if warnings else "ready",
        "checks": {
            name: {"ok": fault is None, "reason": fault if may_read else None}
            for name, fault in zip(checks, faults, strict=True)
        },
        "broker": asdict(given.broker_report()) if may_read else None,
        "warnings": [
            {
                "watchdog": each.watchdog,
                "subject": each.subject if may_read else None,
                "reason": each.reason if may_read else None,
            }
            for each in warnings
        ],
    }
    return json_response(document, status=503 if any(faults) else 200)


def _may_read(request: web.Request) -> bool:
    authorization = request.headers.get("Authorization")
    if authorization is None:
        return False
    try:
        return "read" in principal_of_token(request, authorization).permissions
    except DatabaseUnavailable:
        # Whose token it is cannot be told just now; that it is not ready can.
        return False


async def metrics(request: web.Request) -> web.Response:
    """Write the metrics; what the stores cannot tell just now is left as it was."""
    given = request.app[DEPENDENCIES]
    try:
        shown = await views(request)
        given.metrics.set_queues(
            [
                (each.row.queue, each.row.waiting, each.ready, each.row.skipped_ticks, each.row.pause is not None)
                for each in shown
            ]
        )
        given.metrics.set_dead_letters(await given.journal.dead_letters_by_state())
    except DatabaseUnavailable as error:
        _log.warning("metrics.incomplete", reason=str(error))
    return web.Response(body=given.metrics.render(), headers={"Content-Type": given.metrics.content_type})


async def ask(name: str, check: HealthCheck) -> str | None:
    """Make one readiness check; give its fault, or None when it is well."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS} s"
    except Exception:  # noqa: BLE001 - readiness must tell, see below
        # A check that fails in an unforeseen way is a fault of readiness, never of the page that tells it.
        _log.exception("health.check_failed", check=name)
        return "the check itself failed"


ROUTES: Final = (
    Route(
        method="GET",
        path="/health/live",
        handler=live,
        access="public",
        operation=Operation(
            tag="health",
            summary="The process answers; nothing else is asked",
            responses={200: answer("It lives", "Live")},
        ),
    ),
    Route(
        method="GET",
        path="/health/ready",
        handler=ready,
        access="public",
        operation=Operation(
            tag="health",
            summary="Database, broker, schedules and queues are as work needs them",
            description="Why a check fails, and what is wrong, is told to those who send a token that may read.",
            responses={
                200: answer("It is ready; `degraded`: look at the warnings", "Ready"),
                503: answer("It is not ready", "Ready"),
            },
        ),
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=metrics,
        access="public",
        operation=Operation(
            tag="health",
            summary="Metrics in the text format of Prometheus",
            responses={200: {"description": "The metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        ),
    ),
)
