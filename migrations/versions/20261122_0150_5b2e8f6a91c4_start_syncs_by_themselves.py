"""Add when syncs start by themselves, what their runs tell, how far they read, and the step after a run."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5b2e8f6a91c4"
down_revision: str | None = "5b8c2f71d3aa"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = "('', 'capturing', 'delivering', 'calling', 'done', 'failed')"
_OPEN = "index_state in ('capturing', 'delivering', 'calling')"


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.create_table(
        "sync_schedules",
        sa.Column("sync", sa.Text(), nullable=False),
        sa.Column(
            "purpose", sa.Text(), nullable=False, comment="why it starts by itself: auto_cron, catch_up, comparison"
        ),
        sa.Column(
            "rule", sa.Text(), nullable=False, comment="the timetable that next_run_at is of; another one makes it anew"
        ),
        sa.Column("registered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True, comment="null: there is no further start"),
        sa.Column("last_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sync", "purpose", name=op.f("pk_sync_schedules")),
    )
    op.create_table(
        "sync_run_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("level in ('info', 'warning', 'error')", name=op.f("ck_sync_run_lines_level_known")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_runs.id"], name=op.f("fk_sync_run_lines_run_id_sync_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run_lines")),
    )
    op.create_index("ix_sync_run_lines_run_id_id", "sync_run_lines", ["run_id", "id"], unique=False)
    op.create_table(
        "sync_cursors",
        sa.Column("name", sa.Text(), nullable=False, comment="of the sync, and of the list that was read"),
        sa.Column(
            "stamp",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the greatest seen, by the source's clock; null: the list has none",
        ),
        sa.Column("marks", sa.ARRAY(sa.Text()), nullable=False, comment="digests of the records around it, or of all"),
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sync_cursors")),
    )
    op.add_column(
        "sync_runs",
        sa.Column(
            "index_state",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="of the step after the run; empty: none",
        ),
    )
    op.add_column(
        "sync_runs",
        sa.Column(
            "index_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the step came into this state",
        ),
    )
    op.add_column("sync_runs", sa.Column("index_tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sync_runs", sa.Column("index_error", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(op.f("ck_sync_runs_index_state_known"), "sync_runs", f"index_state in {_STATES}")
    op.create_index(
        "ix_sync_runs_index_state", "sync_runs", ["index_state"], unique=False, postgresql_where=sa.text(_OPEN)
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_sync_runs_index_state", table_name="sync_runs", postgresql_where=sa.text(_OPEN))
    op.drop_constraint(op.f("ck_sync_runs_index_state_known"), "sync_runs", type_="check")
    for name in ("index_error", "index_tries", "index_since", "index_state"):
        op.drop_column("sync_runs", name)
    op.drop_table("sync_cursors")
    op.drop_index("ix_sync_run_lines_run_id_id", table_name="sync_run_lines")
    op.drop_table("sync_run_lines")
    op.drop_table("sync_schedules")
