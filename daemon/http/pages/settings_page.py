"""The page of the Queue Processing Settings: the numbers, what they mean, and who changed them."""

import re
from typing import Any, Final

from aiohttp import web
from multidict import MultiDict

from daemon.http.fields import one_of, read_parameters
from daemon.http.keys import DEPENDENCIES
from daemon.http.pages.forms import act_of_form, read_form
from daemon.http.pages.rendering import render
from daemon.http.routes import Route
from daemon.settings.queue_processing import advise, merged
from queues.errors import InvalidSettings, StateConflict
from queues.settings import RANGES

PATH: Final = "/settings"
HISTORY: Final = 20

LABELS: Final = {
    "threshold_count": (
        "Threshold Count",
        "Up to so many waiting go one a request; above it all of them go in batches.",
    ),
    "batch_count": ("Batch Count", "Records in one bulk request (prices and stock)."),
    "retry_count": ("Retry Count", "Attempts in all; after the last one a message is Failed."),
    "check_process_time": ("Check Process Time", "Seconds of each minute in which a queue is checked."),
    "process_sleep_time": ("Process Sleep Time", "Seconds between two checks."),
}


async def show_settings(request: web.Request) -> web.Response:
    """Show the settings in force and their history."""
    notice = read_parameters(request, {"notice": one_of("saved")}).get("notice")
    return await _page(request, notice="Saved: in force from the next check on." if notice else "")


async def save_settings(request: web.Request) -> web.Response:
    """Put what was typed in force, unless somebody else changed the settings meanwhile."""
    form = await read_form(request)
    store = request.app[DEPENDENCIES].settings
    current = await store.current()
    typed = _typed(form)
    version = form.get("version", "")
    try:
        settings = merged(current.settings, typed)
        based_on = int(version) if re.fullmatch(r"[0-9]{1,9}", version) else -1
        await store.replace(settings, act_of_form(request, form), if_version=based_on)
    except InvalidSettings as error:
        faults = {each.field: f"must be {each.expected}" for each in error.faults}
        return await _page(request, status=422, typed=typed, faults=faults)
    except StateConflict:
        return await _page(
            request, status=409, fault="Somebody changed the settings meanwhile; these are the new ones."
        )
    return web.Response(status=303, headers={"Location": f"{PATH}?notice=saved"})


def _typed(form: MultiDict[str]) -> dict[str, Any]:
    typed: dict[str, Any] = {
        name: int(value) if re.fullmatch(r"-?[0-9]{1,12}", value) else value
        for name, value in ((each, form.get(each, "").strip()) for each in RANGES)
    }
    typed["outage_policy"] = form.get("outage_policy", "")
    typed |= {name: name in form for name in ("fail_fast", "coalesce")}
    return typed


async def _page(
    request: web.Request,
    *,
    status: int = 200,
    notice: str = "",
    fault: str = "",
    typed: dict[str, Any] | None = None,
    faults: dict[str, str] | None = None,
) -> web.Response:
    store = request.app[DEPENDENCIES].settings
    current = await store.current()
    return render(
        request,
        "settings.html",
        status=status,
        notice=notice,
        fault=fault or ("Nothing was saved: see below." if faults else ""),
        faults=faults or {},
        values=typed or current.settings.to_document(),
        ranges=RANGES,
        labels=LABELS,
        current=current,
        advice=advise(current.settings),
        history=await store.history(before=None, limit=HISTORY),
    )


ROUTES: Final = (
    Route(method="GET", path=PATH, handler=show_settings, access="read", operation=None),
    Route(
        method="POST",
        path=PATH,
        handler=save_settings,
        access="configure",
        act="settings.change",
        target="queue_processing",
        operation=None,
    ),
)
