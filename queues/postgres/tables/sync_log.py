"""The table `sync_log`: a row per request with the outcomes of all its records; partitioned by day (UTC)."""

import re
from datetime import date
from typing import Final

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from queues.postgres.tables.naming import INSTANT, metadata

DEFAULT_PARTITION: Final = "sync_log_default"
_PARTITION = re.compile(r"sync_log_(\d{4})(\d\d)(\d\d)")

sync_log = Table(
    "sync_log",
    metadata,
    Column("at", INSTANT, nullable=False),
    Column("id", Uuid, nullable=False, comment="a digest of what the row tells: written twice, it is one row"),
    Column("queue", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("request", Text, nullable=False, server_default="", comment="method and path"),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("status", Integer, comment="HTTP status"),
    Column("duration_ms", Float),
    Column("records", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("retried", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("superseded", Integer, nullable=False, server_default="0"),
    Column("coalesced", Integer, nullable=False, server_default="0"),
    Column("excerpt", Text, nullable=False, server_default="", comment="of the answer"),
    Column("run_id", Uuid),
    Column("settings_version", Integer, nullable=False, server_default="0"),
    Column("details", JSONB, nullable=False, server_default=text("'[]'"), comment="an object per record"),
    Column("action", Text, nullable=False, server_default="", comment="in the operators' words"),
    Column("level", Text, nullable=False, server_default="info"),
    Column("keys", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="of the records in it"),
    PrimaryKeyConstraint("at", "id"),
    CheckConstraint("mode in ('single', 'batch', 'none')", name="mode_known"),
    Index("ix_sync_log_queue_at", "queue", "at"),
    Index("ix_sync_log_level_at", "level", "at"),
    Index("ix_sync_log_keys", "keys", postgresql_using="gin"),
    postgresql_partition_by="RANGE (at)",
)


def partition_of(day: date) -> str:
    """Name the partition that holds *day*."""
    return f"sync_log_{day:%Y%m%d}"


def day_of(partition: str) -> date | None:
    """Tell the day a partition holds; None for the default partition and for other tables."""
    match = _PARTITION.fullmatch(partition)
    return date(*map(int, match.groups())) if match else None


def is_partition(table: str) -> bool:
    """Tell whether *table* is a part of the log: these come and go, migrations leave them alone."""
    return table == DEFAULT_PARTITION or day_of(table) is not None
