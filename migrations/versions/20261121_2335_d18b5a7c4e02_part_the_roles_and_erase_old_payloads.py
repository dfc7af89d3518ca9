"""Let a role without the right to change the schema keep the log, and note when a payload was erased."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "d18b5a7c4e02"
down_revision: str | None = "7c1d94e0b2aa"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# With the rights of their owner, who alone may create and drop tables; for days of the log and nothing else. Written
# for the schema that the tables are in, so that no other one stands before it when they are called.
KEEP_THE_LOG = """
do $do$
begin
    execute format($create$
        create function make_log_day(day date) returns void language plpgsql security definer
        set search_path = %1$I, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' as $body$
        begin
            if day not between current_date - 3660 and current_date + 366 then
                raise exception 'there is no log of %%', day using errcode = 'invalid_parameter_value';
            end if;
            execute format('create table if not exists %%I partition of sync_log for values from (%%L) to (%%L)',
                           'sync_log_' || to_char(day, 'YYYYMMDD'), day || ' 00:00+00', (day + 1) || ' 00:00+00');
        end
        $body$
    $create$, current_schema());
    execute format($create$
        create function drop_log_day(day date) returns void language plpgsql security definer
        set search_path = %1$I, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' as $body$
        begin
            if day >= current_date then
                raise exception 'the log of %% is not over', day using errcode = 'invalid_parameter_value';
            end if;
            execute format('drop table if exists %%I', 'sync_log_' || to_char(day, 'YYYYMMDD'));
        end
        $body$
    $create$, current_schema());
    revoke execute on function make_log_day(date), drop_log_day(date) from public;
end
$do$
"""

# Roles that were given every table by default (deploy/postgresql/roles.sql) keep only what the log of acts and the
# schema's own version are there for.
KEEP_THE_ACTS = """
do $do$
declare
    kept record;
begin
    for kept in
        select distinct grantee, table_name from information_schema.role_table_grants
        where table_schema = current_schema() and table_name in ('audit_log', 'alembic_version')
          and grantee not in ('PUBLIC', current_user)
    loop
        execute format('revoke update, delete, truncate, references, trigger on %I from %I',
                       kept.table_name, kept.grantee);
        if kept.table_name = 'alembic_version' then
            execute format('revoke insert on %I from %I', kept.table_name, kept.grantee);
        end if;
    end loop;
end
$do$
"""


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.execute(KEEP_THE_LOG)
    op.execute(KEEP_THE_ACTS)
    op.add_column("dead_letters", sa.Column("erased_at", sa.DateTime(timezone=True), comment="its payload was erased"))


def downgrade() -> None:
    """Bring the schema back; what was erased stays erased."""
    op.drop_column("dead_letters", "erased_at")
    op.execute("drop function drop_log_day(date)")
    op.execute("drop function make_log_day(date)")
