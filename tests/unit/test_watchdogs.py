"""The judgement of the watchdogs, and the round that tells of changes only."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from daemon.watch.findings import Finding
from daemon.watch.judging import (
    Backlogs,
    Cancellations,
    Limits,
    Sample,
    judge_ages,
    judge_queues,
    judge_targets,
    judge_topology,
)
from daemon.watch.watch import Watch, Watched
from queues.errors import BrokerUnavailable, DatabaseUnavailable
from queues.postgres.watching import QueueFacts
from queues.rabbitmq.delivery_limit import DeliveryLimit
from queues.rabbitmq.health import BrokerHealth
from queues.rabbitmq.inspection import Inspection
from queues.rabbitmq.topology import Difference
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LIMITS = Limits(interval=MINUTE, run_lease=30 * SECOND, standstill=6 * MINUTE, oldest_message=15 * MINUTE)
QUEUE = "main.to_magento.pricing"
IDLE = QueueFacts(
    queue=QUEUE,
    now=NOW,
    next_run_at=NOW + 30 * SECOND,
    is_paused=False,
    is_held=False,
    lease_until=None,
    worker="",
    last_sign_at=NOW - 10 * SECOND,
    last_checks_ended_by=("", ""),
    last_complete_run_at=NOW - MINUTE,
    oldest_stored_at=None,
)
HELD = replace(IDLE, is_held=True, lease_until=NOW + 20 * SECOND, worker="host:1", next_run_at=NOW - MINUTE)


def names(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(each.watchdog, each.subject) for each in findings]


@pytest.mark.parametrize(
    ("facts", "watchdog"),
    [
        (IDLE, None),
        (HELD, None),
        (replace(IDLE, next_run_at=NOW - 2 * MINUTE), None),
        (replace(IDLE, next_run_at=NOW - 2 * MINUTE - SECOND), "schedule_late"),
        (replace(IDLE, next_run_at=NOW - timedelta(hours=1), is_paused=True), None),
        (replace(HELD, next_run_at=NOW - timedelta(hours=1)), None),
        (replace(HELD, lease_until=NOW + 60 * SECOND), None),
        (replace(HELD, lease_until=NOW + 61 * SECOND), "lease_stuck"),
        (replace(HELD, last_sign_at=NOW - 6 * MINUTE), None),
        (replace(HELD, last_sign_at=NOW - 6 * MINUTE - SECOND), "lease_stuck"),
        (replace(IDLE, last_sign_at=NOW - timedelta(hours=1)), None),
        (replace(IDLE, last_checks_ended_by=("broker_unavailable", "")), None),
        (replace(IDLE, last_checks_ended_by=("broker_unavailable",)), None),
        (replace(IDLE, last_checks_ended_by=("queue_missing", "broker_unavailable")), "checks_failing"),
        (replace(IDLE, last_checks_ended_by=("", "queue_missing")), None),
        (replace(IDLE, last_checks_ended_by=("target_unreachable", "target_unreachable")), None),
    ],
)
def test_a_queue_is_judged_by_its_schedule_its_lease_and_its_last_checks(
    facts: QueueFacts, watchdog: str | None
) -> None:
    assert names(judge_queues([facts], LIMITS)) == ([] if watchdog is None else [(watchdog, QUEUE)])


@pytest.mark.parametrize("ended_by", ["target_unreachable", "credentials_refused", "on_hold"])
def test_a_target_that_is_away_is_one_finding_however_many_queues_it_hits(ended_by: str) -> None:
    hit = [
        replace(IDLE, queue=f"main.{name}", last_checks_ended_by=(ended_by, ""))
        for name in ("to_magento.pricing", "to_acumatica.order", "to_magento.inventory")
    ]
    well = replace(IDLE, queue="main.to_magento.product", last_checks_ended_by=("", ended_by))

    found = judge_targets([*hit, well])

    assert names(found) == [("target_lost", "magento"), ("target_lost", "acumatica")]
    assert found[0].is_warning
    assert found[0].reason == (
        f"checks end early: main.to_magento.inventory ({ended_by}), main.to_magento.pricing ({ended_by})"
    )


@pytest.mark.parametrize(
    "facts",
    [
        IDLE,
        replace(IDLE, last_checks_ended_by=()),
        replace(IDLE, last_checks_ended_by=("", "target_unreachable")),
        replace(IDLE, last_checks_ended_by=("rate_limited", "target_unreachable")),
        replace(IDLE, last_checks_ended_by=("target_unreachable",), is_paused=True),
    ],
)
def test_a_target_that_answers_or_is_not_asked_is_not_away(facts: QueueFacts) -> None:
    assert judge_targets([facts]) == []


def test_a_message_is_old_only_in_a_queue_that_is_run() -> None:
    ages = {"a": 16 * MINUTE, "b": 15 * MINUTE, "c": 16 * MINUTE}

    assert names(judge_ages(ages, live=frozenset({"a", "b"}), limits=LIMITS)) == [("message_old", "a")]


def test_what_is_gone_keeps_work_from_being_done_and_what_differs_does_not() -> None:
    found = judge_topology(
        Inspection(missing=(Difference(name="a", text="gone"),), differences=(Difference(name="b", text="other"),))
    )

    assert names(found) == [("missing_at_broker", "a"), ("differs_at_broker", "b")]
    assert [each.is_warning for each in found] == [False, True]


def test_a_message_at_the_broker_is_as_old_as_the_first_look_that_no_check_came_after() -> None:
    backlogs = Backlogs()

    def age(minute: int, ready: int | None, taken: int | None = None) -> float:
        at = NOW + minute * MINUTE
        taken_at = None if taken is None else NOW + taken * MINUTE
        return backlogs.note(QUEUE, Sample(at=at, ready=ready, taken_at=taken_at)) / MINUTE

    assert [age(0, 5), age(3, 9), age(4, None)] == [0, 3, 4]
    # A check that began in minute 5 took all there was: what is there now is younger.
    assert [age(6, 1, taken=5), age(8, 1, taken=5)] == [0, 2]
    assert [age(9, 0, taken=5), age(10, 7, taken=5), age(11, 7, taken=5)] == [0, 0, 1]


def test_a_cancelled_consumer_is_told_until_a_later_run_has_made_a_whole_check() -> None:
    cancellations = Cancellations()

    def is_told(minute: int, count: int, complete: int) -> bool:
        facts = replace(IDLE, now=NOW + minute * MINUTE, last_complete_run_at=NOW + complete * MINUTE)
        return cancellations.note(facts, count) is not None

    assert [is_told(0, 0, -1), is_told(1, 1, 0), is_told(2, 1, 1), is_told(3, 1, 2)] == [False, True, True, False]
    assert [is_told(4, 1, 2), is_told(5, 2, 4), is_told(6, 2, 6)] == [False, True, False]


@dataclass
class World:
    """Database, broker and gauges in one: what they tell is set by the test."""

    facts_told: list[QueueFacts] = field(default_factory=lambda: [IDLE])
    inspection: Inspection = field(default_factory=lambda: Inspection(missing=(), differences=()))
    connection: BrokerHealth = field(
        default_factory=lambda: BrokerHealth(is_connected=True, is_blocked=False, version="4.0.5")
    )
    limit: DeliveryLimit | None = None
    is_database_away: bool = False
    is_broker_away: bool = False
    at_broker: int = 0
    ages: Mapping[str, timedelta] = field(default_factory=dict)
    raised: Sequence[tuple[str, str]] = ()

    async def facts(self, queues: Sequence[str]) -> Sequence[QueueFacts]:
        if self.is_database_away:
            raise DatabaseUnavailable("away")
        return [each for each in self.facts_told if each.queue in queues]

    async def health(self) -> BrokerHealth:
        return self.connection

    async def inspect(self) -> Inspection:
        if self.is_broker_away:
            raise BrokerUnavailable("away")
        return self.inspection

    async def delivery_limit(self) -> DeliveryLimit | None:
        return self.limit

    async def ready(self, _queue: str) -> int:
        if self.is_broker_away:
            raise BrokerUnavailable("away")
        return self.at_broker

    def cancelled(self, _queue: str) -> int:
        return 0

    def set_watchdogs(self, raised: Sequence[tuple[str, str]]) -> None:
        self.raised = raised

    def set_oldest(self, ages: Mapping[str, timedelta]) -> None:
        self.ages = ages


def watching(world: World, *, worked: frozenset[str] = frozenset({QUEUE})) -> Watch:
    return Watch(
        Watched(queues=[QUEUE], worked=worked),
        database=world,
        broker=world,
        gauges=world,
        clock=FakeClock(),
        limits=LIMITS,
    )


async def test_only_changes_are_told() -> None:
    world = World()
    watch = watching(world)
    with capture_logs() as logs:
        await watch.look()
        world.facts_told = [replace(IDLE, next_run_at=NOW - timedelta(hours=1))]
        await watch.look()
        await watch.look()
        world.facts_told = [IDLE]
        await watch.look()

    assert [(each["event"], each["watchdog"], each["subject"]) for each in logs] == [
        ("watchdog.raised", "schedule_late", QUEUE),
        ("watchdog.cleared", "schedule_late", QUEUE),
    ]
    assert (list(watch.findings), list(world.raised)) == ([], [])


async def test_what_cannot_be_looked_at_has_not_become_well() -> None:
    missing = Difference(name="main.events", text="gone")
    world = World(
        facts_told=[replace(HELD, lease_until=NOW + timedelta(hours=1), oldest_stored_at=NOW - timedelta(hours=1))],
        inspection=Inspection(missing=(missing,), differences=()),
    )
    watch = watching(world)
    await watch.look()
    found = [("lease_stuck", QUEUE), ("missing_at_broker", "main.events"), ("message_old", QUEUE)]

    world.is_database_away = world.is_broker_away = True
    world.connection = BrokerHealth(is_connected=False, is_blocked=False, version=None)
    before = names(watch.findings)
    await watch.look()

    assert before == found
    assert names(watch.findings) == [("database_lost", "database"), ("broker_lost", "broker"), *found]
    assert list(world.raised) == names(watch.findings)


async def test_blocked_publishers_are_told() -> None:
    world = World(connection=BrokerHealth(is_connected=True, is_blocked=True, version="4.0.5"))
    watch = watching(world)

    await watch.look()

    assert names(watch.findings) == [("publishing_blocked", "broker")]


async def test_a_broker_that_drops_what_is_returned_too_often_is_told_with_the_remedy() -> None:
    world = World(limit=DeliveryLimit(bites=True, remedy="rabbitmqctl set_policy …"))
    watch = watching(world)

    await watch.look()
    found = list(watch.findings)
    world.limit = DeliveryLimit(bites=False)
    await watch.look()

    assert found == [Finding(watchdog="delivery_limit", subject="broker", reason="rabbitmqctl set_policy …")]
    assert found[0].is_warning
    assert list(watch.findings) == []


async def test_a_queue_that_this_process_does_not_run_is_late_for_nobody_and_old_for_nobody() -> None:
    world = World(
        facts_told=[
            replace(
                IDLE,
                next_run_at=NOW - timedelta(hours=1),
                oldest_stored_at=NOW - timedelta(hours=1),
                last_checks_ended_by=("target_unreachable",),
            )
        ]
    )
    watch = watching(world, worked=frozenset())

    await watch.look()

    assert list(watch.findings) == []
    assert world.ages == {QUEUE: timedelta(hours=1)}


async def test_the_watch_goes_on_after_a_fault_of_its_own() -> None:
    clock = FakeClock()
    world = World()
    watch = Watch(
        Watched(queues=[QUEUE], worked=frozenset({QUEUE})),
        database=world,
        broker=world,
        gauges=world,
        clock=clock,
        limits=LIMITS,
    )
    world.connection = None  # type: ignore[assignment] # what a fault of ours may look like
    with capture_logs() as logs:
        running = asyncio.create_task(watch.run())
        await clock.advance(15)
        world.connection = BrokerHealth(is_connected=True, is_blocked=True, version="4.0.5")
        await clock.advance(15)
        running.cancel()
        await asyncio.wait({running})

    assert [each["event"] for each in logs] == ["watch.crashed", "watchdog.raised"]
