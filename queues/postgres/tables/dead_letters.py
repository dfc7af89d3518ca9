"""The table `dead_letters`: messages that only a person sends again."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

DEAD_LETTER_STATES: Final = ("failed", "reprocessing", "reprocessed", "discarded", "superseded")
REASONS: Final = ("attempts_used_up", "outcome_unknown", "invalid_message", "unrouted", "broker_dead_lettered")

SEARCH_INDEX: Final = "ix_dead_letters_search"
"""Of the searched text, by trigrams. Not described below: a database without the extension pg_trgm does without it."""
SEARCHED: Final = "lower(coalesce(key || ' ', '') || coalesce(event_id || ' ', '') || error)"
"""What a search looks through; written as in that index, or it does not serve."""

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("queue", Text, nullable=False),
    Column("key", Text, comment="null for bytes that are no event, as are the next four"),
    Column("storeview", Text),
    Column("part", Text, nullable=False, server_default="", comment="of the record, where it has several"),
    Column("time", INSTANT),
    Column("event_id", Text),
    Column("source", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error_class", Text),
    Column("error", Text, nullable=False, server_default=""),
    Column("status", Integer, comment="HTTP status of the last answer"),
    Column("failed_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("created_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("occurrences", Integer, nullable=False, server_default="1"),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("changed_at", INSTANT, nullable=False, server_default=text("now()"), comment="of the state"),
    Column("changed_by", Text, nullable=False, server_default="", comment="who reprocessed or discarded it"),
    Column("changed_why", Text, nullable=False, server_default=""),
    Column("erased_at", INSTANT, comment="its payload was erased"),
    UniqueConstraint("message_id"),
    CheckConstraint(f"state in {DEAD_LETTER_STATES!r}", name="state_known"),
    CheckConstraint(f"reason in {REASONS!r}", name="reason_known"),
    CheckConstraint("generation >= 0", name="generation_not_negative"),
    CheckConstraint("attempts >= 0", name="attempts_not_negative"),
    CheckConstraint("occurrences >= 1", name="occurrences_from_1"),
    Index("ix_dead_letters_state_failed_at_id", "state", "failed_at", "id"),
    Index("ix_dead_letters_failed_at_id", "failed_at", "id"),
    Index("ix_dead_letters_queue_failed_at_id", "queue", "failed_at", "id"),
    Index("ix_dead_letters_key_failed_at_id", "key", "failed_at", "id"),
    Index("ix_dead_letters_error_class_failed_at_id", "error_class", "failed_at", "id"),
    Index(
        "ix_dead_letters_open_by_record",
        "key",
        "queue",
        postgresql_where=text("state in ('failed', 'reprocessing')"),
    ),
)
