"""What every ledger promises, in memory and in PostgreSQL (RELIABILITY.md, section 2)."""

from collections.abc import AsyncIterator

import pytest

from queues.errors import LeaseLost
from queues.message import Message
from queues.ports import (
    Claimed,
    Exhausted,
    Finished,
    FinishedRequest,
    Held,
    Outcome,
    Outdated,
    RunLease,
    UnreadableMessage,
)
from queues.verdicts import Delivered, Exchange
from tests.contract.queue_store import ORDERS, QUEUE, REFUSED, Letter, Store, ended, open_store, run_lease, settle
from tests.fakes.clock import START
from tests.strategies import message


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    database = request.getfixturevalue("database") if request.param == "postgres" else None
    async with open_store(database) as opened:
        yield opened


async def claim(
    store: Store, lease: RunLease, *messages: Message, retry_count: int = 3, stored: bool = False
) -> list[object]:
    return list(await store.ledger.claim(lease, QUEUE, messages, retry_count=retry_count, stored=stored))


async def fail_until_dead(store: Store, lease: RunLease, each: Message) -> None:
    """Use one attempt, the only one, up."""
    assert await claim(store, lease, each, retry_count=1) == [Claimed(attempt=1)]
    await settle(store, lease, ended(each, 1, "failed"))


async def take_over(store: Store) -> RunLease:
    """Let every lease run out and begin the next run, as after a crash."""
    await store.pass_time(200)
    return await run_lease(store)


async def waiting_messages(store: Store, lease: RunLease) -> list[tuple[bytes, int, int]]:
    rows = await store.ledger.open_check(lease)
    page = await store.ledger.page(lease, after=0, up_to=rows.up_to, limit=1000)
    assert len(page) == rows.count
    return [(each.body, each.generation, each.attempts) for each in page]


# --- claims ---------------------------------------------------------------------------------------------------------


async def test_a_new_message_is_granted_its_first_attempt(store: Store) -> None:
    lease = await run_lease(store)

    assert await claim(store, lease, message("A"), message("B")) == [Claimed(attempt=1), Claimed(attempt=1)]


