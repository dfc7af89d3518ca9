"""The table `attempts`: every attempt of every message, what was asked and what came back."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid

from queues.postgres.tables.naming import INSTANT, metadata

OUTCOMES: Final = ("delivered", "skipped", "refused", "unreachable", "undetermined", "unknown")
"""The verdicts of a sender; `unknown`: the worker stopped before the outcome was recorded."""

attempts = Table(
    "attempts",
    metadata,
    Column("message_id", Uuid, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("duration_ms", Float),
    Column("outcome", Text, nullable=False),
    Column("error_class", Text),
    Column("error", Text, nullable=False, server_default=""),
    Column("status", Integer, comment="HTTP status"),
    Column("request", Text, nullable=False, server_default="", comment="method and path"),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("records", Integer, comment="rows in the request"),
    Column("excerpt", Text, nullable=False, server_default="", comment="of the answer"),
    Column("settings_version", Integer, nullable=False, server_default="0"),
    Column("run_id", Uuid),
    PrimaryKeyConstraint("message_id", "generation", "number"),
    CheckConstraint("number >= 1", name="number_from_1"),
    CheckConstraint(f"outcome in {OUTCOMES!r}", name="outcome_known"),
    Index("ix_attempts_at", "at", postgresql_using="brin"),
)
