"""`/api/v1/settings`: the whole settings document, its change, its history, and the way back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from daemon.http.acting import ACTOR_PARAMETER, act_of
from daemon.http.chosen_sync import syncs_of
from daemon.http.cursors import cursor_of, json_response, list_response, position
from daemon.http.fields import limit, read_body, read_fields, read_parameters, reason, require_json
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem, invalid
from daemon.http.routes import Operation, Route, answer, in_header, in_query, json_of
from daemon.settings.connector_store import DocumentInForce, DocumentVersion, Versions
from daemon.settings.document.advice import advise_document
from daemon.settings.document.references import advise_references
from daemon.settings.document.scopes import SettingsDocument, laid_over
from daemon.settings.queue_processing import advise, merged, replaced
from daemon.sync.widening import advise_widening
from queues.errors import InvalidSettings, SettingFault, StateConflict
from queues.message import parse_json
from queues.settings import QueueProcessingSettings

PATH: Final = "/api/v1/settings"
QUEUE: Final = "queue"
LARGEST: Final = 1024 * 1024
DEFAULT_LIMIT: Final = 50
HIGHEST_VERSION: Final = 2_147_483_646
_REASON_HEADER: Final = "X-Reason"


async def show_document(request: web.Request) -> web.Response:
    """Show what is in force."""
    return await _answer(request, await request.app[DEPENDENCIES].documents.current())


async def replace_document(request: web.Request) -> web.Response:
    """Put a whole new document in force."""
    told = await _told(request)
    document, queue = _read(told, lambda: replaced(_part(told)))
    return await _write(request, document, queue, None)


async def merge_document(request: web.Request) -> web.Response:
    """Change a part of the document in force."""
    told = await _told(request)
    current = await request.app[DEPENDENCIES].documents.current()
    together = without_nulls(laid_over(current.document.to_document(), told), told)
    before = QueueProcessingSettings() if QUEUE in told and told[QUEUE] is None else current.queue
    document, queue = _read(together, lambda: merged(before, _part(told)))
    return await _write(request, document, queue, current.versions)


async def list_documents(request: web.Request) -> web.Response:
    """Show who changed what, newest first."""
    given = read_parameters(request, {"limit": limit, "cursor": position})
    size = given.get("limit", DEFAULT_LIMIT)
    found = await request.app[DEPENDENCIES].documents.history(before=given.get("cursor"), limit=size + 1)
    more = cursor_of(found[size - 1].version) if len(found) > size else None
    return list_response([version_document(each) for each in found[:size]], more)


async def restore_document(request: web.Request) -> web.Response:
    """Put an older version in force again."""
    fields = await read_fields(request, {"version": _version, "reason": reason})
    if "version" not in fields:
        raise invalid("version", "must be told: the number of a version, 0 for the defaults")
    documents = request.app[DEPENDENCIES].documents
    before = await documents.current()
    restored = await documents.restore(fields["version"], act_of(request, fields))
    return await _answer(request, restored, before=before)


def without_nulls(document: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what *told* says null to at its first two levels, where null means the default."""
    kept = {name: value for name, value in document.items() if not (name in told and told[name] is None)}
    for name, part in told.items():
        group = kept.get(name)
        if isinstance(part, Mapping) and isinstance(group, Mapping):
            kept[name] = {each: value for each, value in group.items() if not (each in part and part[each] is None)}
    return kept


def version_document(version: DocumentVersion) -> dict[str, Any]:
    """Give one version of the history."""
    return {
        "version": version.version,
        "changed_at": version.changed_at,
        "changed_by": version.changed_by,
        "reason": version.reason or None,
        "changes": version.changes,
    }


async def _told(request: web.Request) -> dict[str, Any]:
    require_json(request, "application/merge-patch+json")
    document = parse_json(await read_body(request, LARGEST))
    if not isinstance(document, dict):
        raise InvalidSettings([SettingFault(field="", expected="an object of settings", value=document)])
    return document


def _part(told: Mapping[str, Any]) -> Mapping[str, Any]:
    part = told.get(QUEUE)
    return part if isinstance(part, Mapping) else {}


def _read(
    told: Mapping[str, Any], read_queue: Callable[[], QueueProcessingSettings]
) -> tuple[SettingsDocument, QueueProcessingSettings]:
    """Read both parts, so that the faults of both are told at once."""
    faults: list[SettingFault] = []
    document, queue = SettingsDocument(), QueueProcessingSettings()
    if not isinstance(told.get(QUEUE, {}), Mapping):
        faults.append(SettingFault(field=QUEUE, expected="an object of settings", value=told[QUEUE]))
    try:
        queue = read_queue()
    except InvalidSettings as error:
        faults += (replace(fault, field=f"{QUEUE}.{fault.field}") for fault in error.faults)
    try:
        document = SettingsDocument.from_document({name: each for name, each in told.items() if name != QUEUE})
    except InvalidSettings as error:
        faults += error.faults
    if faults:
        raise InvalidSettings(faults)
    return document, queue


async def _write(
    request: web.Request, document: SettingsDocument, queue: QueueProcessingSettings, read_versions: Versions | None
) -> web.Response:
    try:
        why = reason(request.headers.get(_REASON_HEADER, ""))
    except ValueError as error:
        raise invalid(_REASON_HEADER, f"must be {error}") from error
    documents = request.app[DEPENDENCIES].documents
    before = await documents.current()
    expected = await _expected(request)
    based_on = read_versions if expected is None else expected
    try:
        written = await documents.replace(document, queue, act_of(request, {"reason": why}), based_on=based_on)
    except StateConflict as error:
        if expected is None:
            raise
        raise _changed(await documents.current()) from error
    return await _answer(request, written, before=before)


