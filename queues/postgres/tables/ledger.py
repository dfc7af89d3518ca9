"""The table `ledger`: one row per message and generation, the only authority on attempts and fate."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

LEDGER_STATES: Final = (
    "trying",
    "waiting",
    "delivered",
    "skipped",
    "failed",
    "superseded",
    "coalesced",
    "discarded",
)

ledger = Table(
    "ledger",
    metadata,
    Column("message_id", Uuid, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("queue", Text, nullable=False),
    Column("key", Text, nullable=False, comment="empty for bytes that are no event"),
    Column("storeview", Text, nullable=False, comment="the scope, empty for all"),
    Column("part", Text, nullable=False, server_default="", comment="of the record, where it has several"),
    Column("time", INSTANT, comment="version of the record; null for bytes that are no event"),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, comment="requests begun, whatever became of them"),
    Column("owner", Uuid, comment="run_id of the claim"),
    Column("lease_until", INSTANT),
    Column("claimed_at", INSTANT),
    Column("body", LargeBinary, comment="present whenever the ledger is the only holder"),
    Column("headers", JSONB),
    Column("sequence", BigInteger, Identity(), nullable=False, comment="queue order, for life"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("settled_at", INSTANT),
    PrimaryKeyConstraint("message_id", "generation"),
    CheckConstraint(f"state in {LEDGER_STATES!r}", name="state_known"),
    CheckConstraint("generation >= 0", name="generation_not_negative"),
    CheckConstraint("attempts >= 0", name="attempts_not_negative"),
    CheckConstraint("state <> 'waiting' or body is not null", name="waiting_has_body"),
    CheckConstraint(
        "state <> 'trying' or (owner is not null and lease_until is not null and claimed_at is not null)",
        name="trying_has_owner_and_lease",
    ),
    CheckConstraint("(state in ('trying', 'waiting')) = (settled_at is null)", name="settled_when_ended"),
    # The rows that move are few; those at rest are many: no index knows the latter but the primary key.
    Index("ix_ledger_waiting_in_order", "queue", "sequence", postgresql_where=text("state = 'waiting'")),
    Index("ix_ledger_waiting_by_record", "key", "queue", postgresql_where=text("state = 'waiting'")),
    Index("ix_ledger_trying", "queue", postgresql_where=text("state = 'trying'")),
    Index("ix_ledger_settled_at", "settled_at", postgresql_using="brin"),
    # Every message is inserted once and updated at least once: its table is vacuumed early and often.
    postgresql_with={"fillfactor": "70", "autovacuum_vacuum_scale_factor": "0.05"},
)
