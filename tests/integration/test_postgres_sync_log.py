"""The sync log and the ERP's lists in PostgreSQL: found by every filter, kept, cleaned, emptied; nothing else."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon.secret import Secret
from daemon.settings.document.logs import Logging
from daemon.sync_log.choosing import ChosenEntries
from daemon.sync_log.keeping import LogKeeper
from daemon.sync_log.mailer import Mailer
from daemon.sync_log.reporting import ErrorReports
from queues.errors import StateConflict
from queues.ports import RunLease
from queues.postgres.audit import Act, AuditFilter, PostgresAudit
from queues.postgres.engine import open_engine
from queues.postgres.journal import PostgresJournal, RequestFilter
from queues.postgres.ledger import PostgresLedger
from queues.postgres.log_keeping import PostgresLogKeeping
from queues.postgres.reference_lists import PostgresReferenceLists, ReferenceEntry
from queues.postgres.retention import PostgresRetention
from queues.postgres.schedule import PostgresSchedule
from tests.contract.queue_store import ACT, QUEUE, REFUSED, ended
from tests.fakes.clock import FakeClock
from tests.strategies import message

JUNE = datetime(2020, 6, 1, tzinfo=UTC)


@dataclass
class Told:
    settings: Logging

    async def logging(self) -> Logging:
        return self.settings


@dataclass(frozen=True, slots=True)
class World:
    engine: AsyncEngine
    ledger: PostgresLedger
    lease: RunLease
    told: Told
    clock: FakeClock

    @property
    def keeper(self) -> LogKeeper:
        return LogKeeper(PostgresLogKeeping(self.engine), self.told, self.clock)

    async def deliver(self, *keys: str) -> None:
        messages = [message(key) for key in keys]
        await self.ledger.claim(self.lease, QUEUE, messages, retry_count=3, stored=False)
        for each in messages:
            await self.ledger.settle(self.lease, QUEUE, [ended(each, 1, "delivered")], [], settings_version=0)

    async def fail(self, key: str) -> None:
        failed = message(key)
        await self.ledger.claim(self.lease, QUEUE, [failed], retry_count=1, stored=False)
        await self.ledger.settle(self.lease, QUEUE, [ended(failed, 1, "failed", REFUSED)], [], settings_version=0)

    async def old(self, day: datetime, *, rows: int = 1) -> None:
        """Put rows into the log of a day that is over."""
        async with self.engine.begin() as connection:
            await connection.execute(text("select make_log_day(cast(:day as date))"), {"day": day.date()})
            await connection.execute(
                text("""
                    insert into sync_log (at, id, queue, mode, records, delivered, skipped, retried, failed, keys)
                    select cast(:day as timestamptz) + interval '1 hour', gen_random_uuid(), 'q',
                           'single', 1, 1, 0, 0, 0,
                           '{OLD}'
                    from generate_series(1, cast(:rows as int))
                """),
                {"day": day, "rows": rows},
            )

    async def count(self, table: str) -> int:
        async with self.engine.connect() as connection:
            counted: int = (await connection.execute(text(f"select count(*) from {table}"))).scalar_one()  # noqa: S608 - names of our tables
            return counted


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    engine = open_engine(database)
    schedule = PostgresSchedule(engine)
    await schedule.register(QUEUE.name)
    begun = await schedule.begin_run(QUEUE.name)
    assert isinstance(begun, RunLease)
    told = Told(Logging())
    yield World(engine, PostgresLedger(engine, log=ChosenEntries(told)), begun, told, FakeClock())
    await engine.dispose()


async def found(world: World, **wanted: object) -> list[str]:
    page = await PostgresJournal(world.engine).requests(RequestFilter(**wanted))  # type: ignore[arg-type]  # one filter each
    return sorted(each.details[0]["key"] for each in page.items)


async def test_entries_are_found_by_action_level_queue_record_and_time(world: World) -> None:
    await world.deliver("A", "B")
    await world.fail("C")
    long_ago, soon = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

    assert await found(world, action="price_update") == ["A", "B", "C"]
    assert await found(world, action="inventory_update") == []
    assert await found(world, level="error") == ["C"]
    assert await found(world, key="B", level="info") == ["B"]
    assert await found(world, queues=[QUEUE.name], mode="single") == ["A", "B", "C"]
    assert await found(world, queues=[]) == []
    assert await found(world, since=long_ago, until=soon, queue=QUEUE.name) == ["A", "B", "C"]
    assert await found(world, until=long_ago) == []
    assert await found(world, key="B' or true --\x00") == []


async def test_pages_go_on_under_the_same_filter(world: World) -> None:
    await world.deliver("A", "B", "C")
    journal = PostgresJournal(world.engine)
    wanted = RequestFilter(level="info")

    first = await journal.requests(wanted, limit=2)
    rest = await journal.requests(wanted, limit=2, cursor=first.next_cursor)

    keys = [each.details[0]["key"] for each in (*first.items, *rest.items)]
    assert (sorted(keys), rest.next_cursor) == (["A", "B", "C"], None)


async def test_what_is_toggled_off_leaves_its_attempt_and_fate_but_no_entry(world: World) -> None:
    world.told.settings = Logging(actions=())
    await world.deliver("A")
    await world.fail("B")

    assert await found(world) == ["B"]
    assert (await world.count("attempts"), await world.count("ledger"), await world.count("dead_letters")) == (2, 2, 1)


async def test_days_past_their_lifetime_go_when_cleaning_is_due_and_not_before(world: World) -> None:
    await world.old(JUNE)
    await world.old(JUNE + timedelta(days=1))
    world.told.settings = Logging(lifetime_days=10)

    # The cleaning of the 12th, at 01:00, leaves what ended on the 2nd or later.
    world.clock.step((JUNE + timedelta(days=11, minutes=59) - world.clock.now()).total_seconds())
    early = await world.keeper.clean_when_due()
    world.clock.step(120)
    due = [await world.keeper.clean_when_due(), await world.keeper.clean_when_due()]

    assert (early, due) == (0, [1, 0])
    assert await world.count("sync_log") == 1


async def test_cleaning_now_needs_no_schedule_is_counted_before_and_audited(world: World) -> None:
    await world.old(JUNE, rows=3)
    await world.deliver("A")
    world.told.settings = Logging(lifetime_days=1, cleaning_frequency="monthly")
    world.clock.step((JUNE + timedelta(days=20) - world.clock.now()).total_seconds())

    due = await world.keeper.due_now()
    done = await world.keeper.clean_now(ACT)

    assert (due.entries, done.entries) == (3, 3)
    assert await world.count("sync_log") == 1
    (row,) = await PostgresAudit(world.engine).entries(AuditFilter(action="sync_log.cleaned"))
    assert (row.actor, row.details["entries"]) == ("tests", 3)


async def test_a_log_kept_for_ever_is_not_cleaned(world: World) -> None:
    await world.old(JUNE)
    world.told.settings = Logging(lifetime_days=0)

    assert await world.keeper.clean_when_due() == 0
    assert (await world.keeper.clean_now(ACT)).before is None
    assert await world.count("sync_log") == 1


async def test_days_are_archived_before_they_go_and_stay_while_they_cannot_be(world: World, tmp_path: Path) -> None:
    await world.old(JUNE, rows=2)
    world.clock.step((JUNE + timedelta(days=40) - world.clock.now()).total_seconds())
    world.told.settings = Logging(archive=str(tmp_path / "missing"), archive_days=0)

    kept = await world.keeper.clean_when_due()
    with pytest.raises(StateConflict, match="could not be archived"):
        await world.keeper.clean_now(ACT)
    left = await world.count("sync_log")
    world.told.settings = Logging(archive=str(tmp_path), archive_days=0)
    dropped = await world.keeper.clean_when_due()

    assert (kept, left, dropped, await world.count("sync_log")) == (0, 2, 1, 0)
    with gzip.open(tmp_path / "sync_log_20200601.jsonl.gz", "rt") as file:
        assert [json.loads(line)["keys"] for line in file] == [["OLD"], ["OLD"]]


async def test_flushing_empties_the_log_and_nothing_else(world: World) -> None:
    await world.old(JUNE)
    await PostgresRetention(world.engine, keep=timedelta(days=1)).clean()
    await world.deliver("A")
    await world.fail("B")
    counted = await world.keeper.count()
    others = ("attempts", "ledger", "dead_letters", "schedules", "runs")
    before = [await world.count(table) for table in others]
    await world.deliver("LATER")

    deleted = await world.keeper.flush(counted.as_of, Act(actor="ada", reason="trial"))

    assert (counted.entries, deleted) == (3, 3)
    assert await found(world) == ["LATER"]
    after = [await world.count(table) for table in others]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 0, 0, 0]
    (row,) = await PostgresAudit(world.engine).entries(AuditFilter(action="sync_log.flushed"))
    assert (row.actor, row.reason, row.details["entries"]) == ("ada", "trial", 3)


async def test_a_list_that_does_not_come_keeps_what_it_had_and_says_why(world: World) -> None:
    lists = PostgresReferenceLists(world.engine)
    main = ReferenceEntry(code="MAIN", description="Main \x00 Warehouse")
    never = await lists.fail("branches", "the ERP is away", ACT)
    kept = await lists.keep("warehouses", [main], ACT)

    failed = await lists.fail("warehouses", "the ERP is away", ACT)
    again = await lists.keep("warehouses", [], ACT)

    assert (never.fetched_at, never.entries, never.error) == (None, (), "the ERP is away")
    assert (failed.entries, failed.fetched_at, failed.error) == (kept.entries, kept.fetched_at, "the ERP is away")
    assert (again.entries, again.failed_at, again.error) == ((), None, "")
    assert (await lists.all()).keys() == {"branches", "warehouses"}
    acts = await PostgresAudit(world.engine).entries(AuditFilter(action="reference_data", target="warehouses"))
    assert [each.action for each in acts] == [
        "reference_data.refreshed",
        "reference_data.not_refreshed",
        "reference_data.refreshed",
    ]


class Mailbox:
    """An SMTP server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode().strip().upper():
            if line == "DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if line == "QUIT" else b"250 fine\r\n")
            await writer.drain()
            if line == "QUIT":
                break
        writer.close()