async def _expected(request: web.Request) -> Versions | None:
    """Read `If-Match`: None when there is none or it is `*`."""
    condition = request.headers.get("If-Match", "").strip()
    if condition in {"", "*"}:
        return None
    match = re.fullmatch(r'"(?P<connector>[0-9]{1,9})\.(?P<queue>[0-9]{1,9})"', condition)
    if match is None:
        raise _changed(await request.app[DEPENDENCIES].documents.current())
    return Versions(int(match["connector"]), int(match["queue"]))


def _changed(current: DocumentInForce) -> Problem:
    text = "the settings have changed since the version in If-Match; read them again"
    return Problem(412, "precondition_failed", text, members={"state": _tag(current.versions)})


def _tag(versions: Versions) -> str:
    return f"{versions.connector}.{versions.queue}"


async def _answer(
    request: web.Request, current: DocumentInForce, *, before: DocumentInForce | None = None
) -> web.Response:
    given = request.app[DEPENDENCIES]
    widened = (
        advise_widening(syncs_of(request), before.document.default, current.document.default)
        if before is not None
        else ()
    )
    advice = [
        *widened,
        *advise(current.queue),
        *advise_document(current.document.default, current.queue, given.input_limits()),
        *advise_references(current.document, await given.reference.known()),
    ]
    document = {
        "version": current.versions.connector,
        "queue_version": current.versions.queue,
        "changed_at": current.changed_at,
        "changed_by": current.changed_by or None,
        "reason": current.reason or None,
        "advice": advice,
        "settings": {QUEUE: current.queue.to_document(), **current.document.to_document()},
    }
    return json_response(document, headers={"ETag": f'"{_tag(current.versions)}"'})


def _version(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= HIGHEST_VERSION:
        raise ValueError("the number of a version, 0 for the defaults")
    return value


_IF_MATCH: Final = in_header("If-Match", "The ETag of the version that was read; 412 when it is not in force any more.")
_REASON: Final = in_header(_REASON_HEADER, "Why, for the history and the audit log.")
_PROBLEMS: Final = (400, 409, 412, 413, 415, 422, 503)
_WITH_ETAG: Final = answer("The document in force, its version as ETag", "SettingsDocument") | {
    "headers": {
        "ETag": {
            "required": True,
            "description": "The versions of the document and of its group queue, for `If-Match`.",
            "schema": {"type": "string", "pattern": r'^"[0-9]+\.[0-9]+"$'},
        }
    }
}

ROUTES: Final = (
    Route(
        method="GET",
        path=PATH,
        handler=show_document,
        access="read",
        operation=Operation(
            tag="settings",
            summary="Show all settings in force, group by group, with advice; the ETag is their version",
            responses={200: _WITH_ETAG},
            problems=(503,),
        ),
    ),
    Route(
        method="PUT",
        path=PATH,
        handler=replace_document,
        access="configure",
        act="settings.change",
        target="connector",
        operation=Operation(
            tag="settings",
            summary="Replace all settings",
            description=(
                "The body is the member `settings` of what GET answers; what is left out takes its default. All faults "
                "are told at once, and then nothing is changed."
            ),
            parameters=(_IF_MATCH, _REASON, ACTOR_PARAMETER),
            request=json_of("SettingsDocumentChange"),
            responses={200: _WITH_ETAG},
            problems=_PROBLEMS,
        ),
    ),
    Route(
        method="PATCH",
        path=PATH,
        handler=merge_document,
        access="configure",
        act="settings.change",
        target="connector",
        operation=Operation(
            tag="settings",
            summary="Change some settings",
            description=(
                "JSON merge patch: what is left out stays as it is, lists and tables are replaced whole, null for a "
                "group or for a setting of a group means the default."
            ),
            parameters=(_IF_MATCH, _REASON, ACTOR_PARAMETER),
            request=json_of("SettingsDocumentPatch")
            | {"application/merge-patch+json": {"schema": {"$ref": "#/components/schemas/SettingsDocumentPatch"}}},
            responses={200: _WITH_ETAG},
            problems=_PROBLEMS,
        ),
    ),
    Route(
        method="GET",
        path=f"{PATH}/history",
        handler=list_documents,
        access="read",
        operation=Operation(
            tag="settings",
            summary="List all versions of the document, newest first; the group queue has a history of its own",
            parameters=(
                in_query("limit", "Rows of a page.", type="integer", minimum=1, maximum=500, default=DEFAULT_LIMIT),
                in_query("cursor", "The `next_cursor` of the page before."),
            ),
            responses={200: answer("One page", "SettingsDocumentHistory")},
            problems=(422, 503),
        ),
    ),
    Route(
        method="POST",
        path=f"{PATH}/restore",
        handler=restore_document,
        access="configure",
        act="settings.restore",
        target="connector",
        operation=Operation(
            tag="settings",
            summary="Put an older version of the document in force again, as a new one; the group queue stays",
            parameters=(ACTOR_PARAMETER,),
            request=json_of("SettingsRestore"),
            responses={200: _WITH_ETAG},
            problems=(400, 404, 409, 413, 415, 422, 503),
        ),
    ),
)
