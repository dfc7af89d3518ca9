"""What the log's acts, the ERP's lists and its schema look like on the wire."""

from typing import Any, Final

from daemon.http.value_schemas import DAY_OR_MOMENT, REASON
from daemon.settings.document.references import KINDS
from daemon.settings.document.schema import SCHEMA_ENTITIES
from queues.postgres.log_entries import LEVELS

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_TEXT_OR_NULL: Final[dict[str, Any]] = {"type": ["string", "null"]}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_MOMENT: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}
_MOMENT_OR_NULL: Final[dict[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
_KIND: Final[dict[str, Any]] = {"type": "string", "enum": list(KINDS)}
_REFERENCE: Final[dict[str, Any]] = {
    "kind": _KIND,
    "title": _TEXT,
    "count": _COUNT,
    "fetched_at": {**_MOMENT_OR_NULL, "description": "Null: it never came."},
    "age_seconds": {"type": ["integer", "null"], "minimum": 0},
    "failed_at": {**_MOMENT_OR_NULL, "description": "When fetching it failed since; the entries are the ones before."},
    "error": _TEXT_OR_NULL,
}


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def _body(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "additionalProperties": False}


def _list_of(name: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    return _object({"items": items, "next_cursor": _TEXT_OR_NULL})


_SCHEMA: Final[dict[str, Any]] = {
    "entity": {"type": "string", "enum": list(SCHEMA_ENTITIES)},
    "version": {**_COUNT, "description": "Of the settings document."},
    "tabs": {
        "type": "array",
        "items": _object(
            {
                "tab": _TEXT,
                "fields": {
                    "type": "array",
                    "items": _object(
                        {
                            "schema": _TEXT,
                            "name": _TEXT,
                            "active": _FLAG,
                            "is_missing": {**_FLAG, "description": "The ERP does not have it any more; not sent."},
                            "api_path": {**_TEXT_OR_NULL, "description": "API Reference Field Path; customers only."},
                            "api_name": {**_TEXT_OR_NULL, "description": "API Input Field Name; customers only."},
                        }
                    ),
                },
            }
        ),
    },
}
_NAMES: Final[dict[str, Any]] = {"type": "array", "items": _TEXT}

INSTANCE_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "SyncLogCleaning": _body({"dry_run": _FLAG, "reason": dict(REASON)}),
    "SyncLogCleaned": _object({"dry_run": _FLAG, "before": _MOMENT_OR_NULL, "entries": _COUNT}),
    "SyncLogFlush": _body(
        {
            "dry_run": _FLAG,
            "confirm": {**_FLAG, "description": "Must be true unless it is a dry run."},
            "until": dict(DAY_OR_MOMENT),
            "reason": dict(REASON),
        }
    ),
    "SyncLogFlushed": _object({"dry_run": _FLAG, "until": _MOMENT, "entries": _COUNT}),
    "Notice": _object(
        {
            "at": _MOMENT,
            "queue": _TEXT,
            "level": {"type": "string", "enum": list(LEVELS)},
            "text": _TEXT,
            "request_id": _TEXT,
        }
    ),
    "NoticeList": _list_of("Notice"),
    "ReferenceSummary": _object(_REFERENCE),
    "ReferenceLists": _list_of("ReferenceSummary"),
    "ReferenceList": _object(
        {
            **_REFERENCE,
            "entries": {
                "type": "array",
                "items": _object({"code": _TEXT, "description": _TEXT, "is_active": _FLAG}),
            },
        }
    ),
    "Schema": _object(_SCHEMA),
    "SchemaRefreshed": _object({**_SCHEMA, "added": _NAMES, "vanished": _NAMES, "returned": _NAMES}),
    "SchemaTicks": _body(
        {
            "active": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": _FLAG,
                "description": "By schema name: whether the field takes part.",
            },
            "reason": dict(REASON),
        }
    )
    | {"required": ["active"]},
    "ReferenceRefresh": _body(
        {
            "kinds": {"type": "array", "items": _KIND, "minItems": 1, "uniqueItems": True},
            "reason": dict(REASON),
        }
    ),
}
