"""What syncs, their runs and the ERP's pushes look like on the wire."""

from typing import Any, Final

from daemon.acumatica.push_notifications import HIGHEST_NUMBER, HIGHEST_TICKS, PUSH_QUERIES
from daemon.http.value_schemas import LONGEST_TEXT, NAME, REASON, RECORD_KEY
from queues.postgres.tables.sync_runs import INDEX_STATES, RUN_KINDS, RUN_MODES, RUN_STATES

MOST_KEYS: Final = 10_000
"""Keys of one call; a longer file is sent in several."""

_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_TEXT_OR_NULL: Final[dict[str, Any]] = {"type": ["string", "null"]}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_MOMENT: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}
_MOMENT_OR_NULL: Final[dict[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
_KEY: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": RECORD_KEY}
_RUN: Final[dict[str, Any]] = {
    "id": {"type": "integer", "minimum": 1},
    "sync": _TEXT,
    "kind": {"type": "string", "enum": list(RUN_KINDS)},
    "mode": {"type": "string", "enum": list(RUN_MODES)},
    "state": {"type": "string", "enum": list(RUN_STATES)},
    "key": _TEXT_OR_NULL,
    "actor": _TEXT,
    "reason": _TEXT_OR_NULL,
    "since": _MOMENT_OR_NULL,
    "until": _MOMENT_OR_NULL,
    "noted": _COUNT,
    "error": _TEXT_OR_NULL,
    "asked_at": _MOMENT,
    "started_at": _MOMENT_OR_NULL,
    "ended_at": _MOMENT_OR_NULL,
    "indexing": {"type": ["string", "null"], "enum": [*INDEX_STATES[1:], None]},
    "indexing_error": _TEXT_OR_NULL,
}
_KIND: Final[dict[str, Any]] = {
    "kind": _TEXT,
    "records_waiting": _COUNT,
    "records_failing": _COUNT,
    "oldest_at": _MOMENT_OR_NULL,
    "error": _TEXT_OR_NULL,
}
_START: Final[dict[str, Any]] = {
    "purpose": {"type": "string", "enum": ["auto_cron", "catch_up", "comparison"]},
    "at": _MOMENT,
    "rule": _TEXT,
}


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def _list_of(name: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
    return _object({"items": items, "next_cursor": _TEXT_OR_NULL})


_RECORD_KEY: Final[dict[str, Any]] = {"anyOf": [NAME, {"type": "integer", "minimum": 0, "maximum": HIGHEST_NUMBER}]}
"""Of a record of the ERP: some are numbers."""


def _push(columns: tuple[str, ...]) -> dict[str, Any]:
    """Describe the notifications of the inquiries whose rows have these key columns."""
    rows = {"type": ["array", "null"], "items": _object(dict.fromkeys(columns, _RECORD_KEY))}
    queries = [query.name for query in PUSH_QUERIES.values() if query.key_columns == columns]
    required = {
        "Query": {"type": "string", "enum": queries},
        "CompanyId": {**NAME, "description": "Login name of the tenant."},
        "Id": {**NAME, "description": "Of the transaction."},
        "TimeStamp": {"type": "integer", "minimum": 1, "maximum": HIGHEST_TICKS, "description": ".NET ticks."},
    }
    shape = _object(required)
    shape["properties"] = {
        **required,
        "Inserted": rows,
        "Deleted": rows,
        "AdditionalInfo": {},
    }
    return shape


SYNC_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "PushNotification": {
        "oneOf": [_push(columns) for columns in dict.fromkeys(each.key_columns for each in PUSH_QUERIES.values())],
        "description": "As Acumatica sends it; columns beside the key may hold anything.",
    },
    "PushAnswer": _object({"records": _COUNT, "noted": _COUNT, "repeat": {"type": "boolean"}}),
    "Sync": _object(
        {
            "sync": _TEXT,
            "title": _TEXT,
            "enabled": _FLAG,
            "direction": {"type": "string", "enum": ["to_magento", "to_acumatica", "both"]},
            "individual": _FLAG,
            "auto_cron": _FLAG,
            "index_after": _FLAG,
            "runs": {**_FLAG, "description": "A run may be asked for."},
            "runs_not_because": _TEXT_OR_NULL,
            "status": {"type": "string", "enum": ["not_sync", *RUN_STATES]},
            "last_run": {"oneOf": [{"$ref": "#/components/schemas/SyncRun"}, {"type": "null"}]},
            "next_run_at": _MOMENT_OR_NULL,
            "next_runs": {"type": "array", "items": _object(_START)},
            "kinds": {"type": "array", "items": _object(_KIND)},
            "records_waiting": _COUNT,
            "records_failing": _COUNT,
            "error": _TEXT_OR_NULL,
        }
    ),
    "SyncList": _list_of("Sync"),
    "SyncRun": _object(_RUN),
    "SyncRunList": _list_of("SyncRun"),
    "SyncRunLine": _object(
        {
            "id": {"type": "integer", "minimum": 1},
            "at": _MOMENT,
            "level": {"type": "string", "enum": ["info", "warning", "error"]},
            "text": _TEXT,
        }
    ),
    "SyncRunLog": _list_of("SyncRunLine"),
    "SyncImportAnswer": _object({"sync": _TEXT, "noted": _COUNT}),
    "SkippedRecord": _object(
        {
            "at": _MOMENT,
            "queue": _TEXT,
            "key": _TEXT,
            "storeview": _TEXT_OR_NULL,
            "stage": {"type": "string", "enum": ["look", "send"]},
            "reason": _TEXT,
            "origin": _TEXT_OR_NULL,
        }
    ),
    "SkippedRecordList": _list_of("SkippedRecord"),
    "ClockReport": _object(
        {
            "ok": _FLAG,
            "clocks": {
                "type": "array",
                "items": _object(
                    {
                        "system": _TEXT,
                        "ok": _FLAG,
                        "ahead_seconds": {"type": ["number", "null"]},
                        "uncertain_seconds": {"type": "number"},
                        "limit_seconds": _COUNT,
                        "detail": _TEXT,
                    }
                ),
            },
        }
    ),
    "SyncRequest": {
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": ["changes", "complete"]}, "reason": REASON},
        "additionalProperties": False,
    },
    "SyncRecords": {
        "type": "object",
        "required": ["keys"],
        "properties": {
            "keys": {"type": "array", "minItems": 1, "maxItems": MOST_KEYS, "items": _KEY},
            "reason": REASON,
        },
        "additionalProperties": False,
    },
    "SyncRecordsAnswer": {
        "anyOf": [{"$ref": "#/components/schemas/SyncRun"}, _object({"sync": _TEXT, "noted": _COUNT})],
    },
}
