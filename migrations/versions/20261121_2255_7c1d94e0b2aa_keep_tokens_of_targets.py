"""Keep the tokens that a target hands out and replaces, sealed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7c1d94e0b2aa"
down_revision: str | None = "cb786847bfad"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.create_table(
        "target_tokens",
        sa.Column("name", sa.Text(), nullable=False, comment="target, application and lane"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="encrypted; the key is kept nowhere"),
        sa.Column(
            "generation", sa.Integer(), nullable=False, comment="counts replacements: the newest token alone is good"
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("generation > 0", name=op.f("ck_target_tokens_generation_positive")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_target_tokens")),
    )


def downgrade() -> None:
    """Bring the schema back; the ERP is then signed in to anew."""
    op.drop_table("target_tokens")
