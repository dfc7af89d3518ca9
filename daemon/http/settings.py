"""`/api/v1/settings/queue-processing`: the settings in force, their change, and their history."""

import re
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.cursors import cursor_of, json_response, list_response, position
from daemon.http.fields import limit, read_body, read_parameters, reason, require_json
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem
from daemon.http.routes import Operation, Route, answer, in_header, in_query, json_of
from daemon.settings.document.advice import advise_limits
from daemon.settings.queue_processing import SettingsVersion, advise, merged, replaced
from queues.errors import InvalidSettings, SettingFault, StateConflict
from queues.message import parse_json
from queues.settings import QueueProcessingSettings

PATH: Final = "/api/v1/settings/queue-processing"
DEFAULT_LIMIT: Final = 50
CHANGE_REASON_HEADER: Final = "X-Reason"


async def show_settings(request: web.Request) -> web.Response:
    """Show the settings in force."""
    return _answer(request, await request.app[DEPENDENCIES].settings.current())


async def replace_settings(request: web.Request) -> web.Response:
    """Put a whole new document in force."""
    return await _write(request, replaced(await _document(request)))


async def merge_settings(request: web.Request) -> web.Response:
    """Change some fields of the document in force."""
    current = await request.app[DEPENDENCIES].settings.current()
    changed = merged(current.settings, await _document(request))
    # Without If-Match the merge still applies to what was read: nobody's change in between is lost.
    return await _write(request, changed, read_version=current.version)


async def list_versions(request: web.Request) -> web.Response:
    """Show who changed what, newest first."""
    given = read_parameters(request, {"limit": limit, "cursor": position})
    page_size = given.get("limit", DEFAULT_LIMIT)
    versions = await request.app[DEPENDENCIES].settings.history(before=given.get("cursor"), limit=page_size + 1)
    more = cursor_of(versions[page_size - 1].version) if len(versions) > page_size else None
    return list_response([version_document(each) for each in versions[:page_size]], more)


async def _document(request: web.Request) -> dict[str, Any]:
    require_json(request, "application/merge-patch+json")
    document = parse_json(await read_body(request, 64 * 1024))
    if not isinstance(document, dict):
        raise InvalidSettings([SettingFault(field="", expected="an object of settings", value=document)])
    return document


async def _write(
    request: web.Request, settings: QueueProcessingSettings, *, read_version: int | None = None
) -> web.Response:
    try:
        why = reason(request.headers.get(CHANGE_REASON_HEADER, ""))
    except ValueError as error:
        raise Problem(422, "invalid", f"{CHANGE_REASON_HEADER} must be {error}") from error
    store = request.app[DEPENDENCIES].settings
    expected = await _expected_version(request)
    try:
        version = await store.replace(
            settings,
            act_of(request, {"reason": why}),
            if_version=read_version if expected is None else expected,
        )
    except StateConflict as error:
        if expected is None:
            raise
        raise _changed(error.state) from error
    return _answer(request, version)


async def _expected_version(request: web.Request) -> int | None:
    """Read `If-Match`: None when there is none or it is `*`, which asks only that settings exist; they always do."""
    condition = request.headers.get("If-Match", "").strip()
    if condition in {"", "*"}:
        return None
    match = re.fullmatch(r'"(?P<version>[0-9]{1,9})"', condition)
    if match is None:
        current = await request.app[DEPENDENCIES].settings.current()
        raise _changed(str(current.version))
    return int(match["version"])


def _changed(state: str) -> Problem:
    text = "the settings have changed since the version in If-Match; read them again"
    return Problem(412, "precondition_failed", text, members={"state": state})


def _answer(request: web.Request, version: SettingsVersion) -> web.Response:
    about = _about(version)
    limits = request.app[DEPENDENCIES].input_limits()
    about["advice"] = [*about["advice"], *advise_limits(version.settings, limits)]
    document = {**version.settings.to_document(), **about}
    return json_response(document, headers={"ETag": f'"{version.version}"'})


def version_document(version: SettingsVersion) -> dict[str, Any]:
    """Give one version of the history."""
    return {**_about(version), "settings": version.settings.to_document()}


def _about(version: SettingsVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "changed_at": version.created_at,
        "changed_by": version.created_by or None,
        "reason": version.reason or None,
        "advice": list(advise(version.settings)),
    }


_IF_MATCH: Final = in_header("If-Match", "The ETag of the version that was read; 412 when it is not in force any more.")
_REASON: Final = in_header(CHANGE_REASON_HEADER, "Why, for the history and the audit log.")
_PROBLEMS: Final = (400, 409, 412, 413, 415, 422, 503)
_WITH_ETAG: Final = answer("The settings in force, their version as ETag", "QueueProcessingSettings") | {
    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}}
}

ROUTES: Final = (
    Route(
        method="GET",
        path=PATH,
        handler=show_settings,
        access="read",
        operation=Operation(
            tag="settings",
            summary="Show the Queue Processing Settings in force; the ETag is their version",
            responses={200: _WITH_ETAG},
            problems=(503,),
        ),
    ),
    Route(
        method="PUT",
        path=PATH,
        handler=replace_settings,
        access="configure",
        act="settings.change",
        target="queue_processing",
        operation=Operation(
            tag="settings",
            summary="Replace the Queue Processing Settings",
            description=(
                "The body is the whole document: a field that is left out takes its default (25, 25, 3, 50, 5). "
                "All faults are told at once. In force from the start of the next check."
            ),
            parameters=(_IF_MATCH, _REASON, ACTOR_PARAMETER),
            request=json_of("QueueProcessingChange"),
            responses={200: _WITH_ETAG},
            problems=_PROBLEMS,
        ),
    ),
    Route(
        method="PATCH",
        path=PATH,
        handler=merge_settings,
        access="configure",
        act="settings.change",
        target="queue_processing",
        operation=Operation(
            tag="settings",
            summary="Change some of the Queue Processing Settings",
            description="JSON merge patch: fields that are left out stay as they are, null means the default.",
            parameters=(_IF_MATCH, _REASON, ACTOR_PARAMETER),
            request=json_of("QueueProcessingPatch")
            | {"application/merge-patch+json": {"schema": {"$ref": "#/components/schemas/QueueProcessingPatch"}}},
            responses={200: _WITH_ETAG},
            problems=_PROBLEMS,
        ),
    ),
    Route(
        method="GET",
        path=f"{PATH}/history",
        handler=list_versions,
        access="read",
        operation=Operation(
            tag="settings",
            summary="List all versions of the settings, newest first",
            parameters=(
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "SettingsHistory")},
            problems=(422, 503),
        ),
    ),
)
