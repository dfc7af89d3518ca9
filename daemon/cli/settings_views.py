"""The Queue Processing Settings as operators read and write them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from daemon.cli.errors import UsageError
from daemon.cli.moments import local_and_relative, parse_instant
from daemon.cli.table import Column, Table
from queues.settings import IN_FLIGHT, RANGES, QueueProcessingSettings

_MEANINGS: Final[Mapping[str, str]] = {
    "threshold_count": "up to so many waiting go one a request, above it all go in batches",
    "batch_count": "records in one bulk request",
    "retry_count": "attempts in all before a message is Failed",
    "check_process_time": "seconds a run goes on checking",
    "process_sleep_time": "seconds between two checks of a run",
    "outage_policy": "count: every attempt counts; hold: none while the target is away",
    "fail_fast": "a refusal that can never succeed is Failed at once",
    "coalesce": "of several messages of one record only the newest is sent",
    "max_in_flight": "requests in hand at once, by entity",
}
_OTHER_RANGES: Final[Mapping[str, str]] = {
    "outage_policy": "count or hold",
    "fail_fast": "true or false",
    "coalesce": "true or false",
    "max_in_flight": f"{IN_FLIGHT} each".removeprefix("an integer from "),
}


def settings_table(settings: Mapping[str, Any]) -> Table:
    """Make the table of the *settings* in force with range, default and meaning."""
    defaults = QueueProcessingSettings().to_document()
    return Table(
        columns=(
            Column(heading="SETTING"),
            Column(heading="VALUE", align="right"),
            Column(heading="DEFAULT", align="right"),
            Column(heading="RANGE"),
            Column(heading="MEANING", gives=1, narrowest=10),
        ),
        rows=[
            (
                name,
                shown(settings[name]),
                shown(default),
                str(RANGES[name]).removeprefix("an integer from ") if name in RANGES else _OTHER_RANGES.get(name, ""),
                _MEANINGS.get(name, ""),
            )
            for name, default in defaults.items()
            if name in settings
        ],
    )


def version_line(settings: Mapping[str, Any], *, now: datetime) -> str:
    """Tell which version is in force, since when, by whom and why."""
    changed_at = parse_instant(settings.get("changed_at"))
    if changed_at is None:
        return "version 0: the defaults, never changed"
    by = f" by {settings['changed_by']}" if settings.get("changed_by") else ""
    why = f": {settings['reason']}" if settings.get("reason") else ""
    return f"version {settings['version']}, changed {local_and_relative(changed_at, now)}{by}{why}"


def history_table(versions: Sequence[Mapping[str, Any]], *, now: datetime) -> Table:
    """Make the table of *versions*, newest first, with what each changed."""
    rows = []
    befores = [each["settings"] for each in versions[1:]] + [None]
    for version, before in zip(versions, befores, strict=True):
        changed_at = parse_instant(version.get("changed_at"))
        rows.append(
            (
                str(version["version"]),
                "-" if changed_at is None else local_and_relative(changed_at, now),
                str(version.get("changed_by") or "-"),
                changes(before, version["settings"]),
                str(version.get("reason") or "-"),
            )
        )
    return Table(
        columns=(
            Column(heading="VERSION", align="right"),
            Column(heading="CHANGED"),
            Column(heading="BY"),
            Column(heading="CHANGES", gives=2, narrowest=20),
            Column(heading="REASON", gives=1, narrowest=10),
        ),
        rows=rows,
    )


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """Tell what differs between two documents; all of *after* when there is nothing before it."""
    names = QueueProcessingSettings().to_document()
    if before is None:
        return ", ".join(f"{name} {shown(after[name])}" for name in names if name in after)
    told = [
        f"{name} {shown(before.get(name))} → {shown(after[name])}"
        for name in names
        if name in after and before.get(name) != after[name]
    ]
    return ", ".join(told) or "nothing"


def shown(value: object) -> str:
    """Write a value as `settings set` reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={each}" for name, each in value.items()) or "-"
    return str(value)


def read_changes(assignments: Sequence[str]) -> dict[str, Any]:
    """
    Read `name=value` as the API's merge patch; `default` takes a setting back, `max_in_flight.pricing` is one entity.

    Whether names and values are right is the daemon's to say: it tells all faults at once.

    Raises:
        UsageError: an assignment without a name or `=`, or a name twice.
    """
    document: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"a setting must be written name=value, such as retry_count=5, got {assignment[:100]!r}")
        outer, _, inner = name.partition(".")
        place = document.setdefault(outer, {}) if inner else document
        if not isinstance(place, dict) or (inner or outer) in place:
            raise UsageError(f"{name} is given twice")
        place[inner or outer] = _value(text.strip())
    return document


def _value(text: str) -> object:
    if text in {"true", "false"}:
        return text == "true"
    if text == "default":
        return None
    try:
        # Not isdigit: a sign belongs to the number that is then refused with its range.
        return int(text)
    except ValueError:
        return text
