"""The small parts of the worker: bisecting, newest of each record, turns, breaker."""

import asyncio
from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from queues.message import Message
from queues.verdicts import Delivered, Refused, Undetermined, Unreachable, Verdict
from queues.worker.breaker import Breaker
from queues.worker.delivery import Answer, deliver, newest_of_each_record
from queues.worker.turns import Turn, Turns
from tests.fakes.clock import FakeClock
from tests.fakes.sender import ScriptedSender
from tests.strategies import message

BAD = Refused(error_class="validation", text="bad")


def all_or_nothing(bad: set[str]) -> ScriptedSender:
    """A target like `source-items`: one bad record refuses the whole call without naming it."""
    return ScriptedSender(
        FakeClock(),
        script=lambda each: BAD if each.key in bad else Delivered(),
        whole=lambda part: (
            Undetermined(text="Validation Failed") if len(part) > 1 and bad & {each.key for each in part} else None
        ),
    )


async def delivered(
    sender: ScriptedSender, messages: Sequence[Message], may_go_on: Callable[[], bool] = lambda: True
) -> list[Answer]:
    return [answer async for answer in deliver(sender, messages, observe=lambda _: None, may_go_on=may_go_on)]


def fates(answers: list[Answer]) -> dict[str, type[Verdict]]:
    return {each.key: type(verdict) for answer in answers for each, verdict in answer.determined}


@given(st.integers(1, 40), st.data())
async def test_bisecting_gets_every_good_record_through_and_refuses_every_bad_one(
    count: int, data: st.DataObject
) -> None:
    messages = [message(f"K{number}") for number in range(count)]
    bad = data.draw(st.sets(st.sampled_from([each.key for each in messages])))
    sender = all_or_nothing(bad)

    answers = await delivered(sender, messages)

    assert fates(answers) == {each.key: Refused if each.key in bad else Delivered for each in messages}
    assert sum(len(answer.determined) for answer in answers) == count
    assert len(answers) == len(sender.requests)


async def test_one_bad_record_of_25_costs_no_more_than_two_requests_a_halving() -> None:
    sender = all_or_nothing({"K13"})

    await delivered(sender, [message(f"K{number}") for number in range(25)])

    assert len(sender.requests) <= 1 + 2 * 5


async def test_records_named_by_the_target_are_not_sent_again() -> None:
    sender = ScriptedSender(FakeClock(), script=lambda each: BAD if each.key == "K3" else Delivered())

    await delivered(sender, [message(f"K{number}") for number in range(25)])

    assert sender.sizes == [25]


async def test_what_a_bisected_request_may_not_send_on_stays_undetermined() -> None:
    sender = all_or_nothing({"K0"})

    answers = await delivered(
        sender, [message(f"K{number}") for number in range(4)], may_go_on=lambda: len(sender.requests) < 2
    )

    assert sender.sizes == [4, 2]
    assert fates(answers) == {f"K{number}": Undetermined for number in range(4)}


async def test_a_single_undetermined_record_is_not_sent_twice_in_one_attempt() -> None:
    sender = ScriptedSender(FakeClock(), whole=lambda _: Undetermined(text="Could not save Prices."))

    (answer,) = await delivered(sender, [message()])

    assert sender.sizes == [1]
    assert isinstance(answer.determined[0][1], Undetermined)


async def test_a_sender_that_crashes_in_a_bisected_request_costs_only_the_part_it_was_given() -> None:
    def script(each: Message) -> Verdict:
        if each.key == "K2":
            raise RuntimeError("a fault of ours")
        return BAD if each.key == "K7" else Delivered()

    sender = all_or_nothing({"K7"})
    sender.script = script

    answers = await delivered(sender, [message(f"K{number}") for number in range(8)])

    assert sender.sizes == [8, 4, 4, 2, 2, 1, 1]
    assert fates(answers) == dict.fromkeys(("K0", "K1", "K2", "K3"), Undetermined) | {
        "K4": Delivered,
        "K5": Delivered,
        "K6": Delivered,
        "K7": Refused,
    }
    assert "a fault of ours" in str(answers[1].determined)


def test_of_two_messages_of_one_record_the_newest_provides_the_row() -> None:
    older, newer, other = message("A", number=1), message("A", number=2), message("B")

    assert newest_of_each_record([newer, other, older]) == [newer, other]


async def test_requests_that_share_a_record_take_turns_in_the_order_announced() -> None:
    turns = Turns()
    first, second, third = turns.announce("ab"), turns.announce("bc"), turns.announce("d")
    seen: list[str] = []

    async def run(name: str, turn: Turn) -> None:
        await turn.wait()
        seen.append(name)

    tasks = [asyncio.create_task(run(name, turn)) for name, turn in (("2", second), ("1", first), ("3", third))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sorted(seen) == ["1", "3"]

    first.end()
    await asyncio.gather(*tasks)

    assert seen[-1] == "2"


def test_the_breaker_opens_after_five_connection_failures_in_a_row() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.observe([Unreachable(text="refused")])
    breaker.observe([Delivered()])
    for _ in range(4):
        breaker.observe([Unreachable(text="refused")])
    assert not breaker.reason

    breaker.observe([Unreachable(text="refused")])

    assert (breaker.reason, breaker.is_outage) == ("target_unreachable", True)


def test_the_breaker_opens_after_three_refusals_of_the_credentials() -> None:
    breaker = Breaker()
    for _ in range(3):
        breaker.observe([Refused(error_class="auth", text="401")])

    assert (breaker.reason, breaker.is_outage) == ("credentials_refused", True)


def test_a_429_ends_the_check_and_keeps_the_time_the_target_asked_for() -> None:
    breaker = Breaker()
    breaker.observe([Refused(error_class="rate_limit", text="429", retry_after_seconds=30.0)])

    assert (breaker.reason, breaker.retry_after_seconds, breaker.is_outage) == ("rate_limited", 30.0, False)
