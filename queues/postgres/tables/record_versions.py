"""The table `record_versions`: per record and scope the time of the newest delivered message (DESIGN.md, rule 13)."""

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text

from queues.postgres.tables.naming import INSTANT, metadata

record_versions = Table(
    "record_versions",
    metadata,
    Column("queue", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("storeview", Text, nullable=False, comment="the scope, empty for all"),
    Column("part", Text, nullable=False, comment="of the record, where it has several; else empty"),
    Column("time", INSTANT, nullable=False),
    PrimaryKeyConstraint("queue", "key", "storeview", "part"),
    postgresql_with={"fillfactor": "70"},
)
