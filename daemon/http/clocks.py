"""`/api/v1/time/verify`: how far the clocks of the two systems and of the database are from ours (B8)."""

from typing import Any, Final

from aiohttp import web

from daemon.http.cursors import json_response
from daemon.http.fields import read_fields
from daemon.http.keys import DEPENDENCIES
from daemon.http.ports import ClockReading
from daemon.http.routes import Operation, Route, answer, json_of


async def verify_time(request: web.Request) -> web.Response:
    """Compare the clocks now."""
    await read_fields(request, {})
    readings = await request.app[DEPENDENCIES].clocks.look()
    return json_response(
        {"ok": not any(each.is_apart for each in readings), "clocks": [_document(e) for e in readings]}
    )


def _document(reading: ClockReading) -> dict[str, Any]:
    return {
        "system": reading.system,
        "ok": not reading.is_apart,
        "ahead_seconds": reading.ahead_seconds,
        "uncertain_seconds": reading.uncertain_seconds,
        "limit_seconds": reading.limit_seconds,
        "detail": reading.told,
    }


ROUTES: Final = (
    Route(
        method="POST",
        path="/api/v1/time/verify",
        handler=verify_time,
        access="operate",
        act="time.verify",
        target="clocks",
        operation=Operation(
            tag="connections",
            summary="Compare the clocks of Magento, Acumatica and the database with ours",
            description=(
                "By the header `Date` of whatever they answer. Beyond `time.max_skew_seconds` a clock is told in "
                "`/health/ready` as well; nobody's clock is set."
            ),
            request=json_of("Nothing"),
            responses={200: answer("The clocks", "ClockReport")},
            problems=(415, 422, 503),
        ),
    ),
)
