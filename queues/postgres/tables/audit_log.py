"""The table `audit_log`: who did what; a trigger refuses to change or delete a row."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", INSTANT, nullable=False, server_default=text("now()")),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False, comment="dead_letter.reprocessed, queue.paused, settings.changed …"),
    Column("target", Text, nullable=False, comment="what was acted upon"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("result", Text, nullable=False, server_default="done"),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    Column("token", Text, nullable=False, server_default="", comment="name of the token: the actor is what it says"),
    Column("source", Text, nullable=False, server_default="", comment="address the request came from"),
    Index("ix_audit_log_at", "at"),
    Index("ix_audit_log_target_id", "target", "id"),
    Index("ix_audit_log_actor_id", "actor", "id"),
    Index("ix_audit_log_token_id", "token", "id"),
    Index("ix_audit_log_action_id", "action", "id"),
    Index("ix_audit_log_result_id", "result", "id"),
)
