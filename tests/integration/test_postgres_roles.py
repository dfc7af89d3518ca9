"""Least privilege at the database: one role migrates, the other works and can change neither schema nor audit log."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest

from queues.postgres.audit import Act, PostgresAudit
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import open_engine
from queues.postgres.letters import DeadLetterFilter
from queues.postgres.log_keeping import PostgresLogKeeping
from queues.postgres.migrate import check_at_head, upgrade
from queues.postgres.retention import DAYS_AHEAD, PostgresRetention
from tests.database_roles import Roles, roles_of
from tests.services import complete

FORBIDDEN = (
    "create table mine (id int)",
    "create schema mine",
    "alter table ledger add column mine int",
    "drop table dead_letters",
    "truncate ledger",
    "update audit_log set actor = 'nobody'",
    "delete from audit_log",
    "truncate audit_log",
    "alter table audit_log disable trigger audit_log_is_append_only",
    "update alembic_version set version_num = 'x'",
    "delete from alembic_version",
    "create or replace function make_log_day(day date) returns void language sql as 'select'",
    "select pg_read_file('/etc/passwd')",
    "copy (select 1) to program 'true'",
    "create role mine superuser",
)


@pytest.fixture(params=["before", "after"])
def roles(empty_database: str, request: pytest.FixtureRequest) -> Iterator[Roles]:
    """Make the roles before or after the first migration."""
    if request.param == "after":
        complete(upgrade(empty_database))
    with roles_of(empty_database) as made:
        if request.param == "before":
            complete(upgrade(made.owner_url))
        yield made


async def test_dead_letters_are_searched_by_index_with_the_working_role(roles: Roles) -> None:
    engine = open_engine(roles.app_url)
    try:
        letters = PostgresDeadLetters(engine)
        assert await letters.is_searched_by_index()
        assert not (await letters.list(DeadLetterFilter(q="nothing"))).items
    finally:
        await engine.dispose()


async def test_the_working_role_may_do_nothing_else(roles: Roles) -> None:
    await check_at_head(roles.app_url)
    connection = await asyncpg.connect(roles.app_url)
    try:
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        for statement in ("select make_log_day('2999-01-01')", "select drop_log_day(current_date)"):
            with pytest.raises(asyncpg.InvalidParameterValueError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_acts_are_added_and_days_of_the_log_kept_with_the_working_role(roles: Roles) -> None:
    engine = open_engine(roles.app_url)
    try:
        await PostgresAudit(engine).write(Act(actor="tests"), action="queue.paused", target="x")
        owner = await asyncpg.connect(roles.owner_url)
        await owner.execute("select make_log_day('2020-01-01')")
        await PostgresRetention(engine, keep=timedelta(days=14)).clean()
        log = PostgresLogKeeping(engine)
        await log.drop_day(date(2020, 1, 1))
        await log.flush(datetime.now(UTC), Act(actor="tests"))
        days = await owner.fetchval("select count(*) from pg_inherits where inhparent = 'sync_log'::regclass")
        acts = await owner.fetchval("select count(*) from audit_log")
        await owner.close()
    finally:
        await engine.dispose()

    assert acts == 2
    assert days == DAYS_AHEAD + 2


async def test_whoever_migrates_again_takes_nothing_away_from_whoever_works(roles: Roles) -> None:
    await upgrade(roles.owner_url)

    await check_at_head(roles.app_url)
