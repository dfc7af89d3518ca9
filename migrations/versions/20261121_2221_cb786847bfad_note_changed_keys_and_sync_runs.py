"""Add the keys to be looked at, the notifications they came from, and the runs of syncs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "cb786847bfad"
down_revision: str | None = "603f429f0cba"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.create_table(
        "changed_keys",
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "changed", sa.ARRAY(sa.Text()), nullable=True, comment="fields said to have changed; null: nobody said"
        ),
        sa.Column(
            "version",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when it was noted last: by one clock, whoever noted it",
        ),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False, comment="rises with every note"),
        sa.Column("origin", sa.Text(), nullable=False, comment="who noted it last: push, catch_up, manual, file"),
        sa.Column(
            "noted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="first note",
        ),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="not looked at before; pushed back after a failure and a taking",
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False, comment="failures in a row"),
        sa.Column("error", sa.Text(), server_default="", nullable=False, comment="of the last failure"),
        sa.CheckConstraint("key <> ''", name=op.f("ck_changed_keys_has_key")),
        sa.PrimaryKeyConstraint("event_type", "key", name=op.f("pk_changed_keys")),
    )
    op.create_index("ix_changed_keys_due_at", "changed_keys", ["due_at"], unique=False)
    op.create_table(
        "push_notifications",
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column(
            "transaction_id", sa.Text(), nullable=False, comment="of the ERP's transaction, not of the notification"
        ),
        sa.Column("digest", sa.Text(), nullable=False, comment="of the body: the halves of one update may come apart"),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("company", "query", "transaction_id", "digest", name=op.f("pk_push_notifications")),
    )
    op.create_index(
        "ix_push_notifications_received_at",
        "push_notifications",
        ["received_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sync", sa.Text(), nullable=False, comment="the event type whose records it looks at"),
        sa.Column("kind", sa.Text(), nullable=False, comment="changes: since the last success; complete: everything"),
        sa.Column("mode", sa.Text(), nullable=False, comment="manual: a person asked; auto: the time came"),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False, comment="of the record of an individual run"),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="looked at are changes from then on; null: all records",
        ),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="by the source's clock: later changes are the next run's",
        ),
        sa.Column("position", sa.Text(), server_default="", nullable=False, comment="where the next page begins"),
        sa.Column("noted", sa.Integer(), server_default="0", nullable=False, comment="records noted to be looked at"),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.Uuid(), nullable=True, comment="whoever carries it out; nobody else writes"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True, comment="renewed with every page"),
        sa.CheckConstraint("(kind = 'individual') = (key <> '')", name=op.f("ck_sync_runs_key_of_individual")),
        sa.CheckConstraint(
            "(state in ('success', 'error', 'stopped')) = (ended_at is not null)",
            name=op.f("ck_sync_runs_ended_when_over"),
        ),
        sa.CheckConstraint("kind in ('changes', 'complete', 'individual')", name=op.f("ck_sync_runs_kind_known")),
        sa.CheckConstraint("mode in ('manual', 'auto')", name=op.f("ck_sync_runs_mode_known")),
        sa.CheckConstraint(
            "state in ('waiting', 'processing', 'success', 'error', 'stopped')", name=op.f("ck_sync_runs_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
    )
    op.create_index(
        "ix_sync_runs_one_open",
        "sync_runs",
        ["sync"],
        unique=True,
        postgresql_where=sa.text("state in ('waiting', 'processing') and kind <> 'individual'"),
    )
    op.create_index("ix_sync_runs_sync_id", "sync_runs", ["sync", "id"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_sync_runs_sync_id", table_name="sync_runs")
    op.drop_index(
        "ix_sync_runs_one_open",
        table_name="sync_runs",
        postgresql_where=sa.text("state in ('waiting', 'processing') and kind <> 'individual'"),
    )
    op.drop_table("sync_runs")
    op.drop_index("ix_push_notifications_received_at", table_name="push_notifications", postgresql_using="brin")
    op.drop_table("push_notifications")
    op.drop_index("ix_changed_keys_due_at", table_name="changed_keys")
    op.drop_table("changed_keys")
