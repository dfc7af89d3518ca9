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
    Index("ix_audit_log_at", "at"),
)
