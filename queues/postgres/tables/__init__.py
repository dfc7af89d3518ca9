"""Every table of the connector; `metadata` is complete as soon as this package is imported."""

from queues.postgres.tables.attempts import attempts
from queues.postgres.tables.audit_log import audit_log
from queues.postgres.tables.bulk_acts import bulk_acts
from queues.postgres.tables.changed_keys import changed_keys, push_notifications
from queues.postgres.tables.dead_letters import dead_letters
from queues.postgres.tables.idempotent_calls import idempotent_calls
from queues.postgres.tables.intake import intake_events, intake_state
from queues.postgres.tables.ledger import ledger
from queues.postgres.tables.naming import metadata
from queues.postgres.tables.record_versions import record_versions
from queues.postgres.tables.reference_lists import reference_lists
from queues.postgres.tables.runs import runs
from queues.postgres.tables.schedules import schedules
from queues.postgres.tables.settings_versions import settings_versions
from queues.postgres.tables.sync_log import is_partition, sync_log
from queues.postgres.tables.sync_runs import sync_runs
from queues.postgres.tables.sync_schedules import sync_cursors, sync_run_lines, sync_schedules
from queues.postgres.tables.target_tokens import target_tokens
from queues.postgres.tables.tokens import ended_sessions, tokens

__all__ = [
    "attempts",
    "audit_log",
    "bulk_acts",
    "changed_keys",
    "dead_letters",
    "ended_sessions",
    "idempotent_calls",
    "intake_events",
    "intake_state",
    "is_partition",
    "ledger",
    "metadata",
    "push_notifications",
    "record_versions",
    "reference_lists",
    "runs",
    "schedules",
    "settings_versions",
    "sync_cursors",
    "sync_log",
    "sync_run_lines",
    "sync_runs",
    "sync_schedules",
    "target_tokens",
    "tokens",
]
