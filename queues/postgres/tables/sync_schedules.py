"""The tables beside the runs of syncs: when they start by themselves, what they tell, how far they read."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKey, Identity, Index, Table, Text, text

from queues.postgres.tables.naming import INSTANT, metadata

sync_schedules = Table(
    "sync_schedules",
    metadata,
    Column("sync", Text, primary_key=True),
    Column("purpose", Text, primary_key=True, comment="why it starts by itself: auto_cron, catch_up, comparison"),
    Column("rule", Text, nullable=False, comment="the timetable that next_run_at is of; another one makes it anew"),
    Column("registered_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("next_run_at", INSTANT, comment="null: there is no further start"),
    Column("last_start_at", INSTANT),
)

sync_run_lines = Table(
    "sync_run_lines",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("run_id", BigInteger, ForeignKey("sync_runs.id", ondelete="CASCADE"), nullable=False),
    Column("at", INSTANT, nullable=False, server_default=text("clock_timestamp()")),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    CheckConstraint("level in ('info', 'warning', 'error')", name="level_known"),
    Index("ix_sync_run_lines_run_id_id", "run_id", "id"),
)

sync_cursors = Table(
    "sync_cursors",
    metadata,
    Column("name", Text, primary_key=True, comment="of the sync, and of the list that was read"),
    Column("stamp", INSTANT, comment="the greatest seen, by the source's clock; null: the list has none"),
    Column("marks", ARRAY(Text), nullable=False, comment="digests of the records around it, or of all"),
    Column("saved_at", INSTANT, nullable=False, server_default=text("now()")),
)
