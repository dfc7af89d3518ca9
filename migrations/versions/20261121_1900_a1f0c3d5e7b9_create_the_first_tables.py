"""Create the first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "a1f0c3d5e7b9"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSE_CHANGES = """
create function refuse_changes() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end
$$
"""


def upgrade() -> None:
    """Create every table; checks and ranges are those of the release that wrote this."""
    op.create_table(
        "attempts",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status"),
        sa.Column("request", sa.Text(), server_default="", nullable=False, comment="method and path"),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("records", sa.Integer(), nullable=True, comment="rows in the request"),
        sa.Column("excerpt", sa.Text(), server_default="", nullable=False, comment="of the answer"),
        sa.Column("settings_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome in ('delivered', 'skipped', 'refused', 'unreachable', 'undetermined', 'unknown')",
            name=op.f("ck_attempts_outcome_known"),
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_attempts_number_from_1")),
        sa.PrimaryKeyConstraint("message_id", "generation", "number", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_at", "attempts", ["at"], unique=False, postgresql_using="brin")
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "action", sa.Text(), nullable=False, comment="dead_letter.reprocessed, queue.paused, settings.changed …"
        ),
        sa.Column("target", sa.Text(), nullable=False, comment="what was acted upon"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("result", sa.Text(), server_default="done", nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True, comment="null for bytes that are no event, as are the next four"),
        sa.Column("storeview", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), server_default="", nullable=False, comment="of the record, where it has several"),
        sa.Column("time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status of the last answer"),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("occurrences", sa.Integer(), server_default="1", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="of the state",
        ),
        sa.Column(
            "changed_by", sa.Text(), server_default="", nullable=False, comment="who reprocessed or discarded it"
        ),
        sa.Column("changed_why", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "reason in ('attempts_used_up', 'outcome_unknown', 'invalid_message', 'unrouted', 'broker_dead_lettered')",
            name=op.f("ck_dead_letters_reason_known"),
        ),
        sa.CheckConstraint(
            "state in ('failed', 'reprocessing', 'reprocessed', 'discarded', 'superseded')",
            name=op.f("ck_dead_letters_state_known"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_dead_letters_attempts_not_negative")),
        sa.CheckConstraint("generation >= 0", name=op.f("ck_dead_letters_generation_not_negative")),
        sa.CheckConstraint("occurrences >= 1", name=op.f("ck_dead_letters_occurrences_from_1")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("message_id", name=op.f("uq_dead_letters_message_id")),
    )
    op.create_index("ix_dead_letters_failed_at_id", "dead_letters", ["failed_at", "id"], unique=False)
    op.create_index(
        "ix_dead_letters_open_by_record",
        "dead_letters",
        ["key", "queue"],
        unique=False,
        postgresql_where=sa.text("state in ('failed', 'reprocessing')"),
    )
    op.create_index("ix_dead_letters_state_failed_at_id", "dead_letters", ["state", "failed_at", "id"], unique=False)
    op.create_table(
        "intake_events",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False, comment="tells a repeat from an id used twice"),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when the broker confirmed it",
        ),
        sa.PrimaryKeyConstraint("source", "event_id", "message_id", name=op.f("pk_intake_events")),
    )
    op.create_index("ix_intake_events_at", "intake_events", ["at"], unique=False, postgresql_using="brin")
    op.create_table(
        "intake_state",
        sa.Column("single", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="there is one row"),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_intake_state_one_row")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_intake_state")),
    )
    op.create_table(
        "ledger",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="empty for bytes that are no event"),
        sa.Column("storeview", sa.Text(), nullable=False, comment="the scope, empty for all"),
        sa.Column("part", sa.Text(), server_default="", nullable=False, comment="of the record, where it has several"),
        sa.Column(
            "time",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="version of the record; null for bytes that are no event",
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="requests begun, whatever became of them"),
        sa.Column("owner", sa.Uuid(), nullable=True, comment="run_id of the claim"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="present whenever the ledger is the only holder"),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "sequence", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="queue order, for life"
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state in ('trying', 'waiting')) = (settled_at is null)", name=op.f("ck_ledger_settled_when_ended")
        ),
        sa.CheckConstraint(
            "state <> 'trying' or (owner is not null and lease_until is not null and claimed_at is not null)",
            name=op.f("ck_ledger_trying_has_owner_and_lease"),
        ),
        sa.CheckConstraint("state <> 'waiting' or body is not null", name=op.f("ck_ledger_waiting_has_body")),
        sa.CheckConstraint(
            "state in ('trying', 'waiting', 'delivered', 'skipped', 'failed', 'superseded', 'coalesced', 'discarded')",
            name=op.f("ck_ledger_state_known"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_ledger_attempts_not_negative")),
        sa.CheckConstraint("generation >= 0", name=op.f("ck_ledger_generation_not_negative")),
        sa.PrimaryKeyConstraint("message_id", "generation", name=op.f("pk_ledger")),
        postgresql_with={"fillfactor": "70", "autovacuum_vacuum_scale_factor": "0.05"},
    )
    op.create_index("ix_ledger_settled_at", "ledger", ["settled_at"], unique=False, postgresql_using="brin")
    op.create_index("ix_ledger_trying", "ledger", ["queue"], unique=False, postgresql_where=sa.text("state = 'trying'"))
    op.create_index(
        "ix_ledger_waiting_by_record",
        "ledger",
        ["key", "queue"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_ledger_waiting_in_order",
        "ledger",
        ["queue", "sequence"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "record_versions",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("storeview", sa.Text(), nullable=False, comment="the scope, empty for all"),
        sa.Column("part", sa.Text(), nullable=False, comment="of the record, where it has several; else empty"),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("queue", "key", "storeview", "part", name=op.f("pk_record_versions")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("fencing_token", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), server_default="", nullable=False),
        sa.Column("tick", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ended_by", sa.Text(), server_default="", nullable=False, comment="finished, or lost: the worker stopped"
        ),
        sa.Column(
            "skipped_ticks",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="ticks this run came too late for",
        ),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retried", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "checks",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="an object per check",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_queue_started_at", "runs", ["queue", "started_at"], unique=False)
    op.create_index("ix_runs_started_at", "runs", ["started_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "schedules",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("skipped_ticks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True, comment="the run that holds the lease"),
        sa.Column("worker", sa.Text(), server_default="", nullable=False, comment="the process that holds the lease"),
        sa.Column("tick", sa.DateTime(timezone=True), nullable=True, comment="the tick that run serves"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fencing_token", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("run_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_since", sa.DateTime(timezone=True), nullable=True, comment="null: not paused"),
        sa.Column("paused_by", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_why", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "hold_until", sa.DateTime(timezone=True), nullable=True, comment="no request before then (Retry-After)"
        ),
        sa.Column("on_hold", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("on_hold_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_hold_why", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(run_id is null) = (lease_until is null)", name=op.f("ck_schedules_lease_has_run")),
        sa.CheckConstraint("(run_id is null) = (tick is null)", name=op.f("ck_schedules_run_has_tick")),
        sa.CheckConstraint("skipped_ticks >= 0", name=op.f("ck_schedules_skipped_ticks_not_negative")),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_schedules")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "settings_versions",
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("jsonb_typeof(document) = 'object'", name=op.f("ck_settings_versions_document_is_object")),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'batch_count') is null or case when jsonb_typeof(document -> 'batch_count') = 'number' and document ->> 'batch_count' ~ '^-?[0-9]+$' then (document ->> 'batch_count')::numeric between 1 and 1000000 else false end",
            name=op.f("ck_settings_versions_batch_count_1_to_1000000"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'check_process_time') is null or case when jsonb_typeof(document -> 'check_process_time') = 'number' and document ->> 'check_process_time' ~ '^-?[0-9]+$' then (document ->> 'check_process_time')::numeric between 1 and 59 else false end",
            name=op.f("ck_settings_versions_check_process_time_1_to_59"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'coalesce') is null or jsonb_typeof(document -> 'coalesce') = 'boolean'",
            name=op.f("ck_settings_versions_coalesce_true_or_false"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'fail_fast') is null or jsonb_typeof(document -> 'fail_fast') = 'boolean'",
            name=op.f("ck_settings_versions_fail_fast_true_or_false"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'process_sleep_time') is null or case when jsonb_typeof(document -> 'process_sleep_time') = 'number' and document ->> 'process_sleep_time' ~ '^-?[0-9]+$' then (document ->> 'process_sleep_time')::numeric between 1 and 59 else false end",
            name=op.f("ck_settings_versions_process_sleep_time_1_to_59"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'retry_count') is null or case when jsonb_typeof(document -> 'retry_count') = 'number' and document ->> 'retry_count' ~ '^-?[0-9]+$' then (document ->> 'retry_count')::numeric between 1 and 1000000 else false end",
            name=op.f("ck_settings_versions_retry_count_1_to_1000000"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'threshold_count') is null or case when jsonb_typeof(document -> 'threshold_count') = 'number' and document ->> 'threshold_count' ~ '^-?[0-9]+$' then (document ->> 'threshold_count')::numeric between 0 and 1000000 else false end",
            name=op.f("ck_settings_versions_threshold_count_0_to_1000000"),
        ),
        sa.CheckConstraint(
            "section <> 'queue_processing' or (document -> 'outage_policy') is null or (document -> 'outage_policy') in ('\"count\"'::jsonb, '\"hold\"'::jsonb)",
            name=op.f("ck_settings_versions_outage_policy_count_or_hold"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_settings_versions_version_from_1")),
        sa.PrimaryKeyConstraint("section", "version", name=op.f("pk_settings_versions")),
    )
    op.create_table(
        "sync_log",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "id", sa.Uuid(), nullable=False, comment="a digest of what the row tells: written twice, it is one row"
        ),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), server_default="", nullable=False, comment="method and path"),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status"),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("retried", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("superseded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("coalesced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("excerpt", sa.Text(), server_default="", nullable=False, comment="of the answer"),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("settings_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="an object per record",
        ),
        sa.CheckConstraint("mode in ('single', 'batch', 'none')", name=op.f("ck_sync_log_mode_known")),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_sync_log")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_sync_log_queue_at", "sync_log", ["queue", "at"], unique=False)
    op.execute("create table sync_log_default partition of sync_log default")
    op.execute(REFUSE_CHANGES)
    op.execute(
        "create trigger audit_log_is_append_only before update or delete or truncate on audit_log "
        "for each statement execute function refuse_changes()"
    )


def downgrade() -> None:
    """Drop everything, the data included."""
    op.drop_table("sync_log")
    op.drop_table("settings_versions")
    op.drop_table("schedules")
    op.drop_table("runs")
    op.drop_table("record_versions")
    op.drop_table("ledger")
    op.drop_table("intake_state")
    op.drop_table("intake_events")
    op.drop_table("dead_letters")
    op.drop_table("audit_log")
    op.drop_table("attempts")
    op.execute("drop function refuse_changes()")
