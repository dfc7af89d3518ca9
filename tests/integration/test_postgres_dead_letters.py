"""Dead letters as people see them: pages, filters, stories, acts, and what the broker gave up."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.errors import NotFound, StateConflict
from queues.message import Message
from queues.ports import Finished, FinishedRequest, Outcome, RunLease, UnreadableMessage
from queues.postgres.audit import PostgresAudit
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import open_engine
from queues.postgres.intake import PostgresIntake
from queues.postgres.ledger import PostgresLedger
from queues.postgres.letters import DeadLetterFilter
from queues.postgres.letters_filtering import conditions, values
from queues.postgres.log_keeping import PostgresLogKeeping
from queues.postgres.queues import PostgresQueues
from queues.postgres.retention import PostgresRetention
from queues.postgres.schedule import PostgresSchedule
from queues.verdicts import Exchange, Refused
from tests.contract.queue_store import ACT, QUEUE, ended
from tests.strategies import message


@dataclass(frozen=True, slots=True)
class Stores:
    engine: AsyncEngine
    ledger: PostgresLedger
    letters: PostgresDeadLetters
    lease: RunLease

    async def fail(self, messages: Sequence[Message], *, error: str = "no such product") -> None:
        """Use the only attempt of each of *messages* up, one transaction each."""
        await self.ledger.claim(self.lease, QUEUE, messages, retry_count=1, stored=False)
        for number, each in enumerate(messages):
            exchange = Exchange(
                request="POST /rest/all/V1/products/base-prices",
                request_id=f"r-{each.event.id}",
                started_at=datetime.now(UTC),
                duration_ms=12.5,
                records=1,
                status=400,
                answer='{"message": "no\x00"}',
            )
            kind = ("validation", "not_found")[number % 2]
            refused = Refused(error_class=kind, text=error, status=400, exchange=exchange)  # type: ignore[arg-type]  # both are error classes
            outcome = Outcome(message=each, attempt=1, verdict=refused, state="failed", reason=error)
            request = FinishedRequest(mode="single", exchange=exchange, outcomes=[outcome])
            await self.ledger.settle(self.lease, QUEUE, [request], [], settings_version=7)

    async def execute(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))

    async def count(self, table: str) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(text(f"select count(*) from {table}"))).scalar_one())  # noqa: S608 - names of our tables


@pytest.fixture
async def stores(database: str) -> AsyncIterator[Stores]:
    engine = open_engine(database)
    schedule = PostgresSchedule(engine)
    await schedule.register(QUEUE.name)
    lease = await schedule.begin_run(QUEUE.name)
    assert isinstance(lease, RunLease)
    yield Stores(engine, PostgresLedger(engine), PostgresDeadLetters(engine), lease)
    await engine.dispose()


async def test_pages_hold_every_letter_once_newest_first(stores: Stores) -> None:
    await stores.fail([message(f"K{number}") for number in range(7)])

    keys: list[str | None] = []
    page = await stores.letters.list(limit=3)
    keys += [each.key for each in page.items]
    while page.next_cursor is not None:
        page = await stores.letters.list(limit=3, cursor=page.next_cursor)
        keys += [each.key for each in page.items]

    assert keys == [f"K{number}" for number in reversed(range(7))]


async def test_a_page_goes_on_where_it_ended_though_new_letters_came(stores: Stores) -> None:
    await stores.fail([message(f"K{number}") for number in range(4)])
    first = await stores.letters.list(limit=2)
    await stores.fail([message("new")])

    second = await stores.letters.list(limit=2, cursor=first.next_cursor)

    assert [each.key for each in second.items] == ["K1", "K0"]


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "WzEsMl0", "ä"])
async def test_a_cursor_that_is_none_of_ours_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await stores.letters.list(cursor=cursor)


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (DeadLetterFilter(), {"A", "B", "C"}),
        (DeadLetterFilter(state="failed"), {"A", "B", "C"}),
        (DeadLetterFilter(state="discarded"), set()),
        (DeadLetterFilter(queue=QUEUE.name, key="B"), {"B"}),
        (DeadLetterFilter(queue="other"), set()),
        (DeadLetterFilter(error_class="not_found"), {"B"}),
        (DeadLetterFilter(q="SUCH PRODUCT"), {"A", "B", "C"}),
        (DeadLetterFilter(q="c-0"), {"C"}),
        (DeadLetterFilter(q="%"), set()),
        # Key, event id and error, as one text.
        (DeadLetterFilter(q="b b-0 no SUCH"), {"B"}),
        # Too short for the index of trigrams.
        (DeadLetterFilter(q="UC"), {"A", "B", "C"}),
        (DeadLetterFilter(q="xx"), set()),
        # What means something in a pattern means itself.
        (DeadLetterFilter(q="such%product"), set()),
        (DeadLetterFilter(q="such_product"), set()),
        (DeadLetterFilter(q="such\\product"), set()),
        (DeadLetterFilter(q="a\x00"), set()),
        (DeadLetterFilter(since=datetime(2020, 1, 1, tzinfo=UTC)), {"A", "B", "C"}),
        (DeadLetterFilter(until=datetime(2020, 1, 1, tzinfo=UTC)), set()),
    ],
)
async def test_filters_narrow_the_list(stores: Stores, wanted: DeadLetterFilter, keys: set[str]) -> None:
    await stores.fail([message("A"), message("B"), message("C")])

    assert {each.key for each in (await stores.letters.list(wanted)).items} == keys


@pytest.mark.parametrize("searched", ["50% off", "50%", "a_b", "c:\\temp", "\\", "_", "100%_\\x"])
async def test_characters_of_patterns_are_found_as_they_stand(stores: Stores, searched: str) -> None:
    await stores.fail([message("A")], error=f"before {searched} behind")
    await stores.fail([message("B")], error="before 50 percent off, axb, c:temp, 100x behind")

    assert [each.key for each in (await stores.letters.list(DeadLetterFilter(q=searched))).items] == ["A"]


async def test_the_story_tells_every_attempt_of_every_generation(stores: Stores) -> None:
    each = message("A")
    await stores.fail([each])
    (letter,) = (await stores.letters.list()).items
    await stores.letters.reprocess(letter.id, ACT)
    await stores.ledger.claim(stores.lease, QUEUE, [each.again(1)], retry_count=1, stored=True)
    await stores.ledger.settle(stores.lease, QUEUE, [ended(each.again(1), 1, "failed")], [], settings_version=8)

    story = await stores.letters.show(letter.id)

    assert story.body == each.body
    assert story.letter.generation == 1
    told = [(a.generation, a.number, a.outcome, a.status, a.settings_version) for a in story.attempts]
    assert told == [(0, 1, "refused", 400, 7), (1, 1, "refused", 400, 8)]
    assert story.attempts[0].request_id == "r-A-0"
    assert story.attempts[0].excerpt == '{"message": "no\N{REPLACEMENT CHARACTER}"}'


async def test_without_the_index_a_search_finds_the_same(stores: Stores) -> None:
    await stores.fail([message("A"), message("B")])
    assert await stores.letters.is_searched_by_index()

    await stores.execute("drop index ix_dead_letters_search")

    assert not await stores.letters.is_searched_by_index()
    assert [each.key for each in (await stores.letters.list(DeadLetterFilter(q="b b-0"))).items] == ["B"]


async def test_what_is_not_there_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await stores.letters.show(999)
    with pytest.raises(NotFound):
        await stores.letters.reprocess(999, ACT)
    with pytest.raises(NotFound):
        await stores.letters.discard(999, ACT)


async def test_discarding_is_for_good_and_told_in_the_audit_log(stores: Stores) -> None:
    await stores.fail([message("A")])
    (letter,) = (await stores.letters.list()).items

    discarded = await stores.letters.discard(letter.id, ACT)

    assert (discarded.state, discarded.changed_by, discarded.changed_why) == ("discarded", "tests", "because")
    for act in (stores.letters.discard, stores.letters.reprocess):
        with pytest.raises(StateConflict) as told:
            await act(letter.id, ACT)
        assert told.value.state == "discarded"
    (entry,) = await PostgresAudit(stores.engine).entries()
    assert (entry.action, entry.target) == ("dead_letter.discarded", str(letter.id))


async def test_nothing_is_requeued_where_the_audit_row_cannot_be_written(stores: Stores) -> None:
    await stores.fail([message("A")])
    (letter,) = (await stores.letters.list()).items
    await stores.execute("alter table audit_log add constraint never check (action <> 'dead_letter.reprocessed')")

    with pytest.raises(Exception, match="never"):
        await stores.letters.reprocess(letter.id, ACT)

    assert (await stores.letters.show(letter.id)).letter.state == "failed"
    assert (await stores.ledger.open_check(stores.lease)).count == 0


async def test_a_letter_of_a_queue_nobody_runs_cannot_be_reprocessed(stores: Stores) -> None:
    letter_id = await stores.letters.import_foreign(body=b"?", headers={}, queue="main.nowhere", reason="unrouted")
    assert letter_id is not None

    with pytest.raises(StateConflict) as told:
        await stores.letters.reprocess(letter_id, ACT)
    assert told.value.state == "failed"


async def test_bytes_that_no_text_can_hold_become_a_dead_letter(stores: Stores) -> None:
    poison = UnreadableMessage(
        body=b"\x00\xff\xed\xa0\x80", headers={"a\x00": "\udc80"}, code="not_utf8", error="a\x00\ud800"
    )

    await stores.ledger.settle(stores.lease, QUEUE, [], [poison], settings_version=0)

    (letter,) = (await stores.letters.list()).items
    story = await stores.letters.show(letter.id)
    assert story.body == poison.body
    assert (letter.key, letter.time, letter.event_id, letter.source) == (None, None, None, None)
    assert (letter.reason, letter.attempts) == ("invalid_message", 0)


async def test_a_discarded_invalid_message_that_comes_again_is_open_again(stores: Stores) -> None:
    poison = UnreadableMessage(body=b"{", headers={}, code="not_json", error="end")
    await stores.ledger.settle(stores.lease, QUEUE, [], [poison], settings_version=0)
    (letter,) = (await stores.letters.list()).items
    await stores.letters.discard(letter.id, ACT)

    await stores.ledger.settle(stores.lease, QUEUE, [], [poison], settings_version=0)

    (again,) = (await stores.letters.list()).items
    assert (again.state, again.occurrences) == ("failed", 2)


async def test_what_the_broker_gave_up_is_kept_counted_and_never_attempted_by_itself(stores: Stores) -> None:
    each = message("A")
    arguments = {"body": each.body, "headers": {"x": "y"}, "queue": QUEUE.name, "reason": "broker_dead_lettered"}

    first = await stores.letters.import_foreign(**arguments)  # type: ignore[arg-type]  # one of each type
    second = await stores.letters.import_foreign(**arguments)  # type: ignore[arg-type]  # one of each type

    assert first == second
    (letter,) = (await stores.letters.list()).items
    assert (letter.key, letter.event_id, letter.reason, letter.occurrences, letter.attempts) == (
        "A",
        "A-0",
        "broker_dead_lettered",
        2,
        0,
    )
    late = await stores.ledger.claim(stores.lease, QUEUE, [each], retry_count=3, stored=False)
    assert late == [Finished(state="failed")]
    await stores.letters.reprocess(letter.id, ACT)
    assert (await stores.ledger.open_check(stores.lease)).count == 1


async def test_what_the_broker_gave_up_though_it_was_delivered_needs_nobody(stores: Stores) -> None:
    each = message("A")
    await stores.ledger.claim(stores.lease, QUEUE, [each], retry_count=1, stored=False)
    await stores.ledger.settle(stores.lease, QUEUE, [ended(each, 1, "delivered")], [], settings_version=0)

    letter_id = await stores.letters.import_foreign(
        body=each.body, headers={}, queue=QUEUE.name, reason="broker_dead_lettered"
    )

    assert letter_id is None
    assert (await stores.letters.list()).items == []


async def test_what_the_broker_gave_up_in_mid_attempt_is_taken_into_custody(stores: Stores) -> None:
    each = message("A")
    await stores.ledger.claim(stores.lease, QUEUE, [each], retry_count=3, stored=False)

    await stores.letters.import_foreign(body=each.body, headers={}, queue=QUEUE.name, reason="broker_dead_lettered")
    await stores.execute("update ledger set lease_until = now() - interval '1 second'")

    assert (await stores.ledger.open_check(stores.lease)).count == 1


async def test_the_state_of_a_queue_tells_what_waits_what_failed_and_who_runs_it(stores: Stores) -> None:
    await stores.fail([message("A")])
    await stores.ledger.keep(stores.lease, [message("B"), message("C")], claimed=False)

    (state,) = await PostgresQueues(stores.engine).states()

    assert (state.queue, state.waiting, state.failed, state.is_running) == (QUEUE.name, 2, 1, True)
    assert state.last_run is not None
    assert state.last_run.run_id == stores.lease.run_id
    with pytest.raises(NotFound):
        await PostgresQueues(stores.engine).state("nobody")


async def test_pausing_twice_and_resuming_what_runs_are_conflicts(stores: Stores) -> None:
    queues = PostgresQueues(stores.engine)
    await queues.pause(QUEUE.name, ACT)
    with pytest.raises(StateConflict):
        await queues.pause(QUEUE.name, ACT)
    with pytest.raises(StateConflict):
        await queues.run_now(QUEUE.name, ACT)
    paused = (await queues.state(QUEUE.name)).pause

    await queues.resume(QUEUE.name, ACT)
    with pytest.raises(StateConflict):
        await queues.resume(QUEUE.name, ACT)

    assert paused is not None
    assert (paused.by, paused.why) == ("tests", "because")
    assert [each.action for each in await PostgresAudit(stores.engine).entries()] == ["queue.resumed", "queue.paused"]


async def test_intake_knows_what_it_took_in_and_who_stopped_it(stores: Stores) -> None:
    intake = PostgresIntake(stores.engine)
    await intake.remember([message("A"), message("B"), message("A")])
    await intake.remember([message("A")])

    asked = [message("C"), message("A"), message("A", number=1), message("B", price="99"), message("B")]
    assert await intake.known(asked) == ["new", "repeat", "new", "id_reused", "repeat"]
    assert not (await intake.state()).stopped
    await intake.stop(ACT)
    stopped = await intake.state()
    assert (stopped.stopped, stopped.by, stopped.why) == (True, "tests", "because")
    with pytest.raises(StateConflict):
        await intake.stop(ACT)
    await intake.resume(ACT)
    assert not (await intake.state()).stopped
    with pytest.raises(StateConflict):
        await intake.resume(ACT)


async def test_retention_drops_what_is_old_and_never_what_is_open(stores: Stores) -> None:
    open_letter, delivered, waiting = message("A"), message("B"), message("C")
    await stores.fail([open_letter])
    await stores.ledger.claim(stores.lease, QUEUE, [delivered], retry_count=1, stored=False)
    await stores.ledger.settle(stores.lease, QUEUE, [ended(delivered, 1, "delivered")], [], settings_version=0)
    await stores.ledger.keep(stores.lease, [waiting], claimed=False)
    await PostgresIntake(stores.engine).remember([message("A")])
    retention = PostgresRetention(stores.engine, keep=timedelta(days=14))
    young = await retention.clean()
    for statement in (
        "update ledger set settled_at = settled_at - interval '30 days', created_at = created_at - interval '30 days'",
        "update dead_letters set failed_at = failed_at - interval '9 years', changed_at = now()",
        "update intake_events set at = at - interval '30 days'",
        "update runs set started_at = started_at - interval '30 days'",
    ):
        await stores.execute(statement)

    old = await retention.clean()

    assert {name: count for name, count in young.items() if count} == {}
    assert old == {
        "ledger": 1,
        "dead_letters": 0,
        "payloads": 0,
        "runs": 1,
        "intake_events": 1,
        "ended_sessions": 0,
        "idempotent_calls": 0,
        "push_notifications": 0,
        "sync_runs": 0,
    }
    assert await stores.count("dead_letters") == 1
    assert await stores.count("ledger") == 2
    assert await stores.count("attempts") == 1


async def test_the_payload_of_what_is_closed_is_erased_after_its_time_and_kept_when_it_comes_again(
    stores: Stores,
) -> None:
    closed, still_open = message("A"), message("B")
    await stores.fail([closed, still_open])
    first, second = (await stores.letters.list()).items
    discarded = first if first.key == "A" else second
    await stores.letters.discard(discarded.id, ACT)
    retention = PostgresRetention(stores.engine, keep=timedelta(days=14))
    assert (await retention.clean())["payloads"] == 0
    await stores.execute("update dead_letters set changed_at = changed_at - interval '30 days'")

    erased = await retention.clean()
    again = await retention.clean()
    story = await stores.letters.show(discarded.id)
    kept = await stores.letters.show(second.id if discarded is first else first.id)

    assert (erased["payloads"], again["payloads"]) == (1, 0)
    assert (story.body, story.headers) == (b"", {})
    assert story.erased_at is not None
    assert [each.excerpt for each in story.attempts] == [""]
    assert (kept.body, kept.erased_at) == (still_open.body, None)
    assert kept.attempts[0].excerpt


async def test_days_of_the_log_are_made_ahead_and_dropped_whole(stores: Stores) -> None:
    retention = PostgresRetention(stores.engine, keep=timedelta(days=14))
    await stores.execute(
        "create table sync_log_20200101 partition of sync_log "
        "for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')"
    )

    await retention.clean()
    await stores.fail([message("A")])
    log = PostgresLogKeeping(stores.engine)
    over = await log.over(datetime(2020, 1, 2, tzinfo=UTC))
    for day in over:
        await log.drop_day(day)
    await retention.clean()

    assert over == [date(2020, 1, 1)]
    assert await stores.count("sync_log") == 1
    assert await stores.count("sync_log_default") == 0
    assert await stores.count("pg_inherits where inhparent = 'sync_log'::regclass") == 9


async def test_a_day_whose_rows_are_in_the_default_partition_stays_there(stores: Stores) -> None:
    await stores.fail([message("A")])

    await PostgresRetention(stores.engine, keep=timedelta(days=14)).clean()
    await stores.fail([message("B")])

    assert await stores.count("sync_log") == 2
    assert await stores.count("sync_log_default") == 2


def test_a_retention_under_a_day_is_refused(database: str) -> None:
    with pytest.raises(ValueError, match="at least a day"):
        PostgresRetention(open_engine(database), keep=timedelta(hours=1))


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (DeadLetterFilter(), "failed_at_id"),
        (DeadLetterFilter(state="discarded"), "state_failed_at_id"),
        (DeadLetterFilter(queue="main.rare"), "queue_failed_at_id"),
        (DeadLetterFilter(key="rare"), "key_failed_at_id"),
        (DeadLetterFilter(error_class="timeout"), "error_class_failed_at_id"),
        (DeadLetterFilter(q="k19999"), "search"),
    ],
)
async def test_a_page_of_few_among_many_is_found_by_an_index(
    stores: Stores, wanted: DeadLetterFilter, index: str
) -> None:
    await stores.execute("""
        insert into dead_letters (message_id, generation, queue, key, state, reason, attempts, error_class, failed_at,
                                  body, headers)
        select gen_random_uuid(), 0, 'main.many', 'K' || n, 'failed', 'attempts_used_up', 3, 'validation',
               now() - n * interval '1 second', '{}', '{}' from generate_series(1, 20000) as n
    """)
    await stores.execute("analyze dead_letters")

    async with stores.engine.connect() as connection:
        where = conditions(wanted)
        plan = await connection.execute(
            text(f"explain select * from dead_letters where {where} order by failed_at desc, id desc limit 50"),  # noqa: S608 - constants only
            values(wanted),
        )
        assert f"ix_dead_letters_{index}" in "\n".join(plan.scalars())
