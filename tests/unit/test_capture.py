"""Change capture: every key that is due becomes an event, a word in the log, or another look; none is dropped."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from daemon.capture.capturing import GROUP, PAUSE_SECONDS, Capture
from daemon.capture.key_events import KeyEvents
from daemon.capture.ports import Look, Passed, SourceUnavailable
from daemon.capture.syncing import RENEWAL_SECONDS, KeyLister, KeyPage, Syncing
from queues.errors import BrokerUnavailable
from queues.message import ChangeEvent, decode
from queues.postgres.audit import Act
from queues.postgres.changed_keys import ChangedKey, DueKey
from queues.postgres.sync_cursors import SyncCursor
from queues.postgres.sync_runs import LineLevel
from queues.rabbitmq.publisher import Publication
from tests.fakes.capture_stores import (
    NOTED_AT,
    FakeChangedKeys,
    FakeSkippedRecords,
    FakeSyncCursors,
    FakeSyncRuns,
)
from tests.fakes.clock import FakeClock

PRODUCT, PRICING = "to_magento.product", "to_magento.pricing"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ACT = Act(actor="Dana", reason="new catalogue")


def change(key: str, event_type: str = PRODUCT) -> ChangedKey:
    return ChangedKey(event_type=event_type, key=key)


@dataclass
class Broker:
    """Confirms, or not."""

    is_down: bool = False
    events: list[ChangeEvent] = field(default_factory=list)

    async def publish(self, publications: Sequence[Publication]) -> Sequence[BrokerUnavailable | None]:
        if self.is_down:
            return [BrokerUnavailable("no confirm in time")] * len(publications)
        self.events += [decode(each.body).event for each in publications]
        return [None] * len(publications)


@dataclass
class Erp:
    """A reader that may be away, and passes over the keys it is told to."""

    is_down: bool = False
    stumbles_over: str = ""
    passes: frozenset[str] = frozenset()
    asked: list[list[str]] = field(default_factory=list)

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        self.asked.append([each.key for each in keys])
        if self.is_down:
            raise SourceUnavailable("Acumatica did not answer within 60 s")
        if self.stumbles_over in self.asked[-1]:
            raise SourceUnavailable("Acumatica answered 500", may_be_one=True)
        events = await KeyEvents("acumatica/Shop").read(keys)
        return [
            Passed(reason="the item is inactive") if key.key in self.passes else event
            for key, event in zip(keys, events, strict=True)
        ]


class Bench:
    """A capture with everything around it."""

    def __init__(self) -> None:
        self.keys = FakeChangedKeys()
        self.erp = Erp()
        self.broker = Broker()
        self.clock = FakeClock()
        self.skipped = FakeSkippedRecords()
        self.capture = Capture(
            self.keys,
            {PRODUCT: self.erp},
            self.broker,
            self.skipped,
            instance="main",
            clock=self.clock,
            check_event=lambda _: None,
        )


async def test_a_key_becomes_an_event_and_is_let_go() -> None:
    bench = Bench()
    await bench.keys.note([change("AC-1")], origin="push")

    captured = await bench.capture.capture()

    (event,) = bench.broker.events
    assert (event.type, event.subject, event.time, event.source) == (PRODUCT, "AC-1", NOTED_AT, "acumatica/Shop")
    assert (captured, bench.keys.due) == (1, {})


async def test_a_record_the_erp_stumbles_over_does_not_hold_the_others_up_for_ever() -> None:
    bench = Bench()
    bench.erp.stumbles_over = "AC-3"
    await bench.keys.note([change(f"AC-{number}") for number in range(8)], origin="push")

    for _ in range(4):
        await bench.capture.capture()

    assert sorted(event.subject for event in bench.broker.events) == [f"AC-{n}" for n in range(8) if n != 3]
    assert bench.keys.errors == {(PRODUCT, "AC-3"): "Acumatica answered 500"}


async def test_while_the_erp_is_away_nobody_is_suspected() -> None:
    bench = Bench()
    bench.erp.is_down = True
    await bench.keys.note([change("AC-1"), change("AC-2")], origin="push")

    for _ in range(6):
        await bench.capture.capture()

    assert bench.erp.asked == [["AC-1", "AC-2"]] * 6


async def test_a_look_made_again_after_a_crash_makes_the_same_event() -> None:
    bench = Bench()
    await bench.keys.note([change("AC-1")], origin="push")
    (due,) = await bench.keys.take(1)

    first, second = await bench.erp.read([due]), await bench.erp.read([due])

    assert first == second


async def test_nothing_is_let_go_that_the_broker_did_not_confirm() -> None:
    bench = Bench()
    bench.broker.is_down = True
    await bench.keys.note([change("AC-1")], origin="push")

    await bench.capture.capture()
    bench.broker.is_down = False
    await bench.capture.capture()

    assert [event.subject for event in bench.broker.events] == ["AC-1"]
    assert bench.keys.due == {}


async def test_while_the_source_is_away_keys_wait_with_the_reason() -> None:
    bench = Bench()
    bench.erp.is_down = True
    await bench.keys.note([change("AC-1")], origin="push")

    await bench.capture.capture()

    (waiting,) = await bench.keys.waiting()
    assert (waiting.waiting, waiting.error) == (1, "Acumatica did not answer within 60 s")
    assert not bench.broker.events


async def test_a_record_passed_over_is_told_with_its_reason() -> None:
    bench = Bench()
    bench.erp.passes = frozenset({"AC-1"})
    await bench.keys.note([change("AC-1"), change("AC-2")], origin="push")

    await bench.capture.capture()

    assert [(each.queue, each.key, each.reason, each.origin) for each in bench.skipped.records] == [
        (f"main.{PRODUCT}", "AC-1", "the item is inactive", "push")
    ]
    assert [event.subject for event in bench.broker.events] == ["AC-2"]
    assert bench.keys.due == {}


async def test_a_type_without_a_queue_is_dropped_aloud() -> None:
    bench = Bench()
    await bench.keys.note([change("X", "to_magento.unheard_of")], origin="push")

    with capture_logs() as logs:
        await bench.capture.capture()

    assert [line["event"] for line in logs] == ["change.without_queue"]
    assert bench.keys.due == {}


async def test_the_loop_rests_only_when_there_is_little_to_do() -> None:
    bench = Bench()
    await bench.keys.note([change(f"K{number:04}") for number in range(GROUP + 1)], origin="file")

    running = asyncio.create_task(bench.capture.run())
    await bench.clock.advance(0)
    at_once = len(bench.broker.events)
    await bench.keys.note([change("late")], origin="push")
    await bench.clock.advance(PAUSE_SECONDS / 2)
    resting = len(bench.broker.events)
    await bench.clock.advance(PAUSE_SECONDS)
    running.cancel()

    assert (at_once, resting, len(bench.broker.events)) == (GROUP + 1, GROUP + 1, GROUP + 2)


@dataclass
class Pages:
    """A lister of three pages, which may fail before one of them."""

    fails_at: str = "-"
    asked: list[tuple[datetime | None, str]] = field(default_factory=list)

    async def page(self, *, since: datetime | None, position: str) -> KeyPage:
        self.asked.append((since, position))
        if position == self.fails_at:
            raise SourceUnavailable("Acumatica answered 500")
        number = int(position or 0)
        following = "" if number == 2 else str(number + 1)
        cursor = SyncCursor(name=f"page {number}", stamp=AT, marks=frozenset({"mark"}))
        return KeyPage(keys=[change(f"AC-{number}")], until=AT, next_position=following, cursor=cursor)


@dataclass
class Around:
    """The rest of the connector."""

    indexes: bool = False

    def kinds(self, sync: str) -> Sequence[str]:
        return (sync, PRICING)

    async def wants_index(self, sync: str) -> bool:
        return self.indexes and sync == PRODUCT

    async def clocks(self) -> Sequence[tuple[LineLevel, str]]:
        return [("warning", "the clock of acumatica is 9.0 s ahead of ours")]


class Runs:
    """Syncing with everything around it."""

    def __init__(self, pages: KeyLister | None = None, *, indexes: bool = False) -> None:
        self.pages = Pages()
        self.runs = FakeSyncRuns()
        self.keys = FakeChangedKeys()
        self.cursors = FakeSyncCursors()
        self.clock = FakeClock()
        self.syncing = Syncing(
            self.runs,
            {PRODUCT: pages or self.pages},
            self.keys,
            self.cursors,
            Around(indexes=indexes),
            clock=self.clock,
        )

    def told(self) -> list[str]:
        return [line.text for line in self.runs.told.get(1, [])]


async def test_a_run_notes_every_page_and_ends_as_a_success() -> None:
    bench = Runs()
    await bench.runs.ask(PRODUCT, "complete", ACT)

    assert await bench.syncing.carry_out()

    (run,) = bench.runs.runs.values()
    assert (run.state, run.noted, run.until, run.index_state) == ("success", 3, AT, "")
    assert [key for _, key in bench.keys.due] == ["AC-0", "AC-1", "AC-2"]
    assert bench.pages.asked == [(None, ""), (None, "1"), (None, "2")]
    assert list(bench.cursors.cursors) == ["page 0", "page 1", "page 2"]


async def test_a_run_tells_who_asked_what_the_clocks_say_and_every_page() -> None:
    bench = Runs()
    await bench.runs.ask(PRODUCT, "complete", ACT)

    await bench.syncing.carry_out()

    assert bench.told() == [
        f"{PRODUCT}: all records, asked for by Dana",
        "the clock of acumatica is 9.0 s ahead of ours",
        *["records: 1 to be looked at"] * 3,
        "completed: 3 to be looked at",
    ]


async def test_a_run_of_changes_begins_at_the_last_success() -> None:
    bench = Runs()
    for _ in range(2):
        await bench.runs.ask(PRODUCT, "changes", ACT)
        await bench.syncing.carry_out()

    assert [since for since, position in bench.pages.asked if not position] == [None, AT]


async def test_a_run_whose_source_fails_ends_with_the_error_and_keeps_what_it_noted() -> None:
    bench = Runs(Pages(fails_at="2"), indexes=True)
    await bench.runs.ask(PRODUCT, "complete", ACT)

    await bench.syncing.carry_out()

    (run,) = bench.runs.runs.values()
    assert (run.state, run.error, run.noted) == ("error", "Acumatica answered 500", 2)
    assert run.index_state == ""
    assert bench.told()[-1] == "ended: Acumatica answered 500"
    assert len(bench.keys.due) == 2


async def test_a_single_record_asks_nobody_and_is_looked_at_for_all_its_sync_carries() -> None:
    bench = Runs(indexes=True)
    await bench.runs.ask(PRODUCT, "individual", ACT, key="AC-77")

    found = [await bench.syncing.carry_out(), await bench.syncing.carry_out(individual=True)]

    assert found == [False, True]
    assert (list(bench.keys.due), bench.pages.asked) == ([(PRODUCT, "AC-77"), (PRICING, "AC-77")], [])
    assert [(run.state, run.index_state) for run in bench.runs.runs.values()] == [("success", "")]


async def test_after_a_whole_run_that_found_something_the_shop_is_to_be_told() -> None:
    bench = Runs(indexes=True)
    await bench.runs.ask(PRODUCT, "complete", ACT)

    await bench.syncing.carry_out()

    assert [run.index_state for run in bench.runs.runs.values()] == ["capturing"]


@pytest.mark.parametrize("position", ["", "1"])
async def test_a_run_stopped_meanwhile_is_left_alone(position: str) -> None:
    class Stopping(Pages):
        @override
        async def page(self, *, since: datetime | None, position: str) -> KeyPage:
            if position == stop_at:
                await bench.runs.stop(1, ACT)
            return await super().page(since=since, position=position)

    stop_at = position
    bench = Runs(Stopping())
    await bench.runs.ask(PRODUCT, "complete", ACT)

    await bench.syncing.carry_out()

    assert [run.state for run in bench.runs.runs.values()] == ["stopped"]


class Endless(Pages):
    """A page that never comes."""

    @override
    async def page(self, *, since: datetime | None, position: str) -> KeyPage:
        await asyncio.Event().wait()
        return await super().page(since=since, position=position)


async def test_a_run_whose_page_takes_long_stays_ours() -> None:
    bench = Runs(Endless())
    await bench.runs.ask(PRODUCT, "complete", ACT)

    running = asyncio.create_task(bench.syncing.carry_out())
    await bench.clock.advance(3 * RENEWAL_SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert bench.runs.renewals == 3


async def test_a_run_cut_off_by_a_stop_waits_for_nobodys_lease() -> None:
    bench = Runs(Endless())
    await bench.runs.ask(PRODUCT, "complete", ACT)

    running = asyncio.create_task(bench.syncing.run())
    await bench.clock.advance(0)
    under_way = bench.runs.runs[1].state
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert (under_way, bench.runs.runs[1].state) == ("processing", "waiting")
