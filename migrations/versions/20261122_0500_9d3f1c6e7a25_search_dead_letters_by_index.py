"""Search the text of dead letters by an index of trigrams, where the database has the extension for it."""

from collections.abc import Sequence

from alembic import op

revision: str = "9d3f1c6e7a25"
down_revision: str | None = "e2c47a9b1d30"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# pg_trgm comes with PostgreSQL and may be created by whoever may create in the database. Without it, or without the
# right to it, the release works as before, searches slowly and says so. Making the index of a large table holds up its
# writers: that is left to a person, who can make it beside them.
_MAKE_INDEX = """
do $$
begin
    create extension if not exists pg_trgm;
    if (select count(*) from (select from dead_letters limit 100001) as counted) <= 100000 then
        create index ix_dead_letters_search on dead_letters using gin (
            lower(coalesce(key || ' ', '') || coalesce(event_id || ' ', '') || error) gin_trgm_ops
        );
        analyze dead_letters;
    end if;
exception
    when insufficient_privilege or feature_not_supported or undefined_file or undefined_object then
        raise warning 'dead letters are searched without an index: %', sqlerrm;
end
$$
"""


def upgrade() -> None:
    """Bring the schema forward; additive, so that the release before goes on working."""
    op.execute(_MAKE_INDEX)


def downgrade() -> None:
    """Bring the schema back; the extension may be somebody else's by now."""
    op.execute("drop index if exists ix_dead_letters_search")
