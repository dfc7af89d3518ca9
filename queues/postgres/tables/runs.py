"""The table `runs`: one row per run of a queue, with its checks."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

runs = Table(
    "runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("fencing_token", BigInteger, nullable=False),
    Column("worker", Text, nullable=False, server_default=""),
    Column("tick", INSTANT, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("ended_by", Text, nullable=False, server_default="", comment="finished, or lost: the worker stopped"),
    Column("skipped_ticks", Integer, nullable=False, server_default="0", comment="ticks this run came too late for"),
    Column("requests", Integer, nullable=False, server_default="0"),
    Column("delivered", Integer, nullable=False, server_default="0"),
    Column("skipped", Integer, nullable=False, server_default="0"),
    Column("retried", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("checks", JSONB, nullable=False, server_default=text("'[]'"), comment="an object per check"),
    Index("ix_runs_queue_started_at", "queue", "started_at"),
    Index("ix_runs_started_at", "started_at", postgresql_using="brin"),
)