async def test_the_errors_of_a_day_are_told_by_mail_once(world: World) -> None:
    await world.fail("AC-1001")
    await world.deliver("AC-1002")
    world.told.settings = Logging(report_recipients=("ops@example.test", "ada@example.test"))
    world.clock.step((datetime.now(UTC) + timedelta(days=1) - world.clock.now()).total_seconds())
    box = Mailbox()
    server = await asyncio.start_server(box.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    log, journal = PostgresLogKeeping(world.engine), PostgresJournal(world.engine)

    def reports(url: str | None) -> ErrorReports:
        mailer = None if url is None else Mailer(Secret(url), "connector@example.test")
        return ErrorReports("main", log=log, journal=journal, settings=world.told, mailer=mailer, clock=world.clock)

    async with server:
        unconfigured = await reports(None).send_when_due()
        sent = [await reports(f"smtp://127.0.0.1:{port}").send_when_due() for _ in range(2)]
        world.clock.step(86_400)
        nothing_new = await reports(f"smtp://127.0.0.1:{port}").send_when_due()

    assert (unconfigured, sent, nothing_new) == (False, [True, False], False)
    (mail,) = box.mails
    assert "To: ops@example.test, ada@example.test" in mail
    assert "From: connector@example.test" in mail
    assert "1 requests went wrong" in mail
    assert "AC-1001" in mail
    assert "AC-1002" not in mail
