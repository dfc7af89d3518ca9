"""Syncs: what is synced, when last and when next; sync now, one record, and what a run tells while it runs."""

from typing import Final

from aiohttp import web

from daemon.http.acting import id_in_path
from daemon.http.chosen_sync import chosen_sync, require_runnable
from daemon.http.fields import checked, one_of, read_parameters
from daemon.http.keys import DEPENDENCIES
from daemon.http.pages.forms import act_of_form, read_form
from daemon.http.pages.rendering import render
from daemon.http.routes import Route
from daemon.http.sync_runs import run_document
from daemon.http.syncs import record_keys, sync_documents
from queues.postgres.skipped_records import SkippedFilter

PATH: Final = "/syncs"
_RUNS: Final = 10
_SKIPPED: Final = 20
_LINES: Final = 500
_NEWEST: Final = 2**63 - 1
_UNDER_WAY: Final = frozenset({"waiting", "processing"})


async def show_syncs(request: web.Request) -> web.Response:
    """Show the syncs, their latest runs, and the records that were passed over."""
    show = read_parameters(request, {"show": one_of("enabled", "all")}).get("show", "enabled")
    given = request.app[DEPENDENCIES]
    listed = await sync_documents(request, only_enabled=show == "enabled")
    runs = await given.sync_runs.list(None, before=_NEWEST, limit=_RUNS)
    skipped = await given.skipped_records.list(SkippedFilter(), limit=_SKIPPED, cursor=None)
    return render(
        request,
        "syncs.html",
        syncs=listed,
        shows_all=show == "all",
        runs=[run_document(each) for each in runs],
        titles={each["sync"]: each["title"] for each in listed},
        skipped=skipped.items,
    )


async def start_run(request: web.Request) -> web.Response:
    """Sync now: what changed since the last success, or everything."""
    form = await read_form(request)
    kind = checked({"kind": form.get("kind", "")}, {"kind": one_of("changes", "complete")}, what="field")["kind"]
    chosen = chosen_sync(request)
    await require_runnable(request, chosen)
    run = await request.app[DEPENDENCIES].sync_runs.ask(chosen.name, kind, act_of_form(request, form))
    return _to_run(run.id)


async def sync_record(request: web.Request) -> web.Response:
    """Have one record looked at, at once."""
    form = await read_form(request)
    key = checked({"key": form.get("key", "")}, {"key": _record_key}, what="field")["key"]
    chosen = chosen_sync(request)
    await require_runnable(request, chosen, individual=True)
    act = act_of_form(request, form)
    run = await request.app[DEPENDENCIES].sync_runs.ask(chosen.name, "individual", act, key=key)
    return _to_run(run.id)


async def show_run(request: web.Request) -> web.Response:
    """Show how far a run is and what it tells; the page loads itself again while it runs."""
    read_parameters(request, {})
    run_id = id_in_path(request, thing="sync run")
    runs = request.app[DEPENDENCIES].sync_runs
    run = await runs.show(run_id)
    return render(
        request,
        "sync_run.html",
        run=run_document(run),
        is_under_way=run.state in _UNDER_WAY,
        lines=await runs.lines(run_id, after=0, limit=_LINES),
    )


async def stop_run(request: web.Request) -> web.Response:
    """End a run; what it has noted is still looked at."""
    form = await read_form(request)
    run_id = id_in_path(request, thing="sync run")
    await request.app[DEPENDENCIES].sync_runs.stop(run_id, act_of_form(request, form))
    return _to_run(run_id)


def _record_key(value: object) -> str:
    (key,) = record_keys([value])
    return key


def _to_run(run_id: int) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{PATH}/runs/{run_id}"})


ROUTES: Final = (
    Route(method="GET", path=PATH, handler=show_syncs, access="read", operation=None),
    Route(method="GET", path=f"{PATH}/runs/{{id}}", handler=show_run, access="read", operation=None),
    Route(
        method="POST",
        path=f"{PATH}/runs/{{id}}/stop",
        handler=stop_run,
        access="operate",
        act="sync.stop",
        operation=None,
    ),
    Route(
        method="POST", path=f"{PATH}/{{sync}}/run", handler=start_run, access="operate", act="sync.run", operation=None
    ),
    Route(
        method="POST",
        path=f"{PATH}/{{sync}}/record",
        handler=sync_record,
        access="operate",
        act="sync.records",
        operation=None,
    ),
)
