"""The JSON schemas that the OpenAPI document names, one for each thing the API shows or takes."""

from typing import Any, Final, get_args

from daemon.http.event_schemas import EVENT_SCHEMAS
from daemon.http.fields import HIGHEST_ID, MOST_IDS
from daemon.http.instance_schemas import INSTANCE_SCHEMAS
from daemon.http.problems import TITLES
from daemon.http.roles import PERMISSIONS
from daemon.http.sync_schemas import SYNC_SCHEMAS
from daemon.http.value_schemas import ANY_TEXT, DAY_OR_MOMENT, HOLDER, REASON
from daemon.settings.document.scopes import SettingsDocument
from queues.postgres.bulk_orders import MOST_AT_ONCE, BulkEnd
from queues.settings import IN_FLIGHT, RANGES, QueueProcessingSettings

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_NUMBER: Final[dict[str, Any]] = {"type": "number"}
_MOMENT: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}
_ANY: Final[dict[str, Any]] = {"type": "object", "additionalProperties": True}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def _closed(optional: dict[str, Any], *required: str) -> dict[str, Any]:
    """Describe a body: nothing unknown is accepted."""
    shape: dict[str, Any] = {"type": "object", "properties": optional, "additionalProperties": False}
    return shape | ({"required": list(required)} if required else {})


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return _object({"items": {"type": "array", "items": _ref(name)}, "next_cursor": _or_null(_TEXT)})


def _settings_fields() -> dict[str, Any]:
    defaults = QueueProcessingSettings()
    fields: dict[str, Any] = {
        name: {
            "type": "integer",
            "minimum": allowed.lowest,
            **({} if allowed.highest is None else {"maximum": allowed.highest}),
            "default": getattr(defaults, name),
        }
        for name, allowed in RANGES.items()
    }
    return fields | {
        "outage_policy": {"type": "string", "enum": ["count", "hold"], "default": defaults.outage_policy},
        "fail_fast": {"type": "boolean", "default": defaults.fail_fast},
        "coalesce": {"type": "boolean", "default": defaults.coalesce},
        "max_in_flight": {
            "type": "object",
            "description": "Requests in hand at once, by entity.",
            "additionalProperties": {"type": "integer", "minimum": IN_FLIGHT.lowest, "maximum": IN_FLIGHT.highest},
            "default": {},
        },
    }


def _patched(fields: dict[str, Any]) -> dict[str, Any]:
    """Let every field be null as well, which takes it back to its default."""
    patched = {}
    for name, schema in fields.items():
        nullable = {**schema, "type": [schema["type"], "null"]}
        if "enum" in schema:
            nullable["enum"] = [*schema["enum"], None]
        if "additionalProperties" in schema:
            inner = schema["additionalProperties"]
            nullable["additionalProperties"] = {**inner, "type": [inner["type"], "null"]}
        nullable.pop("default")
        patched[name] = nullable
    return patched


def _groups(*, nullable: bool) -> dict[str, Any]:
    """Describe the groups of the settings document; what is in them is told in docs/settings.md and by refusals."""
    document = SettingsDocument.from_document({}).to_document()
    kinds = {"queue": "object"} | {
        name: "array" if isinstance(value, list) else "object" for name, value in document.items()
    }
    items = {"array": {"items": _ANY}, "object": {}}
    return {name: {"type": [kind, "null"] if nullable else kind, **items[kind]} for name, kind in kinds.items()}


