"""`/api/v1/connections/{name}/test`: is the other side there, and does it know us?"""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

import structlog
from aiohttp import web

from daemon.http.cursors import json_response
from daemon.http.fields import read_fields
from daemon.http.keys import DEPENDENCIES
from daemon.http.ports import Connection, ConnectionReport
from daemon.http.routes import Operation, Route, answer, json_of
from queues.errors import DatabaseUnavailable, NotFound

_log = structlog.stdlib.get_logger("daemon.http")


async def test_connection(request: web.Request) -> web.Response:
    """Try one connection now."""
    await read_fields(request, {})
    name = request.match_info["name"]
    connection = request.app[DEPENDENCIES].connections.get(name)
    if connection is None:
        raise NotFound("connection", name[:200])
    report = await connection()
    _log.info("connection.tested", connection=name, ok=report.ok, reason=report.reason)
    return json_response(report_document(report) | {"clock": await _clock(request, name)})


async def _clock(request: web.Request, system: str) -> str | None:
    """Tell how far the clock of *system* is from ours, for people; None while nobody can tell."""
    try:
        readings = await request.app[DEPENDENCIES].clocks.fresh()
    except DatabaseUnavailable:
        return None
    return next((each.told for each in readings if each.system == system and each.ahead_seconds is not None), None)


def report_document(report: ConnectionReport) -> dict[str, Any]:
    """Give what a test found, with whatever else the system's own report holds."""
    return {**_fields_of(report), "ok": report.ok, "reason": report.reason or None, "detail": report.detail}


def _fields_of(report: object) -> dict[str, Any]:
    if not is_dataclass(report):
        return {}
    return {each.name: getattr(report, each.name) for each in fields(report)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConnected:
    """The report of a system whose address was never given."""

    detail: str
    ok: bool = False
    reason: str = "not_configured"


def not_connected(variable: str) -> Connection:
    """Make the connection of a system that is not configured; *variable* would name its address."""

    async def test() -> NotConnected:
        return NotConnected(detail=f"not connected: {variable} is not set")

    return test


ROUTES: Final = (
    Route(
        method="POST",
        path="/api/v1/connections/{name}/test",
        handler=test_connection,
        access="operate",
        act="connection.test",
        operation=Operation(
            tag="connections",
            summary="Test the connection to `magento` or `acumatica`; nothing is changed there",
            description="Always 200 when the test was made: `ok` tells, `reason` is null when it is well.",
            request=json_of("Nothing"),
            responses={200: answer("What the test found", "ConnectionReport")},
            problems=(404, 415, 422),
        ),
    ),
)
