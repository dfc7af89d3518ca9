"""`/api/v1/connections/{name}/test`: is the other side there, and does it know us?"""

from typing import Final

import structlog
from aiohttp import web

from daemon.http.cursors import json_response
from daemon.http.fields import read_fields
from daemon.http.keys import DEPENDENCIES
from daemon.http.routes import Operation, Route, answer
from queues.errors import NotFound

_log = structlog.stdlib.get_logger("daemon.http")


async def test_connection(request: web.Request) -> web.Response:
    """Try one connection now."""
    await read_fields(request, {})
    name = request.match_info["name"]
    connection = request.app[DEPENDENCIES].connections.get(name)
    if connection is None:
        raise NotFound("connection", name[:200])
    report = await connection.test()
    _log.info("connection.tested", connection=name, ok=report.ok, reason=report.reason)
    document = {"ok": report.ok, "reason": report.reason or None, "text": report.text, "details": report.details}
    return json_response(document)


ROUTES: Final = (
    Route(
        method="POST",
        path="/api/v1/connections/{name}/test",
        handler=test_connection,
        access="operate",
        operation=Operation(
            tag="connections",
            summary="Test the connection to `magento` or `acumatica`; nothing is changed there",
            description="Always 200 when the test was made: `ok` tells, `reason` is null when it is well.",
            responses={200: answer("What the test found", "ConnectionReport")},
            problems=(404, 415, 422),
        ),
    ),
)
