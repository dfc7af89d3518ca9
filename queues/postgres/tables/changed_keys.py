"""The tables of change capture: which records are to be looked at, and which notifications were taken in."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from queues.postgres.tables.naming import INSTANT, metadata

changed_keys = Table(
    "changed_keys",
    metadata,
    Column("event_type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("changed", ARRAY(Text), comment="fields said to have changed; null: nobody said"),
    Column("version", INSTANT, nullable=False, comment="when it was noted last: by one clock, whoever noted it"),
    Column("revision", BigInteger, nullable=False, server_default="1", comment="rises with every note"),
    Column("origin", Text, nullable=False, comment="who noted it last: push, catch_up, manual, file"),
    Column("noted_at", INSTANT, nullable=False, server_default=text("now()"), comment="first note"),
    Column("due_at", INSTANT, nullable=False, comment="not looked at before; pushed back after a failure and a taking"),
    Column("tries", Integer, nullable=False, server_default="0", comment="failures in a row"),
    Column("error", Text, nullable=False, server_default="", comment="of the last failure"),
    PrimaryKeyConstraint("event_type", "key"),
    CheckConstraint("key <> ''", name="has_key"),
    Index("ix_changed_keys_due_at", "due_at"),
)

push_notifications = Table(
    "push_notifications",
    metadata,
    Column("company", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("transaction_id", Text, nullable=False, comment="of the ERP's transaction, not of the notification"),
    Column("digest", Text, nullable=False, comment="of the body: the halves of one update may come apart"),
    Column("received_at", INSTANT, nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("company", "query", "transaction_id", "digest"),
    Index("ix_push_notifications_received_at", "received_at", postgresql_using="brin"),
)
