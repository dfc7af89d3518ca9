"""Find dead letters and rows of the audit log by an index, whatever is asked."""

from collections.abc import Sequence

from alembic import op

revision: str = "f9184261f380"
down_revision: str | None = "d18b5a7c4e02"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.create_index("ix_audit_log_result_id", "audit_log", ["result", "id"], unique=False)
    op.create_index(
        "ix_dead_letters_error_class_failed_at_id", "dead_letters", ["error_class", "failed_at", "id"], unique=False
    )
    op.create_index("ix_dead_letters_key_failed_at_id", "dead_letters", ["key", "failed_at", "id"], unique=False)
    op.create_index("ix_dead_letters_queue_failed_at_id", "dead_letters", ["queue", "failed_at", "id"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_dead_letters_queue_failed_at_id", table_name="dead_letters")
    op.drop_index("ix_dead_letters_key_failed_at_id", table_name="dead_letters")
    op.drop_index("ix_dead_letters_error_class_failed_at_id", table_name="dead_letters")
    op.drop_index("ix_audit_log_result_id", table_name="audit_log")
