"""What every schedule promises, in memory and in PostgreSQL (DESIGN.md, rules 7, 11 and 14)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from queues.errors import LeaseLost, NotFound
from queues.ports import CheckSummary, NotDue, RunLease
from queues.settings import QueueProcessingSettings
from tests.contract.queue_store import ORDERS, QUEUE, Store, open_store, run_lease
from tests.fakes.clock import START

NAME = QUEUE.name


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    database = request.getfixturevalue("database") if request.param == "postgres" else None
    async with open_store(database) as opened:
        yield opened


async def is_due(store: Store) -> bool:
    return isinstance(await store.schedule.begin_run(NAME), RunLease)


async def test_the_first_run_is_due_at_once(store: Store) -> None:
    assert await is_due(store)


async def test_a_queue_nobody_registered_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.schedule.begin_run("nobody.knows.it")


async def test_registering_again_keeps_the_grid(store: Store) -> None:
    await store.schedule.end_run(await run_lease(store))

    await store.register(NAME)

    assert not await is_due(store)


async def test_two_workers_never_run_one_queue_at_once_and_the_other_waits_a_moment(store: Store) -> None:
    await run_lease(store)
    await store.pass_time(50)

    other = await store.schedule.begin_run(NAME)

    assert isinstance(other, NotDue)
    assert timedelta(0) < other.wait <= timedelta(seconds=1)


async def test_queues_are_independent(store: Store) -> None:
    await run_lease(store)

    assert isinstance(await store.schedule.begin_run(ORDERS.name), RunLease)


async def test_the_next_run_is_due_one_interval_after_the_tick_and_not_before(store: Store) -> None:
    first = await run_lease(store)
    await store.pass_time(45)
    await store.schedule.end_run(first)

    early = await store.schedule.begin_run(NAME)
    await store.pass_time(15)
    second = await store.schedule.begin_run(NAME)

    assert isinstance(early, NotDue)
    assert isinstance(second, RunLease)
    assert second.fencing_token > first.fencing_token
    assert second.run_id != first.run_id


async def test_a_run_that_outlasts_its_tick_skips_it_and_goes_on_with_the_grid(store: Store) -> None:
    lease = await run_lease(store)
    for _ in range(3):
        await store.pass_time(50)
        await store.schedule.renew(lease)
    await store.schedule.end_run(lease)

    assert await store.skipped_ticks(NAME) == 2
    assert not await is_due(store)
    await store.pass_time(29)
    assert not await is_due(store)
    await store.pass_time(1.5)
    assert await is_due(store)


async def test_after_a_standstill_one_run_catches_up_and_the_other_ticks_are_skipped(store: Store) -> None:
    await store.schedule.end_run(await run_lease(store))
    await store.pass_time(60 * 10 + 20)

    lease = await run_lease(store)
    await store.schedule.end_run(lease)

    assert await store.skipped_ticks(NAME) == 9
    assert not await is_due(store)
    await store.pass_time(40.5)
    assert await is_due(store)


@pytest.mark.parametrize("minutes", [2, 60, 60 * 24 * 400])
async def test_a_clock_that_was_set_back_leaves_no_queue_alone_and_begins_the_grid_anew(
    minutes: int, store: Store
) -> None:
    await store.schedule.end_run(await run_lease(store))
    await store.set_clock_back(60 * minutes)

    lease = await run_lease(store)
    await store.schedule.end_run(lease)

    assert not await is_due(store)
    assert await store.skipped_ticks(NAME) == 0
    await store.pass_time(60)
    assert await is_due(store)


async def test_a_clock_that_was_set_back_by_less_than_an_interval_makes_no_tick_twice(store: Store) -> None:
    await store.schedule.end_run(await run_lease(store))
    await store.pass_time(30)
    await store.set_clock_back(29)

    assert not await is_due(store)


async def test_a_run_whose_worker_died_is_not_made_again(store: Store) -> None:
    await run_lease(store)
    await store.pass_time(59)
    while_it_holds = await is_due(store)
    await store.pass_time(1.5)

    assert not while_it_holds
    successor = await run_lease(store)
    assert successor.follows_loss
    assert await store.skipped_ticks(NAME) == 0
    await store.schedule.end_run(successor)
    await store.run_now(NAME)
    assert not (await run_lease(store)).follows_loss


async def test_a_renewed_lease_holds_and_an_old_one_is_lost_when_another_took_over(store: Store) -> None:
    old = await run_lease(store)
    await store.pass_time(50)
    await store.schedule.renew(old)
    await store.pass_time(30)
    held = await is_due(store)
    await store.pass_time(60)
    new = await run_lease(store)

    assert not held
    with pytest.raises(LeaseLost):
        await store.schedule.renew(old)
    with pytest.raises(LeaseLost):
        await store.schedule.record_check(old, CheckSummary(started_at=START))
    with pytest.raises(LeaseLost):
        await store.schedule.hold_until(old, 1)
    with pytest.raises(LeaseLost):
        await store.schedule.set_on_hold(old, on_hold=True, reason="away")
    await store.schedule.end_run(old)
    await store.schedule.renew(new)


async def test_run_now_runs_at_once_and_anchors_the_grid_anew(store: Store) -> None:
    await store.schedule.end_run(await run_lease(store))
    await store.pass_time(20)
    await store.run_now(NAME)

    lease = await run_lease(store)
    await store.schedule.end_run(lease)
    await store.pass_time(59)
    before = await is_due(store)
    await store.pass_time(1.5)

    assert not before
    assert await is_due(store)
    assert await store.skipped_ticks(NAME) == 0


async def test_run_now_during_a_run_follows_it(store: Store) -> None:
    lease = await run_lease(store)
    await store.run_now(NAME)

    assert not await is_due(store)
    await store.schedule.end_run(lease)
    assert await is_due(store)


async def test_a_paused_queue_does_not_run_and_resumes_at_its_next_tick(store: Store) -> None:
    await store.schedule.end_run(await run_lease(store))
    await store.pause(NAME)
    await store.pass_time(130)
    paused = await store.schedule.begin_run(NAME)
    terms = await store.schedule.terms(NAME)

    await store.resume(NAME)

    assert isinstance(paused, NotDue)
    assert terms.paused
    assert not (await store.schedule.terms(NAME)).paused
    assert not await is_due(store)
    await store.pass_time(50.5)
    assert await is_due(store)
    assert await store.skipped_ticks(NAME) == 0


async def test_a_time_the_target_asked_for_is_told_until_it_has_passed(store: Store) -> None:
    lease = await run_lease(store)
    await store.schedule.hold_until(lease, 30)
    await store.schedule.hold_until(lease, 5)

    during = await store.schedule.terms(NAME)
    await store.pass_time(31)

    assert during.hold_until is not None
    assert (await store.schedule.terms(NAME)).hold_until is None


async def test_waiting_for_the_target_is_noted_and_taken_back(store: Store) -> None:
    lease = await run_lease(store)
    await store.schedule.set_on_hold(lease, on_hold=True, reason="target_unreachable")
    during = await store.schedule.terms(NAME)
    await store.schedule.set_on_hold(lease, on_hold=False, reason="")

    assert during.on_hold
    assert not (await store.schedule.terms(NAME)).on_hold


async def test_without_any_version_the_settings_are_the_defaults(store: Store) -> None:
    terms = await store.schedule.terms(NAME)

    assert (terms.settings.version, terms.settings.settings) == (0, QueueProcessingSettings())
