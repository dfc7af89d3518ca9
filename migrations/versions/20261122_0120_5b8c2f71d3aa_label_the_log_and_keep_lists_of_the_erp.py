"""Label the rows of the sync log by action, level and record, and keep lists of the ERP."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "5b8c2f71d3aa"
down_revision: str | None = "f9184261f380"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.add_column(
        "sync_log",
        sa.Column("action", sa.Text(), server_default="", nullable=False, comment="in the operators' words"),
    )
    op.add_column("sync_log", sa.Column("level", sa.Text(), server_default="info", nullable=False))
    op.add_column(
        "sync_log",
        sa.Column(
            "keys",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="of the records in it",
        ),
    )
    op.create_index("ix_sync_log_level_at", "sync_log", ["level", "at"], unique=False)
    op.create_index("ix_sync_log_keys", "sync_log", ["keys"], unique=False, postgresql_using="gin")
    op.create_table(
        "reference_lists",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "entries",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="code, description, is_active",
        ),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True, comment="null: never yet"),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True, comment="null: the last fetch went well"),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_reference_lists")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("reference_lists")
    op.drop_index("ix_sync_log_keys", table_name="sync_log")
    op.drop_index("ix_sync_log_level_at", table_name="sync_log")
    for name in ("keys", "level", "action"):
        op.drop_column("sync_log", name)
