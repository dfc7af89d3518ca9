"""The table of lists that a source keeps and settings refer to: warehouses, classes; fetched, not owned."""

from sqlalchemy import Column, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

reference_lists = Table(
    "reference_lists",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("entries", JSONB, nullable=False, server_default=text("'[]'"), comment="code, description, is_active"),
    Column("fetched_at", INSTANT, comment="null: never yet"),
    Column("failed_at", INSTANT, comment="null: the last fetch went well"),
    Column("error", Text, nullable=False, server_default=""),
)
