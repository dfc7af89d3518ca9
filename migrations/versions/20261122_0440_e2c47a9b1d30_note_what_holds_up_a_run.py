"""Note that a run waits for another queue of its process, so that it is not taken for stuck."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e2c47a9b1d30"
down_revision: str | None = "5b2e8f6a91c4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.add_column(
        "schedules",
        sa.Column(
            "held_up_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its run last waited for another queue of its process",
        ),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_column("schedules", "held_up_at")
