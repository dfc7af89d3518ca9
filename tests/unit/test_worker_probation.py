"""What may have killed a worker is tried while nothing else is in hand (RELIABILITY.md, F9)."""

import asyncio
from datetime import timedelta

from daemon.watch.findings import Finding
from daemon.watch.judging import Limits, judge_queues
from queues.definition import QueueDefinition
from queues.message import decode, encode
from queues.ports import RunLease
from queues.postgres.watching import QueueFacts
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, Undetermined
from queues.worker.probation import Probation
from tests.engine import SPANS, Engine, build, running
from tests.fakes.clock import START, settle
from tests.strategies import event

STATUS = QueueDefinition(
    instance="main", direction="to_magento", entity="product_status", batchable=False, max_in_flight=1
)
SETTINGS = QueueProcessingSettings(threshold_count=1, batch_count=32, retry_count=3, check_process_time=1)
LIMITS = Limits(
    interval=timedelta(seconds=60),
    run_lease=SPANS.run_lease,
    standstill=2 * SPANS.claim_lease,
    oldest_message=timedelta(days=1),
)


async def test_a_suspect_waits_until_nothing_is_in_hand_and_nothing_joins_while_it_is_tried() -> None:
    probation = Probation()
    told: list[str] = []

    async def suspect(name: str, is_answered: asyncio.Event) -> None:
        async with probation.alone(name):
            told.append(f"{name} alone")
            await is_answered.wait()
            told.append(f"{name} over")

    async def group() -> None:
        await probation.join("C")
        told.append("joined")

    await probation.join("C")
    await probation.join("C")
    first, second = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(suspect("A", first))
        tasks.create_task(suspect("B", second))
        await settle()
        tasks.create_task(group())
        await settle()
        assert told == []

        probation.leave("C")
        await settle()
        assert told == []

        probation.leave("C")
        await settle()
        assert told == ["A alone"]

        first.set()
        await settle()
        second.set()

    assert told == ["A alone", "A over", "B alone", "B over", "joined"]


async def leave_suspects(engine: Engine, *keys: str) -> None:
    """Leave messages behind whose last attempt ended with a dead worker."""
    await engine.schedule.register(engine.definition.name)
    lease = await engine.schedule.begin_run(engine.definition.name)
    assert isinstance(lease, RunLease)
    messages = [decode(encode(event(key, kind=engine.definition.event_type))) for key in keys]
    await engine.ledger.keep(lease, messages, claimed=False)
    await engine.ledger.claim(lease, engine.definition, messages, retry_count=SETTINGS.retry_count, stored=True)
    await engine.clock.advance(SPANS.claim_lease.total_seconds() + 1)


def stuck(engine: Engine) -> list[Finding]:
    """Judge a queue as the watchdog does, by the signs that the database would have of it."""
    row, clock = engine.schedule.queues[engine.definition.name], engine.clock
    answered = [START + timedelta(seconds=at + engine.sender.seconds) for at, _ in engine.sender.requests]
    signs = [at for at in (row.run.tick if row.run else None, row.held_up_at, *answered) if at and at <= clock.now()]
    facts = QueueFacts(
        queue=engine.definition.name,
        now=clock.now(),
        next_run_at=row.next_run_at,
        is_paused=False,
        is_held=row.run is not None,
        lease_until=row.lease_until,
        worker="host:1",
        last_sign_at=max(signs, default=clock.now()),
        last_checks_ended_by=(),
        last_complete_run_at=None,
        oldest_stored_at=None,
    )
    return [each for each in judge_queues([facts], LIMITS) if each.watchdog == "lease_stuck"]


async def test_a_queue_that_waits_for_a_bisected_request_of_another_one_is_not_taken_for_stuck() -> None:
    probation = Probation()
    bisecting = build(SETTINGS, probation=probation)
    waiting = build(of=bisecting, definition=STATUS, probation=probation)
    await leave_suspects(waiting, "AC-1")
    bisecting.sender.seconds = 10.0
    bisecting.sender.whole = lambda part: Undetermined(error_class="validation", text="no") if len(part) > 1 else None
    bisecting.publish_count(32)
    found: list[Finding] = []

    async with running(bisecting):
        await bisecting.clock.advance(1)
        async with running(waiting):
            for _ in range(80):
                await bisecting.clock.advance(10)
                found += [*stuck(waiting), *stuck(bisecting)]

    # 63 requests of 10 s: far longer than anything may do nothing.
    assert len(bisecting.sender.requests) == 63
    assert waiting.sender.times_of("AC-1")[0] - bisecting.sender.requests[-1][0] >= 10
    assert found == []


async def test_many_suspects_in_a_row_let_other_queues_work_in_between() -> None:
    probation = Probation()
    suspected = build(SETTINGS, probation=probation)
    other = build(of=suspected, definition=STATUS, probation=probation)
    await leave_suspects(suspected, *(f"AC-{number}" for number in range(40)))
    suspected.sender.seconds = 10.0

    async with running(suspected):
        await suspected.clock.advance(1)
        other.publish(event("AC-1001", kind=STATUS.event_type))
        async with running(other):
            await suspected.clock.advance(500)

    assert len(suspected.sender.requests) == 40
    assert [key for _, keys in other.sender.requests for key in keys] == ["AC-1001"]
    # Behind the suspect that was being tried, and the one that had queued up behind it at most.
    assert other.sender.times_of("AC-1001")[0] - suspected.sender.requests[0][0] <= 20


async def test_a_queue_whose_own_request_hangs_is_stuck_though_others_wait_behind_it() -> None:
    probation = Probation()
    hanging = build(SETTINGS, probation=probation)
    behind = build(of=hanging, definition=STATUS, probation=probation)
    await leave_suspects(behind, "AC-1")
    hanging.sender.seconds = 3600.0
    hanging.sender.script = lambda _message: Delivered()
    hanging.publish_count(1)

    async with running(hanging):
        await hanging.clock.advance(1)
        async with running(behind):
            await hanging.clock.advance(LIMITS.standstill.total_seconds() + 60)

            assert [each.subject for each in (*stuck(hanging), *stuck(behind))] == [hanging.definition.name]


async def test_a_suspect_that_waits_for_its_own_queue_is_not_held_up_by_another() -> None:
    probation = Probation()
    await probation.join("A")

    async def alone() -> None:
        async with probation.alone("A"):
            pass

    suspect = asyncio.create_task(alone())
    await settle()
    assert not probation.holds_up("A")

    join = asyncio.create_task(probation.join("B"))
    await settle()
    assert probation.holds_up("B")
    assert not probation.holds_up("A")

    probation.leave("A")
    await asyncio.gather(suspect, join)
    assert not probation.holds_up("B")
