"""Runs of syncs on PostgreSQL: one of a sync at a time, carried out by one, taken up again where they were left."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from queues.errors import LeaseLost, NotFound, StateConflict
from queues.postgres.audit import Act, AuditFilter, PostgresAudit
from queues.postgres.engine import open_engine
from queues.postgres.sync_runs import PostgresSyncRuns

SYNC = "to_magento.product"
ACT = Act(actor="Dana", reason="after the price list")
UNTIL = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.fixture
async def runs(database: str) -> AsyncIterator[PostgresSyncRuns]:
    engine = open_engine(database)
    yield PostgresSyncRuns(engine, lease=timedelta(hours=1))
    await engine.dispose()


async def test_a_second_run_of_a_sync_has_to_wait_for_the_first(runs: PostgresSyncRuns) -> None:
    await runs.ask(SYNC, "complete", ACT)

    with pytest.raises(StateConflict, match="waiting already"):
        await runs.ask(SYNC, "changes", ACT)
    await runs.ask("to_magento.category", "complete", ACT)


async def test_single_records_wait_for_nobody(runs: PostgresSyncRuns) -> None:
    await runs.ask(SYNC, "complete", ACT)

    await runs.ask(SYNC, "individual", ACT, key="AC-1")
    await runs.ask(SYNC, "individual", ACT, key="AC-1")

    assert [each.key for each in await runs.list(SYNC)] == ["AC-1", "AC-1", ""]


async def test_a_run_of_changes_begins_where_the_last_success_ended(runs: PostgresSyncRuns) -> None:
    first = await runs.ask(SYNC, "changes", ACT)
    owner = uuid4()
    taken = await runs.take(owner)
    assert taken is not None
    await runs.progress(taken, owner, position="", until=UNTIL, noted=3)
    await runs.end(taken, owner)

    second = await runs.ask(SYNC, "changes", ACT)

    assert (first.since, second.since) == (None, UNTIL)


async def test_a_run_that_failed_moves_nothing_on(runs: PostgresSyncRuns) -> None:
    await runs.ask(SYNC, "changes", ACT)
    owner = uuid4()
    taken = await runs.take(owner)
    assert taken is not None
    await runs.progress(taken, owner, position="200", until=UNTIL, noted=200)
    await runs.end(taken, owner, error="Acumatica did not answer")

    assert (await runs.ask(SYNC, "changes", ACT)).since is None
    assert [(each.state, each.error) for each in (await runs.list(SYNC))[1:]] == [("error", "Acumatica did not answer")]


async def test_a_run_left_behind_goes_on_at_its_last_page(database: str) -> None:
    engine = open_engine(database)
    runs = PostgresSyncRuns(engine, lease=timedelta(0))
    await runs.ask(SYNC, "complete", ACT)
    dead, heir = uuid4(), uuid4()
    taken = await runs.take(dead)
    assert taken is not None
    await runs.progress(taken, dead, position="400", until=UNTIL, noted=400)

    again = await runs.take(heir)

    assert again is not None
    assert (again.id, again.position, again.until, again.noted) == (taken.id, "400", UNTIL, 400)
    with pytest.raises(LeaseLost):
        await runs.end(taken, dead)
    await engine.dispose()


async def test_stopping_is_for_good_and_in_the_audit_log(runs: PostgresSyncRuns, database: str) -> None:
    run = await runs.ask(SYNC, "complete", ACT)
    owner = uuid4()
    taken = await runs.take(owner)
    assert taken is not None

    await runs.stop(run.id, ACT)

    with pytest.raises(LeaseLost):
        await runs.progress(taken, owner, position="200", until=UNTIL, noted=200)
    with pytest.raises(StateConflict, match="stopped"):
        await runs.stop(run.id, ACT)
    with pytest.raises(NotFound):
        await runs.stop(run.id + 1000, ACT)
    engine = open_engine(database)
    entries = await PostgresAudit(engine).entries(AuditFilter())
    assert {(each.action, each.actor) for each in entries} >= {("sync.asked", "Dana"), ("sync.stopped", "Dana")}
    await engine.dispose()
