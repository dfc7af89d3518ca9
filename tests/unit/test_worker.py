"""The rules of the Queue Processing Settings, through the whole engine on fakes (DESIGN.md, section 2)."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from queues.message import encode
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, Refused, Skipped, Undetermined, Unreachable, Verdict
from tests.cases_file import CASES
from tests.engine import build, pricing, running
from tests.fakes.clock import settle
from tests.strategies import event

NO = Refused(error_class="validation", text="Invalid attribute SKU", status=200)
GONE = Unreachable(text="connection refused")


@pytest.mark.parametrize(
    "case", CASES["plans"], ids=lambda case: "{waiting}-{threshold_count}-{batch_count}".format(**case)
)
async def test_the_requests_are_those_of_the_worked_example(case: dict[str, Any]) -> None:
    engine = build(QueueProcessingSettings(threshold_count=case["threshold_count"], batch_count=case["batch_count"]))
    engine.publish_count(case["waiting"])

    async with running(engine):
        await engine.clock.advance(1)

    assert engine.sender.sizes == case["sizes"]
    assert engine.checks[0].mode == case["mode"]
    assert await engine.waiting() == 0


async def test_a_queue_that_is_not_batchable_makes_fifty_requests_for_fifty_records() -> None:
    engine = build(definition=pricing(batchable=False, max_in_flight=4))
    engine.publish_count(50)

    async with running(engine):
        await engine.clock.advance(1)

    assert engine.sender.sizes == [1] * 50


@pytest.mark.parametrize("case", CASES["attempts"], ids=lambda case: str(case["retry_count"]))
async def test_a_record_that_is_always_refused_is_attempted_at_the_seconds_of_the_example_and_then_never_again(
    case: dict[str, Any],
) -> None:
    engine = build(
        QueueProcessingSettings(
            retry_count=case["retry_count"],
            check_process_time=case["check_process_time"],
            process_sleep_time=case["process_sleep_time"],
        )
    )
    engine.sender.script = lambda _message: NO
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(3600)

    assert engine.sender.times_of("AC-1000") == case["attempts_at"]
    assert engine.ledger.states() == {"AC-1000": "failed"}


async def test_success_on_the_last_attempt_is_success() -> None:
    engine = build(QueueProcessingSettings(retry_count=3))
    answers: list[Verdict] = [NO, GONE]
    script = engine.sender.script
    engine.sender.script = lambda message: answers.pop(0) if answers else script(message)
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(60)

    assert len(engine.sender.requests) == 3
    assert engine.ledger.states() == {"AC-1000": "delivered"}


async def test_what_arrives_during_a_check_waits_for_the_next_one() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=2))
    engine.sender.seconds = 1.0
    engine.publish_keys(["A", "B", "C", "D"])

    async with running(engine):
        await engine.clock.advance(0.5)
        engine.publish_keys(["E"])
        await engine.clock.advance(10)

    assert [keys for _, keys in engine.sender.requests] == [("A", "B"), ("C", "D"), ("E",)]
    assert engine.sender.times_of("E") == [7.0]


async def test_rows_of_the_ledger_go_before_deliveries_and_count_with_them() -> None:
    engine = build(QueueProcessingSettings(threshold_count=2, batch_count=10, retry_count=3))
    engine.sender.script = lambda message: NO if message.key in "AB" else Delivered()
    engine.publish_keys(["A", "B"])

    async with running(engine):
        await engine.clock.advance(1)
        engine.publish_keys(["C"])
        await engine.clock.advance(5)

    assert [keys for _, keys in engine.sender.requests] == [("A",), ("B",), ("A", "B", "C")]


async def test_in_a_batch_with_one_bad_record_the_others_arrive_and_only_the_bad_one_is_charged() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=25, retry_count=2))
    engine.sender.script = lambda message: NO if message.key == "AC-1007" else Delivered()
    engine.sender.whole = lambda part: (
        Undetermined(text="Validation Failed")
        if len(part) > 1 and any(each.key == "AC-1007" for each in part)
        else None
    )
    keys = engine.publish_count(25)

    async with running(engine):
        await engine.clock.advance(20)

    assert engine.ledger.states() == {key: "failed" if key == "AC-1007" else "delivered" for key in keys}
    assert engine.ledger.attempts_of("AC-1007") == 2
    assert [check.retried + check.failed for check in engine.checks if check.waiting] == [1, 1]


async def test_two_messages_of_one_record_count_twice_and_share_one_row_of_a_bulk_request() -> None:
    engine = build(QueueProcessingSettings(threshold_count=2, batch_count=25))
    engine.publish(event("A", number=1), event("A", number=2), event("B"))

    async with running(engine):
        await engine.clock.advance(1)

    assert engine.sender.requests == [(0.0, ("A", "B"))]
    assert engine.checks[0].waiting == 3
    assert engine.checks[0].delivered == 3


async def test_messages_of_one_record_never_overlap() -> None:
    engine = build(definition=pricing(batchable=False, max_in_flight=4))
    engine.sender.seconds = 1.0
    engine.publish(event("A", number=1), event("A", number=2), event("A", number=3), event("B"))

    async with running(engine):
        await engine.clock.advance(5)

    assert engine.sender.times_of("A") == [0.0, 1.0, 2.0]
    assert engine.sender.times_of("B") == [0.0]


async def test_an_older_message_than_the_delivered_one_is_superseded_without_a_request() -> None:
    engine = build()
    engine.publish(event("A", number=2), event("A", number=1))

    async with running(engine):
        await engine.clock.advance(1)

    assert len(engine.sender.requests) == 1
    assert engine.checks[0].delivered == 1
    assert engine.checks[0].skipped == 1


async def test_a_waiting_message_is_superseded_when_a_newer_one_is_delivered() -> None:
    engine = build(QueueProcessingSettings(threshold_count=25, retry_count=5))
    engine.sender.script = lambda message: NO if message.event.id == "A-1" else Delivered()
    engine.publish(event("A", number=1))

    async with running(engine):
        await engine.clock.advance(1)
        engine.publish(event("A", number=2))
        await engine.clock.advance(60)

    assert [at for at, _ in engine.sender.requests] == [0.0, 5.0, 5.0]


async def test_after_five_connection_failures_in_a_row_the_check_ends_and_the_rest_is_not_charged() -> None:
    engine = build(QueueProcessingSettings(retry_count=3))
    engine.sender.script = lambda _message: GONE
    keys = engine.publish_count(20)

    async with running(engine):
        await engine.clock.advance(1)

        assert len(engine.sender.requests) == 5
        assert {key: engine.ledger.attempts_of(key) for key in keys} == {
            key: 1 if position < 5 else 0 for position, key in enumerate(keys)
        }
        assert await engine.waiting() == 0
    assert engine.checks[0].ended_by == "target_unreachable"
    assert engine.source.returned(engine.definition.name) == 0


async def test_no_request_begins_once_the_lease_of_a_run_could_not_be_renewed_in_time() -> None:
    engine = build()
    engine.sender.seconds = 35.0
    engine.publish_count(3)

    async with running(engine):
        await engine.clock.advance(1)
        engine.ledger.is_away = True
        await engine.clock.advance(39)
        begun = [at for at, _ in engine.sender.requests]
        engine.ledger.is_away = False
        await engine.clock.advance(60)

    assert begun == [0.0]


async def test_a_check_that_ends_among_the_ledgers_rows_gives_nothing_of_the_broker_back() -> None:
    engine = build(QueueProcessingSettings(threshold_count=500, retry_count=100))
    engine.sender.script = lambda _message: GONE
    engine.publish_count(450)

    async with running(engine):
        await engine.clock.advance(1)
        engine.publish_keys(f"later-{number}" for number in range(20))
        for _ in range(10):
            await engine.clock.advance(1)

    assert [check.ended_by for check in engine.checks[:2]] == ["target_unreachable"] * 2
    assert engine.source.returned(engine.definition.name) == 0


async def test_an_outage_charges_only_the_attempts_made_and_everything_arrives_afterwards() -> None:
    engine = build(QueueProcessingSettings(retry_count=50))
    engine.sender.script = lambda _message: GONE
    keys = engine.publish_count(40)

    async with running(engine):
        await engine.clock.advance(120)
        engine.sender.script = build().sender.script
        await engine.clock.advance(120)

    assert engine.ledger.states() == dict.fromkeys(keys, "delivered")
    assert engine.source.returned(engine.definition.name) == 0


async def test_a_429_ends_the_check_and_no_request_is_made_before_the_stated_time() -> None:
    engine = build(QueueProcessingSettings(retry_count=9))
    limited = Refused(error_class="rate_limit", text="429", status=429, retry_after_seconds=30.0)
    answers: list[Verdict] = [limited]
    engine.sender.script = lambda _message: answers.pop(0) if answers else Delivered()
    engine.publish_count(3)

    async with running(engine):
        await engine.clock.advance(60)

    assert [at for at, _ in engine.sender.requests] == [0.0, 30.0, 30.0, 30.0]
    assert engine.ledger.attempts_of("AC-1000") == 2


async def test_with_the_policy_hold_nothing_is_attempted_until_a_probe_succeeds() -> None:
    engine = build(QueueProcessingSettings(outage_policy="hold", retry_count=3))
    engine.sender.script = lambda _message: GONE
    engine.sender.answers = False
    keys = engine.publish_count(8)

    async with running(engine):
        await engine.clock.advance(600)
        made = len(engine.sender.requests)
        engine.sender.answers = True
        engine.sender.script = build().sender.script
        await engine.clock.advance(60)

    assert made == 5
    assert engine.ledger.states() == dict.fromkeys(keys, "delivered")


async def test_fail_fast_fails_at_once_what_can_never_succeed() -> None:
    engine = build(QueueProcessingSettings(fail_fast=True, retry_count=5))
    engine.sender.script = lambda _message: NO
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(60)

    assert len(engine.sender.requests) == 1
    assert engine.ledger.states() == {"AC-1000": "failed"}


async def test_coalescing_counts_distinct_records_and_sends_the_newest_of_each() -> None:
    engine = build(QueueProcessingSettings(coalesce=True, threshold_count=2, batch_count=25))
    engine.publish(event("A", number=1), event("B", number=1), event("A", number=2), event("A", number=3))

    async with running(engine):
        await engine.clock.advance(1)

    assert sorted(keys for _, keys in engine.sender.requests) == [("A",), ("B",)]
    assert engine.checks[0].waiting == 2
    assert engine.ledger.state_of("A-1") == "coalesced"
    assert engine.ledger.state_of("A-3") == "delivered"


async def test_a_gate_skips_a_record_with_its_reason_and_it_is_not_failed() -> None:
    engine = build()
    engine.sender.script = lambda _message: Skipped(reason="item class is not enabled")
    engine.publish_count(2)

    async with running(engine):
        await engine.clock.advance(60)

    assert set(engine.ledger.states().values()) == {"skipped"}


async def test_bytes_that_are_no_event_become_a_dead_letter_without_an_attempt() -> None:
    engine = build()
    engine.source.publish(engine.definition.name, b"\xff\x00 not an event")
    engine.source.publish(engine.definition.name, encode(replace(event("X"), type="to_magento.inventory")))
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(60)

    assert [keys for _, keys in engine.sender.requests] == [("AC-1000",)]
    assert sorted(engine.ledger.unreadable()) == sorted(
        [b"\xff\x00 not an event", encode(replace(event("X"), type="to_magento.inventory"))]
    )
    assert await engine.waiting() == 0


async def test_settings_changed_take_effect_at_the_next_check() -> None:
    engine = build(QueueProcessingSettings(threshold_count=25, batch_count=25))
    engine.publish_count(4)

    async with running(engine):
        await engine.clock.advance(1)
        engine.schedule.use(QueueProcessingSettings(threshold_count=0, batch_count=2))
        engine.publish_keys(["A", "B", "C", "D"])
        await engine.clock.advance(5)

    assert engine.sender.sizes == [1, 1, 1, 1, 2, 2]


async def test_lowering_the_retry_count_fails_exhausted_messages_without_a_request() -> None:
    engine = build(QueueProcessingSettings(retry_count=5))
    engine.sender.script = lambda _message: NO
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(6)
        engine.schedule.use(QueueProcessingSettings(retry_count=1))
        await engine.clock.advance(60)

    assert len(engine.sender.requests) == 2
    assert engine.ledger.states() == {"AC-1000": "failed"}


async def test_a_pause_ends_the_run_after_the_check_in_hand_and_the_queue_keeps_collecting() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=1))
    engine.sender.seconds = 1.0
    engine.publish_count(3)

    async with running(engine):
        await engine.clock.advance(0.5)
        await engine.schedule.pause(engine.definition.name)
        await engine.clock.advance(30)
        engine.publish_keys(["later"])
        await engine.clock.advance(300)

        assert engine.sender.sizes == [1, 1, 1]
        assert await engine.waiting() == 1
        await engine.schedule.resume(engine.definition.name)
        await engine.clock.advance(60)

    assert engine.sender.times_of("later") == [360.0]


async def test_a_soft_stop_finishes_the_request_in_hand_and_keeps_the_rest_uncharged() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=1))
    engine.sender.seconds = 1.0
    keys = engine.publish_count(10)

    async with running(engine):
        await engine.clock.advance(0.5)
        engine.stop.request()
        await engine.clock.advance(1)

        assert engine.sender.sizes == [1]
        assert {key: engine.ledger.attempts_of(key) for key in keys} == {key: int(key == keys[0]) for key in keys}
        assert engine.source.returned(engine.definition.name) == 0

    successor = build(of=engine)
    async with running(successor):
        await engine.clock.advance(120)
    assert engine.ledger.states() == dict.fromkeys(keys, "delivered")


async def test_after_a_crash_in_mid_request_the_outcome_is_unknown_and_counts() -> None:
    engine = build(QueueProcessingSettings(retry_count=2))
    engine.sender.seconds = 10.0
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(1)
    successor = build(of=engine)
    engine.sender.seconds = 0.0
    engine.sender.script = lambda _message: NO
    async with running(successor):
        await engine.clock.advance(600)

    assert len(engine.sender.requests) == 2
    assert engine.ledger.states() == {"AC-1000": "failed"}
    assert engine.ledger.attempts_of("AC-1000") == 2


async def test_two_workers_deliver_every_event_once_and_make_the_requests_of_one() -> None:
    engine = build(QueueProcessingSettings(threshold_count=25, batch_count=25))
    other = build(of=engine)
    engine.publish_count(50)

    async with running(engine), running(other):
        await engine.clock.advance(120)

    assert engine.sender.sizes == [25, 25]


async def test_a_run_that_outlasts_its_minute_skips_the_tick_and_goes_on_with_the_grid() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=1))
    engine.sender.seconds = 70.0
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(71)
        engine.publish_keys(["later"])
        await engine.clock.advance(60)

    assert engine.sender.times_of("later") == [120.0]
    assert engine.schedule.skipped_ticks(engine.definition.name) == 1


async def test_a_batch_larger_than_what_may_be_held_in_hand_is_sent_whole() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=3_000))
    engine.publish_count(4_000)

    async with running(engine):
        await engine.clock.advance(1)

    assert engine.sender.sizes == [3_000, 1_000]


async def test_a_sender_that_crashes_spends_the_attempt_and_never_the_queue() -> None:
    engine = build(QueueProcessingSettings(retry_count=2))

    def crash(_message: object) -> Verdict:
        raise RuntimeError("a fault of ours")

    engine.sender.script = crash
    engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(60)
        engine.sender.script = build().sender.script
        engine.publish_keys(["next"])
        await engine.clock.advance(60)

    assert engine.ledger.states() == {"AC-1000": "failed", "next": "delivered"}


async def test_nothing_is_taken_while_the_database_is_away() -> None:
    engine = build()
    engine.publish_count(5)
    engine.ledger.is_away = True

    async with running(engine):
        await engine.clock.advance(60)
        assert await engine.waiting() == 5
        assert engine.sender.requests == []
        engine.ledger.is_away = False
        await engine.clock.advance(60)

    assert set(engine.ledger.states().values()) == {"delivered"}


async def test_a_run_goes_on_when_the_database_comes_back() -> None:
    engine = build()

    async with running(engine):
        await engine.clock.advance(7)
        engine.ledger.is_away = True
        await engine.clock.advance(10)
        engine.ledger.is_away = False
        engine.publish_count(1)
        await engine.clock.advance(5)

    assert engine.sender.times_of("AC-1000") == [20.0]
    assert [check.ended_by for check in engine.checks] == ["", "", "database_unavailable", "database_unavailable", ""]


async def test_a_broker_lost_in_a_check_doubles_nothing() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=1))
    engine.sender.seconds = 1.0
    keys = engine.publish_count(5)

    async with running(engine):
        await engine.clock.advance(1.5)
        engine.source.lose_connection()
        await settle()
        await engine.clock.advance(120)

    assert engine.ledger.states() == dict.fromkeys(keys, "delivered")
    assert [len(engine.sender.times_of(key)) for key in keys] == [1] * 5


@pytest.mark.parametrize("seconds", [-3600, 3600, -86_400 * 30], ids=["back", "forward", "far back"])
async def test_a_clock_that_is_set_in_a_run_changes_nothing_in_that_run(seconds: float) -> None:
    engine = build(QueueProcessingSettings(retry_count=99, check_process_time=50, process_sleep_time=5))
    engine.sender.script = lambda _message: NO
    (key,) = engine.publish_count(1)

    async with running(engine):
        await engine.clock.advance(12)
        engine.clock.step(seconds)
        await engine.clock.advance(168)

    times = engine.sender.times_of(key)
    assert times[:10] == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]
    # However the clock was set, the queue is run again within two intervals, and never twice at once.
    assert times[10] <= 120
    assert all(b - a >= 5 for a, b in itertools.pairwise(times))


@pytest.mark.parametrize("is_deleted", [False, True], ids=["the broker is away", "the queue was deleted"])
async def test_what_waits_in_the_ledger_is_attempted_while_the_broker_has_nothing_to_say(*, is_deleted: bool) -> None:
    engine = build(QueueProcessingSettings(retry_count=3, check_process_time=10, process_sleep_time=5))
    engine.sender.script = lambda _message: NO
    keys = engine.publish_count(2)

    async with running(engine):
        await engine.clock.advance(1)
        if is_deleted:
            engine.source.delete(engine.definition.name)
        else:
            engine.source.is_down = True
        engine.sender.script = build().sender.script
        await engine.clock.advance(5)

    assert engine.ledger.states() == dict.fromkeys(keys, "delivered")
    assert [engine.ledger.attempts_of(key) for key in keys] == [2, 2]
    assert [check.ended_by for check in engine.checks] == ["", "queue_missing" if is_deleted else "broker_unavailable"]


async def test_claims_that_cannot_be_given_back_at_once_are_given_back_when_the_database_is_there_again() -> None:
    engine = build(QueueProcessingSettings(threshold_count=0, batch_count=1, retry_count=2))
    engine.sender.seconds = 1.0
    engine.sender.script = lambda _message: GONE
    keys = engine.publish_count(10)

    async with running(engine):
        await engine.clock.advance(0.5)
        engine.ledger.is_away = True
        await engine.clock.advance(10)
        engine.ledger.is_away = False
        engine.sender.script = build().sender.script
        await engine.clock.advance(60)

    assert engine.ledger.states() == dict.fromkeys(keys, "delivered")
    assert [engine.ledger.attempts_of(key) for key in keys] == [2] * 2 + [1] * 8


async def test_a_worker_that_is_woken_looks_at_its_schedule_at_once() -> None:
    engine = build(QueueProcessingSettings(check_process_time=1, process_sleep_time=1))

    async with running(engine):
        await engine.clock.advance(10)
        engine.publish_count(1)
        await engine.schedule.run_now(engine.definition.name)
        await settle()
        before = len(engine.sender.requests)
        engine.worker.wake()
        await settle()

        assert before == 0
        assert engine.sender.times_of("AC-1000") == [10.0]
