"""The tables of access: tokens by their digests, and browser sessions that were ended before their time."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, LargeBinary, Table, Text, UniqueConstraint

from queues.postgres.tables.naming import INSTANT, metadata

TOKEN_ROLES: Final = ("viewer", "publisher", "operator", "admin")

tokens = Table(
    "tokens",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("name", Text, nullable=False, comment="of the person or system that holds it; may have several"),
    Column("role", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256; the token itself is kept nowhere"),
    Column("created_at", INSTANT, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", INSTANT, comment="null: never"),
    Column("revoked_at", INSTANT, comment="null: not revoked"),
    Column("revoked_by", Text, nullable=False, server_default=""),
    Column("last_used_at", INSTANT, comment="to about half a minute"),
    Column("last_used_from", Text, nullable=False, server_default="", comment="address"),
    UniqueConstraint("digest"),
    CheckConstraint(f"role in {TOKEN_ROLES!r}", name="role_known"),
    CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    CheckConstraint("name <> ''", name="has_name"),
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("nonce", Text, primary_key=True, comment="of the session that was signed out"),
    Column("ends_at", INSTANT, nullable=False, comment="when it would have ended by itself"),
)
