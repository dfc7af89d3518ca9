"""The settings document as operators read and write it: dotted names, one line each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.cli.errors import UsageError
from daemon.cli.moments import local_and_relative, parse_instant
from daemon.cli.table import Column, Table
from daemon.settings.document.scopes import SettingsDocument
from queues.settings import QueueProcessingSettings


def is_of_document(assignment: str) -> bool:
    """Tell `price.source=…` (a setting of a group) from `retry_count=…` and `max_in_flight.pricing=…`."""
    name = assignment.partition("=")[0].strip()
    return "." in name and not name.startswith("max_in_flight.")


def document_table(settings: Mapping[str, Any], groups: Sequence[str]) -> Table:
    """
    Make the table of the settings of *groups*, of all without any.

    Raises:
        UsageError: there is no such group.
    """
    unknown = [group for group in groups if group not in settings]
    if unknown:
        raise UsageError(f"there is no group {', '.join(unknown)}; the groups are {', '.join(settings)}")
    shipped = {"queue": QueueProcessingSettings().to_document(), **SettingsDocument.from_document({}).to_document()}
    rows = []
    for group in groups or settings:
        defaults = dict(leaves(shipped.get(group), group))
        for name, value in leaves(settings[group], group):
            default = defaults.get(name)
            rows.append((name, shown(value), "" if value == default else shown(default)))
    return Table(
        columns=(
            Column(heading="SETTING"),
            Column(heading="VALUE", gives=1, narrowest=12),
            Column(heading="DEFAULT, WHERE IT DIFFERS", gives=2, narrowest=12),
        ),
        rows=rows,
    )


def documents_table(versions: Sequence[Mapping[str, Any]], *, now: datetime) -> Table:
    """Make the table of *versions* of the document, newest first; what each says is what differs from the defaults."""
    rows = []
    for version in versions:
        changed_at = parse_instant(version.get("changed_at"))
        told = [f"{name} {shown(value)}" for name, value in leaves(version["changes"], "") if name]
        rows.append(
            (
                str(version["version"]),
                "-" if changed_at is None else local_and_relative(changed_at, now),
                str(version.get("changed_by") or "-"),
                ", ".join(told) or "the defaults",
                str(version.get("reason") or "-"),
            )
        )
    return Table(
        columns=(
            Column(heading="VERSION", align="right"),
            Column(heading="CHANGED"),
            Column(heading="BY"),
            Column(heading="SAYS", gives=2, narrowest=20),
            Column(heading="REASON", gives=1, narrowest=10),
        ),
        rows=rows,
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Tell what differs between two documents."""
    old = dict(leaves(before, ""))
    told = [f"{name} {shown(old.get(name))} → {shown(new)}" for name, new in leaves(after, "") if old.get(name) != new]
    return ", ".join(told) or "nothing"


def read_document_changes(assignments: Sequence[str], current: Mapping[str, Any]) -> dict[str, Any]:
    """
    Read `group.name=value` as the API's merge patch; names without a group are those of the group `queue`.

    A value is `true`, `false`, `default`, a number, JSON, for lists of texts also the texts with commas between them,
    and else the text it is.

    Raises:
        UsageError: an assignment without a name or `=`, or a name twice.
    """
    document: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        path = name.strip().split(".")
        if not equals or not all(path):
            raise UsageError(f"a setting must be written group.name=value, got {assignment[:100]!r}")
        if not is_of_document(assignment):
            path.insert(0, "queue")
        place: Any = document
        known: Any = current
        for step in path[:-1]:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place
            known = known.get(step, {}) if isinstance(known, Mapping) else {}
        if not isinstance(place, dict) or path[-1] in place:
            raise UsageError(f"{name} is given twice")
        held = known.get(path[-1]) if isinstance(known, Mapping) else None
        place[path[-1]] = _value(text.strip(), held)
    return document


def read_document_file(path: Path) -> dict[str, Any]:
    """
    Read a merge patch from a JSON file.

    Raises:
        UsageError: it cannot be read, or is no JSON object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path} must hold a JSON object of settings")
    return document


def leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Give dotted name and value of every setting below *value*; lists and tables are one setting each."""
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def shown(value: object) -> str:
    """Write a value as `settings set` reads it; of a table the number of its rows."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "-"
    if isinstance(value, list):
        is_table = any(isinstance(each, Mapping) for each in value)
        return f"{len(value)} rows" if is_table else ",".join(map(str, value)) or "-"
    return str(value) if value != {} else "-"


def _value(text: str, held: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    if text == "default":
        return None
    if isinstance(held, list) and not text.startswith("["):
        return [each.strip() for each in text.split(",") if each.strip()]
    if text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError as error:
            raise UsageError(f"{text[:100]!r} is no JSON: {error}") from error
    try:
        return int(text)
    except ValueError:
        return text
