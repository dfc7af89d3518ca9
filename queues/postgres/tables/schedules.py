"""The table `schedules`: per queue the next tick, who runs it now, and what people ask of it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table, Text, Uuid, false, text

from queues.postgres.tables.naming import INSTANT, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("queue", Text, primary_key=True),
    Column("registered_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("next_run_at", INSTANT, nullable=False, server_default=text("now()")),
    Column("skipped_ticks", BigInteger, nullable=False, server_default="0"),
    Column("run_id", Uuid, comment="the run that holds the lease"),
    Column("worker", Text, nullable=False, server_default="", comment="the process that holds the lease"),
    Column("tick", INSTANT, comment="the tick that run serves"),
    Column("lease_until", INSTANT),
    Column("fencing_token", BigInteger, nullable=False, server_default="0"),
    Column("run_requested_at", INSTANT),
    Column("run_requested_by", Text, nullable=False, server_default=""),
    Column("paused_since", INSTANT, comment="null: not paused"),
    Column("paused_by", Text, nullable=False, server_default=""),
    Column("paused_why", Text, nullable=False, server_default=""),
    Column("hold_until", INSTANT, comment="no request before then (Retry-After)"),
    Column("on_hold", Boolean, nullable=False, server_default=false()),
    Column("on_hold_since", INSTANT),
    Column("on_hold_why", Text, nullable=False, server_default=""),
    Column("held_up_at", INSTANT, comment="when its run last waited for another queue of its process"),
    CheckConstraint("(run_id is null) = (lease_until is null)", name="lease_has_run"),
    CheckConstraint("(run_id is null) = (tick is null)", name="run_has_tick"),
    CheckConstraint("skipped_ticks >= 0", name="skipped_ticks_not_negative"),
    postgresql_with={"fillfactor": "50"},
)
