"""The life of a message, step by step in any order hypothesis can think of: the invariants hold after every step."""

from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from queues.message import Message, decode, encode
from queues.ports import (
    Claimed,
    Exhausted,
    FinishedRequest,
    Outcome,
    Outdated,
    RunLease,
    StoredMessage,
    Take,
    WaitingRows,
)
from queues.retry import after_attempt
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, Refused, Undetermined, Unreachable, Verdict
from tests.engine import SPANS, pricing
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.schedule import FakeSchedule
from tests.fakes.source import FakeSource
from tests.strategies import event

QUEUE = pricing()
NO = Refused(error_class="validation", text="no", status=400)
GONE = Unreachable(text="connection reset")
UNDETERMINED = Undetermined(text="one of several records")
ENDED = {"delivered", "skipped", "failed", "superseded", "coalesced", "discarded"}
RUN_LEASE, CLAIM_LEASE = SPANS.run_lease.total_seconds(), SPANS.claim_lease.total_seconds()

Result = TypeVar("Result")
Identity = tuple[Any, int]
End = Literal["ok", "refused", "reset", "unclear"]
UNCLEAR: frozenset[End] = frozenset({"reset", "unclear"})


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Drive a call of a fake to its end: fakes give way, but wait for nothing."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return] # a coroutine's result comes as Any


@dataclass(slots=True, eq=False)
class Worker:
    """
    What a process knows: all of it is gone when it crashes.

    Attributes:
        claims_until: when its claims may expire, by its own clock.
        fetched: not claimed yet, with the delivery's tag; None for a row of the ledger.
        tried: claimed with its number, its request not yet made or without an answer.
    """

    lease: RunLease
    claims_until: float
    taking: AbstractAsyncContextManager[Take] | None = None
    take: Take | None = None
    tags: dict[int, bytes] = field(default_factory=dict)
    fetched: list[tuple[Message, int | None]] = field(default_factory=list)
    tried: list[tuple[Message, int | None, int]] = field(default_factory=list)


