"""The table `settings_versions`: every version of every settings document; the ranges are held here as well."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from queues.postgres.tables.naming import INSTANT, metadata
from queues.settings import RANGES, IntegerRange

QUEUE_PROCESSING: Final = "queue_processing"
"""The section of the Queue Processing Settings."""

CONNECTOR: Final = "connector"
"""The section of all other settings of the instance."""


def _holds(field: str, condition: str) -> str:
    """Say that *field*, where the document has it, is as *condition* says."""
    return f"section <> '{QUEUE_PROCESSING}' or (document -> '{field}') is null or {condition}"


def _in_range(field: str, allowed: IntegerRange) -> CheckConstraint:
    value = f"document ->> '{field}'"
    # `case` keeps the order: the cast is never tried on what is no integer.
    is_inside = (
        f"case when jsonb_typeof(document -> '{field}') = 'number' and {value} ~ '^-?[0-9]+$' "
        f"then ({value})::numeric between {allowed.lowest} and {allowed.highest} else false end"
    )
    return CheckConstraint(_holds(field, is_inside), name=f"{field}_{allowed.lowest}_to_{allowed.highest}")


def _is_boolean(field: str) -> CheckConstraint:
    return CheckConstraint(
        _holds(field, f"jsonb_typeof(document -> '{field}') = 'boolean'"), name=f"{field}_true_or_false"
    )


settings_versions = Table(
    "settings_versions",
    metadata,
    Column("section", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("created_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("section", "version"),
    CheckConstraint("version >= 1", name="version_from_1"),
    CheckConstraint("jsonb_typeof(document) = 'object'", name="document_is_object"),
    *(_in_range(field, allowed) for field, allowed in RANGES.items()),
    CheckConstraint(
        _holds("outage_policy", "(document -> 'outage_policy') in ('\"count\"'::jsonb, '\"hold\"'::jsonb)"),
        name="outage_policy_count_or_hold",
    ),
    _is_boolean("fail_fast"),
    _is_boolean("coalesce"),
)
