"""The table `bulk_acts`: acts on many dead letters, of which one is under way at a time."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

BULK_ACTIONS: Final = ("reprocess", "discard")
BULK_STATES: Final = ("running", "finished", "left", "stopped", "lost")

bulk_acts = Table(
    "bulk_acts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False, comment="left: the caller went away; lost: the daemon did"),
    Column("actor", Text, nullable=False),
    Column("token", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default="", comment="address"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("wanted", JSONB, nullable=False, comment="the filter, or how many ids"),
    Column("matched", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("skipped", Integer, nullable=False, server_default="0"),
    Column("owner", Uuid, nullable=False, comment="whoever carries it out; nobody else writes"),
    Column("lease_until", INSTANT, nullable=False, comment="renewed with every chunk"),
    Column("started_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    CheckConstraint(f"action in {BULK_ACTIONS!r}", name="action_known"),
    CheckConstraint(f"state in {BULK_STATES!r}", name="state_known"),
    CheckConstraint("(state = 'running') = (ended_at is null)", name="ended_when_not_running"),
    Index("ix_bulk_acts_one_running", "state", unique=True, postgresql_where=text("state = 'running'")),
)