_STATE: Final = {"type": "string", "enum": ["failed", "reprocessing", "reprocessed", "discarded", "superseded"]}
_REASON: Final = dict(REASON)
_ID: Final = {"type": "integer", "minimum": 1, "maximum": HIGHEST_ID}
_FILTER: Final = _closed(
    {
        "state": _STATE,
        "queue": ANY_TEXT,
        "key": ANY_TEXT,
        "error_class": ANY_TEXT,
        "since": DAY_OR_MOMENT,
        "until": DAY_OR_MOMENT,
        "q": ANY_TEXT,
    }
)
_LETTER: Final[dict[str, Any]] = {
    "id": _ID,
    "message_id": _TEXT,
    "state": _STATE,
    "queue": _TEXT,
    "key": _or_null(_TEXT),
    "storeview": _or_null(_TEXT),
    "time": _or_null(_MOMENT),
    "event_id": _or_null(_TEXT),
    "source": _or_null(_TEXT),
    "generation": _COUNT,
    "attempts": _COUNT,
    "reason": _TEXT,
    "error_class": _or_null(_TEXT),
    "error": _TEXT,
    "status": _or_null({"type": "integer"}),
    "failed_at": _MOMENT,
    "occurrences": _COUNT,
    "changed_at": _MOMENT,
    "changed_by": _TEXT,
    "changed_why": _TEXT,
}
_AT_ONCE: Final[dict[str, Any]] = {"type": "integer", "maximum": MOST_AT_ONCE}
_MANY: Final[dict[str, Any]] = {
    "reason": _REASON,
    "dry_run": {"type": "boolean", "description": "Change nothing, tell the number."},
    "expected_count": {**_AT_ONCE, "minimum": 0, "description": "The number it is to be about."},
}
_BULK: Final[dict[str, Any]] = {
    "skipped": {
        "type": "array",
        "description": "The first thousand.",
        "items": _object(
            {
                "id": _ID,
                "state": {
                    "type": ["string", "null"],
                    "description": "Null: there is none; `not_reached`: it ended before.",
                },
            }
        ),
    },
    "skipped_count": _COUNT,
    "matched": {**_COUNT, "description": "How many it was about."},
    "ended_by": {
        "type": "string",
        "enum": list(get_args(BulkEnd)),
        "description": "`finished`, or why it ended early; the rest is as it was.",
    },
    "bulk_id": _ID,
}
_RUN: Final[dict[str, Any]] = {
    "id": _TEXT,
    "queue": _TEXT,
    "worker": _TEXT,
    "tick": _MOMENT,
    "started_at": _MOMENT,
    "ended_at": _or_null(_MOMENT),
    "ended_by": _or_null(_TEXT),
    "skipped_ticks": _COUNT,
    "requests": _COUNT,
    "delivered": _COUNT,
    "skipped": _COUNT,
    "retried": _COUNT,
    "failed": _COUNT,
    "checks": {"type": "array", "items": _ANY},
}
_TOKEN: Final[dict[str, Any]] = {
    "id": _ID,
    "name": _TEXT,
    "role": {"type": "string", "enum": list(PERMISSIONS)},
    "state": {"type": "string", "enum": ["live", "expired", "revoked"]},
    "created_at": _MOMENT,
    "created_by": _TEXT,
    "expires_at": _or_null(_MOMENT),
    "revoked_at": _or_null(_MOMENT),
    "revoked_by": _or_null(_TEXT),
    "last_used_at": {**_or_null(_MOMENT), "description": "To about half a minute."},
    "last_used_from": _or_null(_TEXT),
}
_VERSION: Final[dict[str, Any]] = {
    "version": _COUNT,
    "changed_at": _or_null(_MOMENT),
    "changed_by": _or_null(_TEXT),
    "reason": _or_null(_TEXT),
    "advice": {"type": "array", "items": _TEXT},
}

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Problem": _object(
        {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": {"type": "string", "description": f"Stable. One of: {', '.join(TITLES)}."},
            "request_id": _TEXT,
        },
        {
            "member": {"type": "string", "description": "The member or parameter at fault."},
            "faults": {"type": "array", "items": _object({"field": _TEXT, "expected": _TEXT, "value": {}})},
            "state": {"type": "string", "description": "The state that does not allow the act."},
            "count": {**_COUNT, "description": "How many an act on many would be about."},
        },
    ),
    "Nothing": _closed({}),
    "Reason": _closed({"reason": _REASON}),
    "GivenReason": _closed({"reason": {**_REASON, "minLength": 1}}, "reason"),
    **EVENT_SCHEMAS,
    "IntakeVerdict": _object(
        {
            "index": _COUNT,
            "verdict": {"type": "string", "enum": ["accepted", "duplicate", "refused", "unavailable"]},
        },
        {"id": _TEXT, "source": _TEXT, "problem": _object({"code": _TEXT, "detail": _TEXT}, {"member": _TEXT})},
    ),
    "IntakeAnswer": _object(
        {
            "accepted": _COUNT,
            "duplicate": _COUNT,
            "refused": _COUNT,
            "unavailable": _COUNT,
            "events": {"type": "array", "items": _ref("IntakeVerdict")},
        }
    ),
    "Intake": _object(
        {
            "state": {"type": "string", "enum": ["active", "stopped"]},
            "since": _or_null(_MOMENT),
            "by": _or_null(_TEXT),
            "reason": _or_null(_TEXT),
        }
    ),
    **SYNC_SCHEMAS,
    **INSTANCE_SCHEMAS,
    "Run": _object(_RUN),
    "RunList": _list_of("Run"),
    "Queue": _object(
        {
            "queue": _TEXT,
            "state": {"type": "string", "enum": ["idle", "running", "paused", "on_hold", "not_connected"]},
            "waiting": {**_or_null(_COUNT), "description": "Ledger and broker together; null without the broker."},
            "waiting_in_ledger": _COUNT,
            "ready_at_broker": _or_null(_COUNT),
            "broker_fault": _or_null(_TEXT),
            "trying": _COUNT,
            "failed": _COUNT,
            "next_run_at": _or_null(_MOMENT),
            "skipped_ticks": _COUNT,
            "last_run": _or_null(_ref("Run")),
            "paused": _or_null(_object({"since": _MOMENT, "by": _TEXT, "reason": _TEXT})),
            "run_requested": {"type": "boolean"},
            "worker": _or_null(_TEXT),
            "on_hold": _or_null(_object({"since": _MOMENT, "reason": _TEXT})),
            "hold_until": _or_null(_MOMENT),
        }
    ),
    "QueueList": _list_of("Queue"),
    "DeadLetter": _object(_LETTER),
    "DeadLetterList": _list_of("DeadLetter"),
    "Attempt": _object(
        {
            "generation": _COUNT,
            "number": _COUNT,
            "at": _MOMENT,
            "duration_ms": _or_null(_NUMBER),
            "outcome": _TEXT,
            "error_class": _or_null(_TEXT),
            "error": _TEXT,
            "request": _TEXT,
            "request_id": _TEXT,
            "records": _or_null(_COUNT),
            "status": _or_null({"type": "integer"}),
            "answer": _TEXT,
            "settings_version": _COUNT,
        }
    ),
    "DeadLetterStory": _object(
        {
            **_LETTER,
            "payload": {"description": "The message when it is JSON, else null."},
            "payload_bytes": _COUNT,
            "headers": {"type": "object", "additionalProperties": _TEXT},
            "attempt_log": {"type": "array", "items": _ref("Attempt")},
            "acts": {"type": "array", "items": _ref("AuditRow")},
            "story": {"type": "array", "items": _TEXT, "description": "What happened, a sentence each."},
        },
        {
            "payload_erased_at": {
                **_MOMENT,
                "description": "There, when the message was closed so long ago that its payload was erased.",
            },
            "payload_hidden": {
                "type": "boolean",
                "const": True,
                "description": "There, when the role may not see it; personal data is hidden in all texts then.",
            },
            "payload_text": {"type": "string", "description": "Bytes that are no JSON, with odd characters escaped."},
            "payload_base64": {
                "type": ["string", "null"],
                "description": "The very bytes, when they are no JSON; null when there is a secret in them.",
            },
        },
    ),
    "ManyDeadLetters": {
        "oneOf": [
            _closed({"ids": {"type": "array", "items": _ID, "minItems": 1, "maxItems": MOST_IDS}, **_MANY}, "ids"),
            _closed(
                {
                    "filter": _FILTER,
                    "limit": {**_AT_ONCE, "minimum": 1, "description": "So many of the oldest failures."},
                    **_MANY,
                },
                "filter",
            ),
        ]
    },
    "BulkCount": _object(
        {
            "dry_run": {"type": "boolean", "const": True},
            "count": _COUNT,
            "as_of": {**_MOMENT, "description": "As the filter's `until` it keeps later failures out."},
        }
    ),
    "ManyReprocessed": _object({"requeued": _COUNT, **_BULK}),
    "ManyDiscarded": _object({"discarded": _COUNT, **_BULK}),
    "QueueProcessingChange": _closed(_settings_fields()),
    "QueueProcessingPatch": _closed(_patched(_settings_fields())),
    "QueueProcessingSettings": _object({**_settings_fields(), **_VERSION}),
    "SettingsVersion": _object({**_VERSION, "settings": _object(_settings_fields())}),
    "SettingsHistory": _list_of("SettingsVersion"),
    "SettingsDocument": _object({**_VERSION, "queue_version": _COUNT, "settings": _closed(_groups(nullable=False))}),
    "SettingsDocumentChange": _closed(_groups(nullable=False)),
    "SettingsDocumentPatch": _closed(_groups(nullable=True)),
    "SettingsDocumentVersion": _object(
        {
            "version": _ID,
            "changed_at": _MOMENT,
            "changed_by": _TEXT,
            "reason": _or_null(_TEXT),
            "changes": _ANY,
        }
    ),
    "SettingsDocumentHistory": _list_of("SettingsDocumentVersion"),
    "SettingsRestore": _closed(
        {"version": {"type": "integer", "minimum": 0, "maximum": 2_147_483_646}, "reason": _REASON}, "version"
    ),
    "ConnectionReport": _object(
        {"ok": {"type": "boolean"}, "reason": _or_null(_TEXT), "detail": _TEXT, "clock": _or_null(_TEXT)}
    ),
    "SyncLog": _object({"items": {"type": "array", "items": _ANY}, "next_cursor": _or_null(_TEXT)}),
    "AuditRow": _object(
        {
            "id": _ID,
            "at": _MOMENT,
            "actor": _TEXT,
            "action": _TEXT,
            "target": _TEXT,
            "reason": _TEXT,
            "request_id": _TEXT,
            "result": _TEXT,
            "details": _ANY,
            "token": {"type": "string", "description": "Whose token it was; `actor` is who its holder said."},
            "source": {"type": "string", "description": "The address it came from."},
        }
    ),
    "AuditLog": _list_of("AuditRow"),
    "Token": _object(_TOKEN),
    "TokenList": _list_of("Token"),
    "NewToken": _closed(
        {
            "name": {
                "type": "string",
                "pattern": HOLDER,
                "not": {"pattern": "^[aA][dD][mM][iI][nN]$"},
                "description": "Of a person or a system; `admin` is the holder of the environment's token.",
            },
            "role": {"type": "string", "enum": list(PERMISSIONS)},
            "expires_at": {
                "anyOf": [*DAY_OR_MOMENT["anyOf"], {"type": "null"}],
                "description": "A day or a time in the future; null for never. Left out: in a year.",
            },
            "reason": _REASON,
        },
        "name",
        "role",
    ),
    "CreatedToken": _object(
        {**_TOKEN, "token": {"type": "string", "description": "To be kept by its holder; nobody can show it again."}}
    ),
    "Live": _object({"status": {"type": "string", "const": "live"}}),
    "Ready": _object(
        {
            "status": {"type": "string", "enum": ["ready", "degraded", "not ready"]},
            "checks": {
                "type": "object",
                "additionalProperties": _object({"ok": {"type": "boolean"}, "reason": _or_null(_TEXT)}),
            },
            "broker": _or_null(
                _object(
                    {
                        "version": _or_null(_TEXT),
                        "delivery_limit": {"type": "string", "enum": ["none", "bites", "unknown"]},
                    }
                )
            ),
            "warnings": {
                "type": "array",
                "items": _object({"watchdog": _TEXT, "subject": _or_null(_TEXT), "reason": _or_null(_TEXT)}),
            },
        }
    ),
}