class Lifecycle(RuleBasedStateMachine):
    """One queue, its ledger, and workers that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.source = FakeSource()
        self.ledger = FakeLedger(self.clock, claim_lease=SPANS.claim_lease)
        self.schedule = FakeSchedule(self.clock, lease=SPANS.run_lease, interval=timedelta(seconds=1))
        self.workers: list[Worker] = []
        self.highest_retry_count = QueueProcessingSettings().retry_count
        self.newest_token = 0
        self.outstanding: Counter[bytes] = Counter()
        self.requests: Counter[Identity] = Counter()
        self.applied: Counter[Identity] = Counter()
        self.clicks: Counter[Any] = Counter()
        self.acknowledged: set[bytes] = set()
        self.ended: dict[Identity, str] = {}

    @initialize()
    def begin(self) -> None:
        self.source.declare(QUEUE.name)
        run(self.schedule.register(QUEUE.name))

    # --- publishers, people, time -----------------------------------------------------------------------------------

    @rule(key=st.sampled_from(["A", "B"]), number=st.integers(0, 3))
    def publish(self, key: str, number: int) -> None:
        body = encode(event(key, number=number))
        self.source.publish(QUEUE.name, body)
        self.outstanding[body] += 1

    @rule(retry_count=st.integers(1, 4))
    def change_settings(self, retry_count: int) -> None:
        self.schedule.use(QueueProcessingSettings(retry_count=retry_count))
        self.highest_retry_count = max(self.highest_retry_count, retry_count)

    @precondition(lambda self: any(letter.state == "failed" for letter in self.ledger.letters.values()))
    @rule(data=st.data(), times=st.integers(1, 3))
    def reprocess(self, data: st.DataObject, times: int) -> None:
        failed = [each for each, letter in self.ledger.letters.items() if letter.state == "failed"]
        message_id = data.draw(st.sampled_from(failed))
        self.clicks[message_id] += sum(self.ledger.reprocess(message_id) for _ in range(times))

    @rule(seconds=st.sampled_from([1.0, RUN_LEASE + 1, CLAIM_LEASE + 1]))
    def let_time_pass(self, seconds: float) -> None:
        run(self.clock.advance(seconds))

    @rule()
    def lose_connections(self) -> None:
        """Redeliver: what is not acknowledged goes back."""
        self.source.lose_connection()
        for worker in self.workers:
            self._forget_deliveries(worker)

    # --- a worker's steps -------------------------------------------------------------------------------------------

    @rule()
    def take_the_lease(self) -> None:
        at = self.clock.monotonic()
        lease = run(self.schedule.begin_run(QUEUE.name))
        if isinstance(lease, RunLease):
            self.newest_token = lease.fencing_token
            self.workers.append(Worker(lease, at + CLAIM_LEASE))

    @precondition(lambda self: self.workers)
    @rule()
    def be_taken_over(self) -> None:
        """Lose the broker and the lease while a request is in hand; another worker begins with what comes back."""
        self.lose_connections()
        self.let_time_pass(RUN_LEASE + 1)
        self.take_the_lease()
        self._fetch(self.workers[-1], 4)
        self._claim(self.workers[-1])

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), count=st.integers(1, 4), claims_at_once=st.booleans())
    def fetch(self, data: st.DataObject, count: int, claims_at_once: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        worker = self._one_of(data)
        if worker.fetched or worker.tried:
            return
        self._fetch(worker, count)
        if claims_at_once:
            self._claim(worker)

    def _fetch(self, worker: Worker, count: int) -> None:
        self._leave(worker)
        rows = run(self.ledger.open_check(worker.lease))
        worker.fetched += [(_read(row), None) for row in self._page(worker, rows, count)]
        if run(self.source.ready(QUEUE.name)):
            worker.taking = self.source.take(QUEUE.name, count, window=count)
            worker.take = run(_enter(worker.taking))
            for tag, body in run(_all_of(worker.take, count)):
                worker.tags[tag] = body
                worker.fetched.append((decode(body), tag))
            run(worker.take.stop())

    def _page(self, worker: Worker, rows: WaitingRows, count: int) -> Sequence[StoredMessage]:
        return run(self.ledger.page(worker.lease, after=0, up_to=rows.up_to, limit=count)) if rows.count else []

    @precondition(lambda self: any(each.fetched for each in self.workers))
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        """Write attempts down for everything fetched, if the lease is still this worker's."""
        self._claim(self._one_of(data))

    def _claim(self, worker: Worker) -> None:
        if worker.lease.fencing_token < self.newest_token:
            self.crash(worker)  # fenced: it hears so, and gives up
            return
        retry_count = self.schedule.settings.settings.retry_count
        for stored in (True, False):
            part = [(message, tag) for message, tag in worker.fetched if (tag is None) is stored]
            messages = [message for message, _ in part]
            results = run(self.ledger.claim(worker.lease, QUEUE, messages, retry_count=retry_count, stored=stored))
            for (message, tag), result in zip(part, results, strict=True):
                match result:
                    case Claimed(attempt=number):
                        worker.tried.append((message, tag, number))
                    case Exhausted():
                        self._settle(
                            worker, message, tag, Outcome(message=message, attempt=0, verdict=None, state="failed")
                        )
                    case Outdated():
                        self._settle(
                            worker, message, tag, Outcome(message=message, attempt=0, verdict=None, state="superseded")
                        )
                    case _:
                        self._acknowledge(worker, tag)
        worker.fetched.clear()

    @precondition(lambda self: any(each.tried for each in self.workers))
    @rule(data=st.data(), end=st.sampled_from(["ok", "refused", "reset", "unclear"]), is_applied=st.booleans())
    def attempt(self, data: st.DataObject, end: End, is_applied: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """Make a request and write its outcome; of some answers nobody can tell whether it was applied."""
        sent = self._send(data, is_applied=is_applied if end in UNCLEAR else end == "ok")
        if sent is None:
            return
        worker, (message, tag, number) = sent
        answers: dict[End, Verdict] = {"ok": Delivered(), "refused": NO, "reset": GONE, "unclear": UNDETERMINED}
        verdict = answers[end]
        follows = after_attempt(self.schedule.settings.settings, attempt=number, verdict=verdict)
        outcome = Outcome(message=message, attempt=number, verdict=verdict, state=follows.state, reason=follows.reason)
        self._settle(worker, message, tag, outcome)

    @precondition(lambda self: any(each.tried for each in self.workers))
    @rule(data=st.data(), is_applied=st.booleans())
    def crash_in_a_request(self, data: st.DataObject, is_applied: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        sent = self._send(data, is_applied=is_applied)
        if sent is not None:
            self.crash(sent[0])

    @precondition(lambda self: any(each.tried for each in self.workers))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """Stop before the requests: what was claimed waits, uncharged."""
        worker = self._one_of(data)
        run(self.ledger.keep(worker.lease, [message for message, _, _ in worker.tried], claimed=True))
        for _, tag, _ in worker.tried:
            self._acknowledge(worker, tag)
        worker.tried.clear()

    @precondition(lambda self: any(each.fetched for each in self.workers))
    @rule(data=st.data())
    def keep(self, data: st.DataObject) -> None:
        """Stop before the claim: what the broker gave waits in the ledger."""
        worker = self._one_of(data)
        run(self.ledger.keep(worker.lease, [each for each, tag in worker.fetched if tag is not None], claimed=False))
        for _, tag in worker.fetched:
            self._acknowledge(worker, tag)
        worker.fetched.clear()

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def crash_somewhere(self, data: st.DataObject) -> None:
        self.crash(self._one_of(data))

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        worker = self._one_of(data)
        if worker.lease.fencing_token == self.newest_token:
            run(self.ledger.renew_claims(worker.lease))
            worker.claims_until = self.clock.monotonic() + CLAIM_LEASE

    # --- what must always hold --------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost(self) -> None:
        known = {message_id for message_id, _ in self.ledger.rows}
        for body, copies in self.outstanding.items():
            assert copies > 0 or decode(body).message_id in known
        in_hand = sum(len(worker.tags) for worker in self.workers)
        if QUEUE.name in self.schedule.queues:
            assert run(self.source.ready(QUEUE.name)) + in_hand == sum(self.outstanding.values())

    @invariant()
    def requests_stay_within_recorded_attempts_and_these_within_the_budget(self) -> None:
        for identity, row in self.ledger.rows.items():
            assert self.requests[identity] <= row.attempts <= self.highest_retry_count

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        for identity, row in self.ledger.rows.items():
            if row.state in ENDED:
                assert self.ended.setdefault(identity, row.state) == row.state
            else:
                assert identity not in self.ended

    @invariant()
    def every_accepted_click_is_one_generation(self) -> None:
        assert Counter(message_id for message_id, generation in self.ledger.rows if generation) == +self.clicks

    @invariant()
    def what_is_acknowledged_has_a_durable_fate(self) -> None:
        for body in self.acknowledged:
            row = self.ledger.rows[decode(body).message_id, 0]
            assert row.state != "trying" or row.body is not None

    @invariant()
    def the_target_sees_twice_only_what_was_unknown(self) -> None:
        for identity, times in self.applied.items():
            row = self.ledger.rows[identity]
            outcomes = [self.ledger.attempts.get((*identity, number)) for number in range(1, row.attempts + 1)]
            in_hand = row.state == "trying"
            assert times <= 1 + sum(each in {"unknown", "unreachable", "undetermined"} for each in outcomes) + in_hand

    @invariant()
    def at_most_one_worker_holds_a_message(self) -> None:
        held = Counter(
            (message.message_id, message.generation)
            for worker in self.workers
            for message, _, _ in worker.tried
            if self._may_begin(worker)
        )
        assert all(holders == 1 for holders in held.values())

    @invariant()
    def what_failed_is_a_dead_letter_and_generations_leave_no_gap(self) -> None:
        for message_id, generation in self.ledger.rows:
            assert generation == 0 or (message_id, generation - 1) in self.ledger.rows
            if self.ledger.rows[message_id, generation].state == "failed":
                letter = self.ledger.letters[message_id]
                assert letter.generation > generation or letter.state in {"failed", "superseded"}

    # --- inside -----------------------------------------------------------------------------------------------------

    def _one_of(self, data: st.DataObject) -> Worker:
        return self.workers[data.draw(st.integers(0, len(self.workers) - 1))]

    def _may_begin(self, worker: Worker) -> bool:
        return self.clock.monotonic() + SPANS.request.total_seconds() < worker.claims_until

    def _send(self, data: st.DataObject, *, is_applied: bool) -> tuple[Worker, tuple[Message, int | None, int]] | None:
        worker = self._one_of(data)
        if not worker.tried or not self._may_begin(worker):
            return None
        message, tag, number = worker.tried.pop(0)
        identity = (message.message_id, message.generation)
        row = self.ledger.rows[identity]
        assert (row.state, row.owner, row.attempts) == ("trying", worker.lease.run_id, number)
        self.requests[identity] += 1
        self.applied[identity] += is_applied
        return worker, (message, tag, number)

    def _settle(self, worker: Worker, message: Message, tag: int | None, outcome: Outcome) -> None:
        mode: Literal["single", "none"] = "single" if outcome.attempt else "none"
        request = FinishedRequest(mode=mode, exchange=None, outcomes=[outcome])
        run(self.ledger.settle(worker.lease, QUEUE, [request], [], settings_version=0))
        row = self.ledger.rows[message.message_id, message.generation]
        assert row.state != "trying" or row.owner != worker.lease.run_id
        self._acknowledge(worker, tag)

    def _acknowledge(self, worker: Worker, tag: int | None) -> None:
        body = worker.tags.pop(tag, None) if tag is not None else None
        if body is None or tag is None or worker.take is None:
            return
        run(worker.take.acknowledge([tag]))
        self.outstanding[body] -= 1
        self.acknowledged.add(body)

    def crash(self, worker: Worker) -> None:
        """Drop all a process knows; its deliveries go back."""
        self._leave(worker)
        self.workers.remove(worker)

    def _leave(self, worker: Worker) -> None:
        if worker.taking is not None:
            run(_exit(worker.taking))
        self._forget_deliveries(worker)
        worker.fetched.clear()
        worker.tried.clear()

    @staticmethod
    def _forget_deliveries(worker: Worker) -> None:
        worker.tags.clear()
        worker.taking = worker.take = None


def _read(row: StoredMessage) -> Message:
    return decode(row.body, message_id=row.message_id, generation=row.generation)


async def _enter(taking: AbstractAsyncContextManager[Take]) -> Take:
    return await taking.__aenter__()


async def _exit(taking: AbstractAsyncContextManager[Take]) -> None:
    await taking.__aexit__(None, None, None)


async def _all_of(take: Take, count: int) -> list[tuple[int, bytes]]:
    deliveries: list[tuple[int, bytes]] = []
    async for delivery in take:
        deliveries.append((delivery.tag, delivery.body))
        if len(deliveries) == count:
            break
    return deliveries


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
