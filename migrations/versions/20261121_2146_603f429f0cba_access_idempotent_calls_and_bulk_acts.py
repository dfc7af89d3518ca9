"""Add tokens, ended sessions, idempotent calls and bulk acts; tell in the audit log whose token it was and from where."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "603f429f0cba"
down_revision: str | None = "a1f0c3d5e7b9"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.create_table(
        "bulk_acts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="left: the caller went away; lost: the daemon did"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False, comment="address"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="the filter, or how many ids"
        ),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False, comment="whoever carries it out; nobody else writes"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False, comment="renewed with every chunk"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'running') = (ended_at is null)", name=op.f("ck_bulk_acts_ended_when_not_running")
        ),
        sa.CheckConstraint("action in ('reprocess', 'discard')", name=op.f("ck_bulk_acts_action_known")),
        sa.CheckConstraint(
            "state in ('running', 'finished', 'left', 'stopped', 'lost')", name=op.f("ck_bulk_acts_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_acts")),
    )
    op.create_index(
        "ix_bulk_acts_one_running", "bulk_acts", ["state"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "ended_sessions",
        sa.Column("nonce", sa.Text(), nullable=False, comment="of the session that was signed out"),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False, comment="when it would have ended by itself"),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_ended_sessions")),
    )
    op.create_table(
        "idempotent_calls",
        sa.Column("holder", sa.Text(), nullable=False, comment="name of the token: keys of others are other keys"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of method, path and body"),
        sa.Column("request_id", sa.Text(), nullable=False, comment="of the call that is or was carried out"),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "lease_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="until then the call is taken to be under way; null: it is answered",
        ),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status of the answer"),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "body", sa.LargeBinary(), nullable=True, comment="null where the answer was not kept, as for a new token"
        ),
        sa.CheckConstraint(
            "(lease_until is null) = (status is not null)", name=op.f("ck_idempotent_calls_answered_or_under_way")
        ),
        sa.PrimaryKeyConstraint("holder", "key", name=op.f("pk_idempotent_calls")),
    )
    op.create_index("ix_idempotent_calls_began_at", "idempotent_calls", ["began_at"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="of the person or system that holds it; may have several"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256; the token itself is kept nowhere"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True, comment="null: never"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True, comment="null: not revoked"),
        sa.Column("revoked_by", sa.Text(), server_default="", nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True, comment="to about half a minute"),
        sa.Column("last_used_from", sa.Text(), server_default="", nullable=False, comment="address"),
        sa.CheckConstraint("name <> ''", name=op.f("ck_tokens_has_name")),
        sa.CheckConstraint("role in ('viewer', 'publisher', 'operator', 'admin')", name=op.f("ck_tokens_role_known")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_tokens_digest_is_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.add_column(
        "audit_log",
        sa.Column(
            "token",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="name of the token: the actor is what it says",
        ),
    )
    op.add_column(
        "audit_log",
        sa.Column("source", sa.Text(), server_default="", nullable=False, comment="address the request came from"),
    )
    op.create_index("ix_audit_log_action_id", "audit_log", ["action", "id"], unique=False)
    op.create_index("ix_audit_log_actor_id", "audit_log", ["actor", "id"], unique=False)
    op.create_index("ix_audit_log_target_id", "audit_log", ["target", "id"], unique=False)
    op.create_index("ix_audit_log_token_id", "audit_log", ["token", "id"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_audit_log_token_id", table_name="audit_log")
    op.drop_index("ix_audit_log_target_id", table_name="audit_log")
    op.drop_index("ix_audit_log_actor_id", table_name="audit_log")
    op.drop_index("ix_audit_log_action_id", table_name="audit_log")
    op.drop_column("audit_log", "source")
    op.drop_column("audit_log", "token")
    op.drop_table("tokens")
    op.drop_index("ix_idempotent_calls_began_at", table_name="idempotent_calls")
    op.drop_table("idempotent_calls")
    op.drop_table("ended_sessions")
    op.drop_index("ix_bulk_acts_one_running", table_name="bulk_acts", postgresql_where=sa.text("state = 'running'"))
    op.drop_table("bulk_acts")
