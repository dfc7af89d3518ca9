"""The tables of intake: events already taken in, and whether new ones are accepted."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    false,
    text,
    true,
)

from queues.postgres.tables.naming import INSTANT, metadata

intake_events = Table(
    "intake_events",
    metadata,
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("message_id", Uuid, nullable=False, comment="tells a repeat from an id used twice"),
    Column("at", INSTANT, nullable=False, server_default=text("now()"), comment="when the broker confirmed it"),
    PrimaryKeyConstraint("source", "event_id", "message_id"),
    Index("ix_intake_events_at", "at", postgresql_using="brin"),
)

intake_state = Table(
    "intake_state",
    metadata,
    Column("single", Boolean, primary_key=True, server_default=true(), comment="there is one row"),
    Column("stopped", Boolean, nullable=False, server_default=false()),
    Column("by", Text, nullable=False, server_default=""),
    Column("why", Text, nullable=False, server_default=""),
    Column("since", INSTANT, nullable=False, server_default=text("now()")),
    CheckConstraint("single", name="one_row"),
)