async def test_a_finished_message_that_comes_again_is_only_acknowledged(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"), message("B"))
    await settle(store, lease, ended(message("A"), 1, "delivered"), ended(message("B"), 1, "failed"))

    assert await claim(store, lease, message("A"), message("B")) == [
        Finished(state="delivered"),
        Finished(state="failed"),
    ]


async def test_attempts_rise_until_the_retry_count_and_then_none_is_granted(store: Store) -> None:
    lease = await run_lease(store)
    each = message("A")
    granted = [await claim(store, lease, each, retry_count=3)]
    for number in (1, 2):
        await settle(store, lease, ended(each, number, "waiting"))
        granted.append(await claim(store, lease, each, retry_count=3, stored=True))
    await settle(store, lease, ended(each, 3, "waiting"))

    assert granted == [[Claimed(attempt=1)], [Claimed(attempt=2)], [Claimed(attempt=3)]]
    assert await claim(store, lease, each, retry_count=3, stored=True) == [Exhausted(attempts=3, outcome_unknown=False)]


async def test_a_broker_copy_of_what_waits_in_the_ledger_is_only_acknowledged(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    await settle(store, lease, ended(message("A"), 1, "waiting"))

    assert await claim(store, lease, message("A"), stored=False) == [Finished(state="waiting")]
    assert await claim(store, lease, message("A"), stored=True) == [Claimed(attempt=2)]


async def test_a_message_twice_in_one_group_is_granted_once_and_held_once(store: Store) -> None:
    lease = await run_lease(store)

    results = await claim(store, lease, message("A"), message("B"), message("A"))

    assert results == [Claimed(attempt=1), Claimed(attempt=1), Held()]


async def test_a_live_claim_of_this_run_is_held_for_the_second_copy(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))

    assert await claim(store, lease, message("A")) == [Held()]


async def test_a_live_claim_of_a_dead_owner_is_held_and_its_body_taken_into_custody(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    await store.pass_time(100)
    successor = await run_lease(store)

    held = await claim(store, successor, message("A"))
    too_early = await waiting_messages(store, successor)
    await store.pass_time(100)
    third = await run_lease(store)

    assert held == [Held()]
    assert too_early == []
    assert await waiting_messages(store, third) == [(message("A").body, 0, 1)]
    assert await store.attempts(message("A")) == ["unknown"]


async def test_a_record_that_another_owner_has_in_hand_is_left_alone_until_its_claim_is_over(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A", number=1))
    await store.ledger.keep(lease, [message("A", number=2)], claimed=False)
    await store.pass_time(100)
    successor = await run_lease(store)
    rows = await store.ledger.open_check(successor)

    held = await store.ledger.claim(
        successor,
        QUEUE,
        [message("A", number=3), message("B"), message("A", number=4)],
        retry_count=3,
        stored=False,
        others_hold=True,
    )
    stored = await store.ledger.claim(
        successor, QUEUE, [message("A", number=2)], retry_count=3, stored=True, others_hold=True
    )
    await settle(store, successor, ended(message("B"), 1, "delivered"))
    await store.pass_time(100)
    third = await run_lease(store)
    after = await store.ledger.open_check(third)

    assert rows.others_hold
    assert held == [Held(), Claimed(attempt=1), Held()]
    assert stored == [Held()]
    assert not after.others_hold
    assert {each for each, _, _ in await waiting_messages(store, third)} >= {
        message("A", number=number).body for number in (2, 3, 4)
    }
    assert await claim(store, third, message("A", number=3), stored=True) == [Claimed(attempt=1)]


async def test_an_expired_claim_is_granted_anew_and_the_lost_attempt_is_noted(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    successor = await take_over(store)

    assert await claim(store, successor, message("A")) == [Claimed(attempt=2)]
    await settle(store, successor, ended(message("A"), 2, "delivered"))
    assert await store.attempts(message("A")) == ["unknown", "delivered"]


async def test_an_expired_claim_of_the_last_attempt_is_exhausted_with_its_outcome_unknown(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"), retry_count=1)
    successor = await take_over(store)

    results = await claim(store, successor, message("A"), retry_count=1)
    await settle(store, successor, ended(message("A"), 0, "failed"))

    assert results == [Exhausted(attempts=1, outcome_unknown=True)]
    assert await store.states() == {"A-0/0": "failed"}
    assert await store.attempts(message("A")) == ["unknown"]
    letter = (await store.letters())[message("A").message_id]
    assert (letter.state, letter.reason, letter.attempts) == ("failed", "outcome_unknown", 1)


async def test_a_last_attempt_that_was_swept_up_is_still_of_unknown_outcome(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"), message("B"), retry_count=1)
    await settle(store, lease, ended(message("B"), 1, "waiting"))
    await store.pass_time(100)
    assert await claim(store, await run_lease(store), message("A"), retry_count=1) == [Held()]
    third = await take_over(store)
    rows = await store.ledger.open_check(third)
    page = await store.ledger.page(third, after=0, up_to=rows.up_to, limit=9)

    results = await claim(store, third, message("A"), message("B"), retry_count=1, stored=True)
    await settle(store, third, ended(message("A"), 0, "failed"), ended(message("B"), 0, "failed"))

    assert {each.body: each.outcome_unknown for each in page} == {message("A").body: True, message("B").body: False}
    assert results == [Exhausted(attempts=1, outcome_unknown=True), Exhausted(attempts=1, outcome_unknown=False)]
    letters = await store.letters()
    assert letters[message("A").message_id].reason == "outcome_unknown"
    assert letters[message("B").message_id].reason == "attempts_used_up"


async def test_lowering_the_retry_count_exhausts_and_raising_it_revives_nothing(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"), retry_count=5)
    await settle(store, lease, ended(message("A"), 1, "waiting"))

    lowered = await claim(store, lease, message("A"), retry_count=1, stored=True)
    await settle(store, lease, ended(message("A"), 0, "failed"))

    assert lowered == [Exhausted(attempts=1, outcome_unknown=False)]
    assert await claim(store, lease, message("A"), retry_count=9, stored=True) == [Finished(state="failed")]
    assert (await store.letters())[message("A").message_id].reason == "attempts_used_up"


async def test_a_run_whose_lease_went_to_another_can_claim_nothing(store: Store) -> None:
    old = await run_lease(store)
    new = await take_over(store)
    await store.ledger.open_check(new)

    with pytest.raises(LeaseLost):
        await claim(store, old, message("A"))
    assert await store.states() == {}


async def test_an_older_message_than_the_one_delivered_is_outdated(store: Store) -> None:
    lease = await run_lease(store)
    older, newer = message("A", number=1), message("A", number=2)
    await claim(store, lease, newer)
    await settle(store, lease, ended(newer, 1, "delivered"))

    results = await claim(store, lease, older, message("B", number=1))
    await settle(store, lease, ended(older, 0, "superseded"))

    assert results == [Outdated(), Claimed(attempt=1)]
    assert (await store.states())["A-1/0"] == "superseded"
    assert await claim(store, lease, older) == [Finished(state="superseded")]


async def test_orders_are_never_outdated_nor_superseded(store: Store) -> None:
    lease = await run_lease(store, ORDERS)
    older, newer = message("A", number=1), message("A", number=2)
    await store.ledger.keep(lease, [older], claimed=False)
    await store.ledger.claim(lease, ORDERS, [newer], retry_count=3, stored=False)
    await settle(store, lease, ended(newer, 1, "delivered"), definition=ORDERS)

    assert (await store.states())["A-1/0"] == "waiting"
    assert await store.ledger.claim(lease, ORDERS, [older], retry_count=3, stored=True) == [Claimed(attempt=1)]


async def test_renewed_claims_outlive_their_first_lease(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    await store.pass_time(170)
    await store.ledger.renew_claims(lease)
    await store.pass_time(20)

    assert await claim(store, await run_lease(store), message("A")) == [Held()]


# --- settling -------------------------------------------------------------------------------------------------------


async def test_an_outcome_is_written_only_while_the_claim_is_ours(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    successor = await take_over(store)
    assert await claim(store, successor, message("A")) == [Claimed(attempt=2)]

    await settle(store, lease, ended(message("A"), 1, "delivered"))

    assert await store.states() == {"A-0/0": "trying"}
    await settle(store, successor, ended(message("A"), 2, "waiting"))
    assert await store.states() == {"A-0/0": "waiting"}


async def test_an_outcome_of_an_earlier_attempt_that_comes_late_decides_nothing(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    await settle(store, lease, ended(message("A"), 1, "waiting"))
    assert await claim(store, lease, message("A"), stored=True) == [Claimed(attempt=2)]

    await settle(store, lease, ended(message("A"), 1, "delivered"))

    assert await store.states() == {"A-0/0": "trying"}
    await settle(store, lease, ended(message("A"), 2, "waiting"))
    assert await store.attempts(message("A")) == ["refused", "refused"]


async def test_settling_twice_changes_nothing(store: Store) -> None:
    lease = await run_lease(store)
    exchange = Exchange(request="POST /x", request_id="r-1", started_at=START, duration_ms=1.5, records=2, status=200)
    await claim(store, lease, message("A"), message("B"), retry_count=1)
    request = FinishedRequest(
        mode="batch",
        exchange=exchange,
        outcomes=[
            Outcome(message=message("A"), attempt=1, verdict=Delivered(exchange=exchange), state="delivered"),
            Outcome(message=message("B"), attempt=1, verdict=REFUSED, state="failed", reason="no"),
        ],
    )

    await settle(store, lease, request)
    first = await store.letters()
    await settle(store, lease, request)

    assert await store.states() == {"A-0/0": "delivered", "B-0/0": "failed"}
    assert await store.letters() == first
    assert await store.attempts(message("B")) == ["refused"]


async def test_what_waits_keeps_its_bytes_and_its_place(store: Store) -> None:
    lease = await run_lease(store)
    messages = [message(f"K{number}", number=number) for number in range(20)]
    await claim(store, lease, *messages)
    await settle(store, lease, *(ended(each, 1, "waiting") for each in reversed(messages)))

    assert await waiting_messages(store, lease) == [(each.body, 0, 1) for each in messages]


async def test_pages_are_read_in_queue_order_and_not_beyond_the_snapshot(store: Store) -> None:
    lease = await run_lease(store)
    messages = [message(f"K{number}") for number in range(7)]
    await store.ledger.keep(lease, messages[:5], claimed=False)
    rows = await store.ledger.open_check(lease)
    await store.ledger.keep(lease, messages[5:], claimed=False)

    first = await store.ledger.page(lease, after=0, up_to=rows.up_to, limit=3)
    second = await store.ledger.page(lease, after=first[-1].sequence, up_to=rows.up_to, limit=3)

    assert rows.count == 5
    assert [each.message_id for each in [*first, *second]] == [each.message_id for each in messages[:5]]


async def test_the_last_failed_attempt_makes_a_dead_letter_with_the_bytes(store: Store) -> None:
    lease = await run_lease(store)

    await fail_until_dead(store, lease, message("A"))

    assert await store.letters() == {
        message("A").message_id: Letter(
            state="failed",
            reason="attempts_used_up",
            generation=0,
            attempts=1,
            occurrences=1,
            body=message("A").body,
        )
    }


async def test_a_delivery_supersedes_what_waits_and_what_failed_with_an_older_time(store: Store) -> None:
    lease = await run_lease(store)
    waiting, failed, newest, later, other = (
        message("A", number=1),
        message("A", number=2),
        message("A", number=5),
        message("A", number=9),
        message("B", number=1),
    )
    await fail_until_dead(store, lease, failed)
    await store.ledger.keep(lease, [waiting, later, other], claimed=False)
    await claim(store, lease, newest)

    await settle(store, lease, ended(newest, 1, "delivered"))

    assert await store.states() == {
        "A-1/0": "superseded",
        "A-2/0": "failed",
        "A-5/0": "delivered",
        "A-9/0": "waiting",
        "B-1/0": "waiting",
    }
    assert (await store.letters())[failed.message_id].state == "superseded"


async def test_a_refused_message_supersedes_nothing(store: Store) -> None:
    lease = await run_lease(store)
    await store.ledger.keep(lease, [message("A", number=1)], claimed=False)
    await claim(store, lease, message("A", number=2))

    await settle(store, lease, ended(message("A", number=2), 1, "waiting"))

    assert set((await store.states()).values()) == {"waiting"}


async def test_bytes_that_are_no_event_are_kept_without_an_attempt_and_counted_when_they_come_again(
    store: Store,
) -> None:
    lease = await run_lease(store)
    poison = UnreadableMessage(body=b"\xff\x00{", headers={"x": "a\x00b"}, code="not_utf8", error="byte 0")

    await settle(store, lease, unreadable=[poison, poison])
    await settle(store, lease, unreadable=[poison])

    assert list((await store.letters()).values()) == [
        Letter(state="failed", reason="invalid_message", generation=0, attempts=0, occurrences=3, body=b"\xff\x00{")
    ]


async def test_reprocessed_bytes_that_still_are_no_event_fail_again_in_their_generation(store: Store) -> None:
    lease = await run_lease(store)
    poison = UnreadableMessage(body=b"{", headers={}, code="not_json", error="end of input")
    await settle(store, lease, unreadable=[poison])
    (message_id,) = await store.letters()
    assert await store.reprocess(message_id)
    rows = await store.ledger.open_check(lease)
    (stored,) = await store.ledger.page(lease, after=0, up_to=rows.up_to, limit=9)

    await settle(
        store,
        lease,
        unreadable=[UnreadableMessage(body=b"{", headers={}, code="not_json", error="end of input", stored=stored)],
    )

    letter = (await store.letters())[message_id]
    assert (letter.state, letter.generation, letter.body) == ("failed", 1, b"{")
    assert (await store.ledger.open_check(lease)).count == 0


async def test_a_request_without_exchange_is_logged_once(store: Store) -> None:
    lease = await run_lease(store)
    await store.ledger.keep(lease, [message("A")], claimed=False)

    await settle(store, lease, ended(message("A"), 0, "failed"))
    await settle(store, lease, ended(message("A"), 0, "failed"))

    assert await store.log_rows() == 1


# --- reprocessing ---------------------------------------------------------------------------------------------------


async def test_reprocessing_gives_one_new_generation_with_a_budget_of_its_own(store: Store) -> None:
    lease = await run_lease(store)
    each = message("A")
    await fail_until_dead(store, lease, each)

    clicks = [await store.reprocess(each.message_id), await store.reprocess(each.message_id)]

    assert clicks == [True, False]
    assert await waiting_messages(store, lease) == [(each.body, 1, 0)]
    assert await claim(store, lease, each, stored=False) == [Finished(state="failed")]
    assert await claim(store, lease, each.again(1), stored=True) == [Claimed(attempt=1)]
    await settle(store, lease, ended(each.again(1), 1, "delivered"))
    assert (await store.letters())[each.message_id].state == "reprocessed"
    assert await store.attempts(each) == ["refused", "delivered"]


async def test_a_reprocessed_message_that_fails_again_is_failed_in_its_new_generation(store: Store) -> None:
    lease = await run_lease(store)
    each = message("A")
    await fail_until_dead(store, lease, each)
    await store.reprocess(each.message_id)

    await claim(store, lease, each.again(1), retry_count=1, stored=True)
    await settle(store, lease, ended(each.again(1), 1, "failed"))

    letter = (await store.letters())[each.message_id]
    assert (letter.state, letter.generation, letter.attempts) == ("failed", 1, 1)
    assert await store.reprocess(each.message_id)


async def test_a_person_may_reprocess_an_older_message_on_purpose(store: Store) -> None:
    lease = await run_lease(store)
    older, newer = message("A", number=1), message("A", number=2)
    await fail_until_dead(store, lease, older)
    await claim(store, lease, newer)
    await settle(store, lease, ended(newer, 1, "delivered"))
    assert (await store.letters())[older.message_id].state == "superseded"

    assert await store.reprocess(older.message_id)

    assert await claim(store, lease, older.again(1), stored=True) == [Claimed(attempt=1)]


async def test_a_newer_delivery_supersedes_a_reprocessing_that_still_waits(store: Store) -> None:
    lease = await run_lease(store)
    older, newer = message("A", number=1), message("A", number=2)
    await fail_until_dead(store, lease, older)
    await store.reprocess(older.message_id)
    await claim(store, lease, newer)

    await settle(store, lease, ended(newer, 1, "delivered"))

    assert (await store.letters())[older.message_id].state == "superseded"
    assert (await store.ledger.open_check(lease)).count == 0


# --- keeping and coalescing -----------------------------------------------------------------------------------------


async def test_what_was_not_tried_is_kept_uncharged_in_its_order(store: Store) -> None:
    lease = await run_lease(store)
    messages = [message(f"K{number}") for number in range(10)]

    await store.ledger.keep(lease, messages, claimed=False)
    await store.ledger.keep(lease, messages, claimed=False)

    assert await waiting_messages(store, lease) == [(each.body, 0, 0) for each in messages]


async def test_a_claim_that_was_never_used_is_taken_back(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))

    await store.ledger.keep(lease, [message("A")], claimed=True)

    assert await waiting_messages(store, lease) == [(message("A").body, 0, 0)]
    assert await claim(store, lease, message("A"), stored=True) == [Claimed(attempt=1)]
    assert await store.attempts(message("A")) == []


async def test_keeping_takes_no_claim_back_that_is_not_ours(store: Store) -> None:
    lease = await run_lease(store)
    await claim(store, lease, message("A"))
    successor = await take_over(store)
    await claim(store, successor, message("A"))

    await store.ledger.keep(lease, [message("A")], claimed=True)

    assert await store.states() == {"A-0/0": "trying"}


async def test_keeping_never_reopens_what_is_finished(store: Store) -> None:
    lease = await run_lease(store)
    await fail_until_dead(store, lease, message("A"))

    await store.ledger.keep(lease, [message("A")], claimed=False)

    assert await store.states() == {"A-0/0": "failed"}


async def test_coalescing_leaves_the_newest_of_every_record(store: Store) -> None:
    lease = await run_lease(store)
    messages = [message("A", number=1), message("B", number=4), message("A", number=3), message("A", number=2)]
    await store.ledger.keep(lease, messages, claimed=False)
    rows = await store.ledger.open_check(lease)
    await store.ledger.keep(lease, [message("A", number=9)], claimed=False)

    left = await store.ledger.coalesce(lease, QUEUE, up_to=rows.up_to)

    assert left == 2
    assert await store.states() == {
        "A-1/0": "coalesced",
        "B-4/0": "waiting",
        "A-3/0": "waiting",
        "A-2/0": "coalesced",
        "A-9/0": "waiting",
    }


async def test_orders_are_counted_and_never_coalesced(store: Store) -> None:
    lease = await run_lease(store, ORDERS)
    await store.ledger.keep(lease, [message("A", number=1), message("A", number=2)], claimed=False)
    rows = await store.ledger.open_check(lease)

    assert await store.ledger.coalesce(lease, ORDERS, up_to=rows.up_to) == 2
