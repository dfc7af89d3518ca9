"""The settings as rows for people: name, what it may hold, default, and where it may be told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.groups import GroupKind, Scope, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedSetting:
    """
    One setting.

    Attributes:
        name: dotted, as `am-connector settings set` takes it.
        allowed: what it may hold.
        default: as JSON; of a table that is shipped filled, the number of its rows.
        scope: `website` where a website may say it differently.
    """

    name: str
    allowed: str
    default: str
    scope: Scope


def describe_settings() -> Iterator[DescribedSetting]:
    """Give every setting of the document, group by group."""
    yield from _below(ConnectorSettings(), "", "instance")


def _below(group: Any, path: str, scope: Scope) -> Iterator[DescribedSetting]:  # noqa: ANN401 - any group
    for each in fields(group):
        name = f"{path}.{each.name}" if path else each.name
        kind, value = kind_of(each), getattr(group, each.name)
        held: Scope = "website" if "website" in (scope, each.metadata["scope"]) else "instance"
        if isinstance(kind, GroupKind):
            yield from _below(value, name, held)
        else:
            yield DescribedSetting(
                name=name, allowed=_allowed(kind.schema()), default=_shown(kind.write(value)), scope=held
            )


def _allowed(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join("null" if word is None else str(word) for word in schema["enum"])
    match schema["type"]:
        case "integer":
            return f"{schema['minimum']} to {schema['maximum']}"
        case "boolean":
            return "true, false"
        case "array":
            columns = schema["items"].get("properties")
            return f"rows of {', '.join(columns)}" if columns else "list of texts"
        case "string":
            return "text"
        case _:
            return "text or null"


def _shown(value: object) -> str:
    if isinstance(value, list) and value and (isinstance(value[0], dict) or len(value) > 4):  # noqa: PLR2004 - a cell of a table
        return f"{len(value)} rows" if isinstance(value[0], dict) else f"{len(value)} of them"
    return json.dumps(value)
