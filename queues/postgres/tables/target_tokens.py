"""The table of tokens that a target hands out and replaces: refresh tokens, sealed by whoever keeps them here."""

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, Table, Text

from queues.postgres.tables.naming import INSTANT, metadata

target_tokens = Table(
    "target_tokens",
    metadata,
    Column("name", Text, primary_key=True, comment="target, application and lane"),
    Column("sealed", LargeBinary, nullable=False, comment="encrypted; the key is kept nowhere"),
    Column("generation", Integer, nullable=False, comment="counts replacements: the newest token alone is good"),
    Column("updated_at", INSTANT, nullable=False),
    CheckConstraint("generation > 0", name="generation_positive"),
)
