"""The schema: migrations make what the code describes, and the database holds what the code promises."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.errors import DatabaseUnavailable, SchemaTooNew, StateConflict
from queues.postgres.audit import Act, PostgresAudit
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import open_engine
from queues.postgres.migrate import check_at_head, check_models, newest_revision, upgrade
from queues.postgres.settings import PostgresSettings
from queues.postgres.tables import metadata
from queues.settings import QueueProcessingSettings
from tests.database_roles import roles_of

ACT = Act(actor="tests", reason="because", request_id="r-1")


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database)
    yield opened
    await opened.dispose()


async def test_five_migrators_at_once_end_at_the_newest_schema(empty_database: str) -> None:
    await asyncio.gather(*(upgrade(empty_database) for _ in range(5)))

    await check_at_head(empty_database)


async def test_the_migrations_make_what_the_tables_say(database: str) -> None:
    await check_models(database)


async def test_without_the_right_to_an_extension_there_is_no_index_for_the_search_and_all_else(
    empty_database: str,
) -> None:
    with roles_of(empty_database, extensions=False) as roles:
        await upgrade(roles.owner_url)

        await check_at_head(roles.owner_url)
        await check_models(roles.owner_url)
        engine = open_engine(roles.app_url)
        try:
            assert not await PostgresDeadLetters(engine).is_searched_by_index()
        finally:
            await engine.dispose()


async def test_the_named_checks_are_those_of_the_code(engine: AsyncEngine) -> None:
    described = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if str(constraint.name).startswith("ck_")
    }

    async with engine.connect() as connection:
        rows = await connection.execute(text("select conname from pg_constraint where contype = 'c' and conislocal"))
        assert {row.conname for row in rows if row.conname.startswith("ck_")} == described


async def test_a_database_without_schema_is_told(empty_database: str) -> None:
    with pytest.raises(StateConflict, match="am-connector migrate") as told:
        await check_at_head(empty_database)
    assert told.value.state == ""


async def test_a_schema_of_a_later_release_is_refused_and_left_alone(database: str, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("update alembic_version set version_num = 'fedcba987654'"))

    for act in (check_at_head, upgrade):
        with pytest.raises(SchemaTooNew, match="fedcba987654, which a later release made") as told:
            await act(database)
        assert told.value.state == "fedcba987654"


async def test_the_newest_revision_is_the_one_a_migrated_database_has(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("select version_num from alembic_version"))).scalar_one() == (
            newest_revision()
        )


async def test_an_unreachable_database_is_unavailable_not_a_crash() -> None:
    with pytest.raises(DatabaseUnavailable):
        await upgrade("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize("url", ["", "mysql://root@localhost/x", "http://[", "postgresql"])
async def test_what_is_no_database_url_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        open_engine(url)


@pytest.mark.parametrize(
    ("document", "constraint"),
    [
        ('{"check_process_time": 0}', "check_process_time_1_to_59"),
        ('{"check_process_time": 60}', "check_process_time_1_to_59"),
        ('{"check_process_time": 1.5}', "check_process_time_1_to_59"),
        ('{"check_process_time": "5"}', "check_process_time_1_to_59"),
        ('{"check_process_time": true}', "check_process_time_1_to_59"),
        ('{"check_process_time": null}', "check_process_time_1_to_59"),
        ('{"process_sleep_time": 60}', "process_sleep_time_1_to_59"),
        ('{"retry_count": 0}', "retry_count_1_to_1000000"),
        ('{"batch_count": 0}', "batch_count_1_to_1000000"),
        ('{"threshold_count": -1}', "threshold_count_0_to_1000000"),
        ('{"outage_policy": "panic"}', "outage_policy_count_or_hold"),
        ('{"coalesce": 1}', "coalesce_true_or_false"),
        ('{"fail_fast": "no"}', "fail_fast_true_or_false"),
        ("[1]", "document_is_object"),
    ],
)
async def test_the_database_refuses_settings_out_of_range_and_names_field_and_range(
    engine: AsyncEngine, document: str, constraint: str
) -> None:
    with pytest.raises(DBAPIError, match=f"ck_settings_versions_{constraint}"):
        await _insert_settings(engine, document)


@pytest.mark.parametrize("document", ["{}", '{"check_process_time": 59, "threshold_count": 0, "coalesce": true}'])
async def test_the_database_accepts_settings_in_range(engine: AsyncEngine, document: str) -> None:
    await _insert_settings(engine, document)


async def test_the_ranges_are_only_those_of_the_queue_processing_settings(engine: AsyncEngine) -> None:
    await _insert_settings(engine, '{"check_process_time": 600}', section="something_else")


async def test_settings_are_versioned_and_the_newest_is_in_force(engine: AsyncEngine) -> None:
    store = PostgresSettings(engine)
    first = await store.save_queue_processing(QueueProcessingSettings(batch_count=5), ACT, if_version=0)
    second = await store.save_queue_processing(QueueProcessingSettings(batch_count=6), ACT, if_version=1)

    snapshot = await store.queue_processing()

    assert (first.version, second.version) == (1, 2)
    assert (snapshot.version, snapshot.settings.batch_count) == (2, 6)
    assert [each.document["batch_count"] for each in await store.history("queue_processing")] == [6, 5]


async def test_of_two_who_change_one_version_one_is_told_the_newest(engine: AsyncEngine) -> None:
    store = PostgresSettings(engine)

    answers = await asyncio.gather(
        *(store.save_queue_processing(QueueProcessingSettings(), ACT, if_version=0) for _ in range(8)),
        return_exceptions=True,
    )

    conflicts = [each for each in answers if isinstance(each, StateConflict)]
    assert len(conflicts) == 7
    assert {each.state for each in conflicts} == {"1"}
    assert len(await PostgresAudit(engine).entries()) == 1


@pytest.mark.parametrize(
    "statement",
    ["update audit_log set actor = 'nobody'", "delete from audit_log", "truncate audit_log"],
)
async def test_the_audit_log_refuses_every_change(engine: AsyncEngine, statement: str) -> None:
    audit = PostgresAudit(engine)
    await audit.write(ACT, action="thing.done", target="x", details={"n": 1})

    with pytest.raises(DBAPIError, match="append-only"):
        await _execute(engine, statement)

    (entry,) = await audit.entries()
    assert (entry.actor, entry.action, entry.target, entry.details) == ("tests", "thing.done", "x", {"n": 1})


async def test_a_waiting_row_without_its_bytes_is_impossible(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="ck_ledger_waiting_has_body"):
        await _execute(
            engine,
            "insert into ledger (message_id, generation, queue, key, storeview, source, event_id, state, attempts) "
            "values (gen_random_uuid(), 0, 'q', 'k', '', 's', 'e', 'waiting', 0)",
        )


async def _insert_settings(engine: AsyncEngine, document: str, *, section: str = "queue_processing") -> None:
    await _execute(
        engine,
        "insert into settings_versions (section, version, document, created_by) "
        "values (:section, 1, cast(:document as jsonb), 'tests')",
        section=section,
        document=document,
    )


async def _execute(engine: AsyncEngine, statement: str, **values: Any) -> None:  # noqa: ANN401 - whatever a column holds
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)
