"""Change capture: every key that is due becomes an event, a word in the log, or another look; none is dropped."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from daemon.capture.capturing import GROUP, PAUSE_SECONDS, Capture
from daemon.capture.key_events import KeyEvents
from daemon.capture.ports import Look, Passed, SourceUnavailable
from daemon.capture.syncing import OVERLAP, KeyPage, Syncing
from queues.errors import BrokerUnavailable
from queues.message import ChangeEvent, decode
from queues.postgres.audit import Act
from queues.postgres.changed_keys import ChangedKey, DueKey
from queues.rabbitmq.publisher import Publication
from tests.fakes.capture_stores import NOTED_AT, FakeChangedKeys, FakeSyncRuns
from tests.fakes.clock import FakeClock

PRODUCT = "to_magento.product"
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
    passes: frozenset[str] = frozenset()
    asked: list[list[str]] = field(default_factory=list)

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        self.asked.append([each.key for each in keys])
        if self.is_down:
            raise SourceUnavailable("Acumatica did not answer within 60 s")
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
        self.capture = Capture(
            self.keys, {PRODUCT: self.erp}, self.broker, clock=self.clock, check_event=lambda _: None
        )


async def test_a_key_becomes_an_event_and_is_let_go() -> None:
    bench = Bench()
    await bench.keys.note([change("AC-1")], origin="push")

    captured = await bench.capture.capture()

    (event,) = bench.broker.events
    assert (event.type, event.subject, event.time, event.source) == (PRODUCT, "AC-1", NOTED_AT, "acumatica/Shop")
    assert (captured, bench.keys.due) == (1, {})


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

    with capture_logs() as logs:
        await bench.capture.capture()

    assert [(line["key"], line["reason"]) for line in logs if line["event"] == "change.skipped"] == [
        ("AC-1", "the item is inactive")
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
    asked: list[tuple[datetime | None, datetime | None, str]] = field(default_factory=list)

    async def page(self, *, since: datetime | None, until: datetime | None, position: str) -> KeyPage:
        self.asked.append((since, until, position))
        if position == self.fails_at:
            raise SourceUnavailable("Acumatica answered 500")
        number = int(position or 0)
        following = "" if number == 2 else str(number + 1)
        return KeyPage(keys=[change(f"AC-{number}")], until=until or AT, next_position=following)


def syncing(pages: Pages, runs: FakeSyncRuns, keys: FakeChangedKeys) -> Syncing:
    return Syncing(runs, {PRODUCT: pages}, keys, clock=FakeClock())


async def test_a_run_notes_every_page_and_ends_as_a_success() -> None:
    pages, runs, keys = Pages(), FakeSyncRuns(), FakeChangedKeys()
    await runs.ask(PRODUCT, "complete", ACT)

    assert await syncing(pages, runs, keys).carry_out()

    (run,) = runs.runs.values()
    assert (run.state, run.noted, run.until) == ("success", 3, AT)
    assert [key for _, key in keys.due] == ["AC-0", "AC-1", "AC-2"]
    assert pages.asked == [(None, None, ""), (None, AT, "1"), (None, AT, "2")]


async def test_a_run_of_changes_looks_back_beyond_the_last_success() -> None:
    pages, runs, keys = Pages(), FakeSyncRuns(), FakeChangedKeys()
    for _ in range(2):
        await runs.ask(PRODUCT, "changes", ACT)
        await syncing(pages, runs, keys).carry_out()

    assert [since for since, _, position in pages.asked if not position] == [None, AT - OVERLAP]
    assert timedelta(minutes=1) < OVERLAP


async def test_a_run_whose_source_fails_ends_with_the_error_and_keeps_what_it_noted() -> None:
    pages, runs, keys = Pages(fails_at="2"), FakeSyncRuns(), FakeChangedKeys()
    await runs.ask(PRODUCT, "complete", ACT)

    await syncing(pages, runs, keys).carry_out()

    (run,) = runs.runs.values()
    assert (run.state, run.error, run.noted) == ("error", "Acumatica answered 500", 2)
    assert len(keys.due) == 2


async def test_a_single_record_asks_nobody() -> None:
    pages, runs, keys = Pages(), FakeSyncRuns(), FakeChangedKeys()
    await runs.ask(PRODUCT, "individual", ACT, key="AC-77")

    await syncing(pages, runs, keys).carry_out()

    assert (list(keys.due), pages.asked) == ([(PRODUCT, "AC-77")], [])
    assert [run.state for run in runs.runs.values()] == ["success"]


@pytest.mark.parametrize("position", ["", "1"])
async def test_a_run_stopped_meanwhile_is_left_alone(position: str) -> None:
    runs, keys = FakeSyncRuns(), FakeChangedKeys()

    class Stopping(Pages):
        @override
        async def page(self, *, since: datetime | None, until: datetime | None, position: str) -> KeyPage:
            if position == stop_at:
                await runs.stop(1, ACT)
            return await super().page(since=since, until=until, position=position)

    stop_at = position
    await runs.ask(PRODUCT, "complete", ACT)

    await syncing(Stopping(), runs, keys).carry_out()

    assert [run.state for run in runs.runs.values()] == ["stopped"]
