"""The table `idempotent_calls`: writing calls that came with an Idempotency-Key, and what they were answered."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata

idempotent_calls = Table(
    "idempotent_calls",
    metadata,
    Column("holder", Text, nullable=False, comment="name of the token: keys of others are other keys"),
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of method, path and body"),
    Column("request_id", Text, nullable=False, comment="of the call that is or was carried out"),
    Column("began_at", INSTANT, nullable=False),
    Column("lease_until", INSTANT, comment="until then the call is taken to be under way; null: it is answered"),
    Column("status", Integer, comment="HTTP status of the answer"),
    Column("headers", JSONB),
    Column("body", LargeBinary, comment="null where the answer was not kept, as for a new token"),
    PrimaryKeyConstraint("holder", "key"),
    CheckConstraint("(lease_until is null) = (status is not null)", name="answered_or_under_way"),
    Index("ix_idempotent_calls_began_at", "began_at"),
)
