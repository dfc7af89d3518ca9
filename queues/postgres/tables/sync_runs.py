"""The tables of syncs: runs asked for by people or by time, and how far the catch-up of each has come."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text, Uuid, text

from queues.postgres.tables.naming import INSTANT, metadata

RUN_STATES: Final = ("waiting", "processing", "success", "error", "stopped")
RUN_KINDS: Final = ("changes", "complete", "individual")
RUN_MODES: Final = ("manual", "auto")
INDEX_STATES: Final = ("", "capturing", "delivering", "calling", "done", "failed")

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("sync", Text, nullable=False, comment="the event type whose records it looks at"),
    Column("kind", Text, nullable=False, comment="changes: since the last success; complete: everything"),
    Column("mode", Text, nullable=False, comment="manual: a person asked; auto: the time came"),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("key", Text, nullable=False, server_default="", comment="of the record of an individual run"),
    Column("actor", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("since", INSTANT, comment="looked at are changes from then on; null: all records"),
    Column("until", INSTANT, comment="by the source's clock: later changes are the next run's"),
    Column("position", Text, nullable=False, server_default="", comment="where the next page begins"),
    Column("noted", Integer, nullable=False, server_default="0", comment="records noted to be looked at"),
    Column("error", Text, nullable=False, server_default=""),
    Column("asked_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("started_at", INSTANT),
    Column("ended_at", INSTANT),
    Column("owner", Uuid, comment="whoever carries it out; nobody else writes"),
    Column("lease_until", INSTANT, comment="renewed with every page"),
    Column("index_state", Text, nullable=False, server_default="", comment="of the step after the run; empty: none"),
    Column("index_since", INSTANT, comment="when the step came into this state"),
    Column("index_tries", Integer, nullable=False, server_default="0"),
    Column("index_error", Text, nullable=False, server_default=""),
    CheckConstraint(f"state in {RUN_STATES!r}", name="state_known"),
    CheckConstraint(f"kind in {RUN_KINDS!r}", name="kind_known"),
    CheckConstraint(f"mode in {RUN_MODES!r}", name="mode_known"),
    CheckConstraint(f"index_state in {INDEX_STATES!r}", name="index_state_known"),
    CheckConstraint("(kind = 'individual') = (key <> '')", name="key_of_individual"),
    CheckConstraint("(state in ('success', 'error', 'stopped')) = (ended_at is not null)", name="ended_when_over"),
    # One run of a sync at a time, people's single records apart.
    Index(
        "ix_sync_runs_one_open",
        "sync",
        unique=True,
        postgresql_where=text("state in ('waiting', 'processing') and kind <> 'individual'"),
    ),
    Index("ix_sync_runs_sync_id", "sync", "id"),
    Index(
        "ix_sync_runs_index_state",
        "index_state",
        postgresql_where=text("index_state in ('capturing', 'delivering', 'calling')"),
    ),
)
