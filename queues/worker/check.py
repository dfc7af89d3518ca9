"""One check: exactly the messages that waited at its start, each attempted at most once (DESIGN.md, rules 1 to 6)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

import structlog

from queues.errors import BrokerUnavailable, DatabaseUnavailable, LeaseLost, QueueError
from queues.message import Message
from queues.plan import DeliveryPlan, plan_delivery
from queues.ports import (
    CheckSummary,
    Claimed,
    ClaimResult,
    Exhausted,
    Finished,
    FinishedRequest,
    Held,
    Outcome,
    Outdated,
    RunLease,
    Take,
    UnreadableMessage,
    WaitingRows,
)
from queues.retry import after_attempt
from queues.settings import SettingsSnapshot
from queues.verdicts import Exchange, Refused, Verdict
from queues.worker.breaker import Breaker
from queues.worker.claims import ClaimTime
from queues.worker.delivered import NewestDelivered
from queues.worker.delivery import deliver, newest_of_each_record
from queues.worker.settling import Settler
from queues.worker.setup import Ports, WorkedQueue
from queues.worker.snapshot import Entry, Snapshot, read_delivery
from queues.worker.stop import Stop
from queues.worker.turns import Turn, Turns

CLAIM_GROUP: Final = 100
"""Messages claimed by one statement, just before they are sent."""

CLAIMED_GROUPS: Final = 3
"""Groups claimed and not yet sent, at most."""

LARGEST_WINDOW: Final = 2_000
"""Messages in hand, at most; a larger request first collects its messages in the ledger."""

UNKNOWN_OUTCOME: Final = "outcome unknown: the worker stopped before the outcome of the last attempt was recorded"
USED_UP: Final = "its attempts are used up: Retry Count was lowered below the attempts already made"
OUTDATED: Final = "a newer message of this record was delivered before"

_log = structlog.stdlib.get_logger("queues.worker")


@dataclass(slots=True)
class _Group:
    """Claimed together; gives its room back when the last of its requests is over."""

    open_requests: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    entry: Entry
    message: Message
    number: int


class Check:
    """
    One check of one queue.

    It ends early when the target is away (rule 10) or says to wait (rule 11), when a stop is requested (rule 12), or
    when broker, database or lease are lost: no further request begins, those in hand finish and are written down, and
    what was not tried waits in the ledger, uncharged. So nothing is fetched from the broker and given back.

    Attributes:
        summary: what it did, complete when `run` has returned or raised.
        breaker: whether the target asks for patience.
    """

    def __init__(
        self,
        queue: WorkedQueue,
        ports: Ports,
        *,
        lease: RunLease,
        snapshot: SettingsSnapshot,
        claim_time: ClaimTime,
        stop: Stop,
    ) -> None:
        self.breaker = Breaker()
        self.summary = CheckSummary(started_at=ports.clock.now(), settings_version=snapshot.version)
        self._queue = queue
        self._definition = queue.definition
        self._ports = ports
        self._lease = lease
        self._settings = snapshot.settings
        self._version = snapshot.version
        self._claim_time = claim_time
        self._stop = stop
        self._turns = Turns()
        self._delivered = NewestDelivered(applies=self._definition.supersedable)
        self._slots = asyncio.Semaphore(
            self._settings.max_in_flight.get(self._definition.entity, self._definition.max_in_flight)
        )
        self._room = asyncio.Semaphore(CLAIMED_GROUPS)
        self._take: Take | None = None
        self._ended = asyncio.Event()
        self._failure: QueueError | None = None
        self._unclaimed: list[Entry] = []
        self._untried: list[Entry] = []
        self._settler = Settler(
            ledger=ports.ledger,
            lease=lease,
            definition=self._definition,
            settings_version=snapshot.version,
            clock=ports.clock,
            acknowledge=self._acknowledge,
            may_retry=lambda: claim_time.may_write,
            on_trouble=self._end,
        )

    async def run(self) -> None:
        """
        Make the check.

        Raises:
            BrokerUnavailable: the broker was lost; what was attempted has its outcome in the ledger.
            DatabaseUnavailable: the database was lost; nothing was sent without a written claim.
            LeaseLost: another worker runs this queue.
            NotFound: the queue does not exist at the broker.
        """
        rows, ready = await self._count()
        plan = plan_delivery(self._settings, waiting=rows.count + ready, batchable=self._definition.batchable)
        self.summary.mode, self.summary.waiting = plan.mode, plan.waiting
        if ready and plan.request_size > LARGEST_WINDOW:
            rows, ready = await self._collect(ready), 0
        if not plan.waiting:
            return
        group_size = plan.request_size * max(1, CLAIM_GROUP // plan.request_size)
        snapshot = Snapshot(self._queue, self._ports.ledger, self._lease, rows, page_size=group_size)
        async with AsyncExitStack() as stack:
            if ready:
                window = min(ready, (CLAIMED_GROUPS + 2) * group_size)
                taking = self._ports.source.take(self._definition.name, ready, window=window)
                self._take = await stack.enter_async_context(taking)
            await self._work(plan, snapshot, group_size)

    # --- what waits ---------------------------------------------------------------------------------------------------

    async def _count(self) -> tuple[WaitingRows, int]:
        rows = await self._ports.ledger.open_check(self._lease)
        ready = await self._ports.source.ready(self._definition.name)
        if not self._settings.coalesce or rows.count + ready == 0:
            return rows, ready
        if ready:
            rows = await self._collect(ready)
        left = await self._ports.ledger.coalesce(self._lease, self._definition, up_to=rows.up_to)
        return WaitingRows(count=left, up_to=rows.up_to), 0

    async def _collect(self, ready: int) -> WaitingRows:
        """Bring the broker's part into the ledger, uncharged: where all of it must be in view at once."""
        window = min(ready, LARGEST_WINDOW)
        async with self._ports.source.take(self._definition.name, ready, window=window) as take:
            messages: list[Message] = []
            tags: list[int] = []
            async for delivery in take:
                content = read_delivery(self._queue, delivery)
                if isinstance(content, UnreadableMessage):
                    await self._ports.ledger.settle(
                        self._lease, self._definition, [], [content], settings_version=self._version
                    )
                    self.summary.failed += 1
                else:
                    messages.append(content)
                tags.append(delivery.tag)
                if len(tags) >= CLAIM_GROUP:
                    await self._ports.ledger.keep(self._lease, messages, claimed=False)
                    await take.acknowledge(tags)
                    messages, tags = [], []
            if tags:
                await self._ports.ledger.keep(self._lease, messages, claimed=False)
                await take.acknowledge(tags)
        return await self._ports.ledger.open_check(self._lease)

    # --- feeding ------------------------------------------------------------------------------------------------------

    async def _work(self, plan: DeliveryPlan, snapshot: Snapshot, group_size: int) -> None:
        settling = asyncio.create_task(self._settler.run(), name=f"settle {self._definition.name}")
        try:
            async with asyncio.TaskGroup() as requests:
                brake = requests.create_task(self._stop_taking(), name=f"brake {self._definition.name}")
                await self._feed(plan, snapshot, group_size, requests)
                brake.cancel()
        finally:
            await self._wind_up(settling)
        if self._failure is not None:
            raise self._failure

    async def _stop_taking(self) -> None:
        """Cancel the consumer as soon as the check is to end, so that no more is fetched."""
        await self._ended.wait()
        if self._take is not None:
            try:
                await self._take.stop()
            except BrokerUnavailable as error:
                self._fail("broker_unavailable", error)

    async def _feed(self, plan: DeliveryPlan, snapshot: Snapshot, group_size: int, requests: asyncio.TaskGroup) -> None:
        """Claim group after group and have their requests made, in queue order."""
        group: list[Entry] = []
        try:
            async for entry in self._entries(snapshot):
                group.append(entry)
                if len(group) == group_size:
                    full, group = group, []
                    await self._dispatch(plan, full, requests)
            full, group = group, []
            await self._dispatch(plan, full, requests)
        except BrokerUnavailable as error:
            self._fail("broker_unavailable", error)
        except DatabaseUnavailable as error:
            self._fail("database_unavailable", error)
        except LeaseLost as error:
            self._fail("lease_lost", error)
        finally:
            self._unclaimed += group

    async def _entries(self, snapshot: Snapshot) -> AsyncIterator[Entry]:
        async for entry in snapshot.stored():
            if self._is_over():
                return
            yield entry
        if self._take is not None:
            if self._is_over():
                await self._take.stop()
            async for entry in snapshot.delivered(self._take):
                yield entry

    async def _dispatch(self, plan: DeliveryPlan, entries: Sequence[Entry], requests: asyncio.TaskGroup) -> None:
        await self._room.acquire()
        if self._is_over():
            self._unclaimed += entries
            self._room.release()
            return
        attempts = await self._claim(entries)
        parts = [list(part) for _, part in groupby(attempts, key=lambda each: each.entry.position // plan.request_size)]
        group = _Group(open_requests=len(parts))
        if not parts:
            self._room.release()
        for part in parts:
            turn = self._turns.announce(each.message.key for each in part)
            requests.create_task(self._request(part, turn, group, plan), name=f"request {self._definition.name}")

    async def _claim(self, entries: Sequence[Entry]) -> list[_Attempt]:
        """Write the attempts down; settle at once what may not be attempted."""
        results: dict[int, ClaimResult] = {}
        try:
            for stored in (True, False):
                part = [each for each in entries if (each.tag is None) is stored and isinstance(each.content, Message)]
                messages = [each.content for each in part if isinstance(each.content, Message)]
                if messages:
                    claims = await self._ports.ledger.claim(
                        self._lease,
                        self._definition,
                        messages,
                        retry_count=self._settings.retry_count,
                        stored=stored,
                    )
                    results.update((each.position, claim) for each, claim in zip(part, claims, strict=True))
        except (DatabaseUnavailable, LeaseLost):
            # Claims already written for the other part were never used: they are taken back if the database allows.
            self._untried += [each for each in entries if isinstance(results.get(each.position), Claimed)]
            self._room.release()
            raise
        attempts: list[_Attempt] = []
        for entry in entries:
            if isinstance(entry.content, UnreadableMessage):
                self._settle_unreadable(entry, entry.content)
                continue
            match results[entry.position]:
                case Claimed(attempt=number):
                    attempts.append(_Attempt(entry, entry.content, number))
                case Finished() | Held():
                    self._settler.add_settled(entry.tags)
                case Exhausted(outcome_unknown=unknown):
                    self._settle_untried(entry, entry.content, "failed", UNKNOWN_OUTCOME if unknown else USED_UP)
                case Outdated():
                    self._settle_untried(entry, entry.content, "superseded", OUTDATED)
        return attempts

    def _settle_unreadable(self, entry: Entry, content: UnreadableMessage) -> None:
        self.summary.failed += 1
        _log.error("message.unreadable", queue=self._definition.name, code=content.code, reason=content.error)
        self._settler.add_unreadable(content, entry.tags)

    def _settle_untried(
        self, entry: Entry, message: Message, state: Literal["failed", "superseded"], reason: str
    ) -> None:
        outcome = Outcome(message=message, attempt=0, verdict=None, state=state, reason=reason)
        self._settler.add_request(FinishedRequest(mode="none", exchange=None, outcomes=[outcome]), entry.tags)
        self._count_outcome(outcome)

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _request(self, attempts: Sequence[_Attempt], turn: Turn, group: _Group, plan: DeliveryPlan) -> None:
        begun = False
        try:
            await turn.wait()
            async with self._slots:
                if not self._is_over():
                    begun = True
                    await self._attempt(attempts, plan)
        finally:
            turn.end()
            if not begun:
                self._untried += [each.entry for each in attempts]
            group.open_requests -= 1
            if not group.open_requests:
                self._room.release()

    async def _attempt(self, claimed: Sequence[_Attempt], plan: DeliveryPlan) -> None:
        """Make one attempt for the messages of one request and hand the outcomes over."""
        attempts = [each for each in claimed if not self._delivered.has_newer(each.message)]
        if len(attempts) < len(claimed):
            for each in claimed:
                if self._delivered.has_newer(each.message):
                    self._settle_untried(each.entry, each.message, "superseded", OUTDATED)
            if not attempts:
                return
        rows = newest_of_each_record([each.message for each in attempts])
        of_record: dict[tuple[str, str, str], list[_Attempt]] = {}
        for each in attempts:
            of_record.setdefault(each.message.scope, []).append(each)
        try:
            answers = await deliver(self._queue.sender, rows, observe=self._observe)
        except Exception as error:  # noqa: BLE001 - a fault of ours in a sender spends the attempt, never the queue
            _log.exception("sender.crashed", queue=self._definition.name, records=len(rows))
            fault = Refused(error_class="mapping", text=f"internal error while sending: {error!r}")
            self._hand_over(plan, None, [(each, fault) for each in attempts])
            return
        for answer in answers:
            self.summary.requests += answer.exchange is not None
            decided = [(each, verdict) for row, verdict in answer.determined for each in of_record[row.scope]]
            self._hand_over(plan, answer.exchange, decided)

    def _hand_over(
        self, plan: DeliveryPlan, exchange: Exchange | None, decided: Sequence[tuple[_Attempt, Verdict]]
    ) -> None:
        outcomes = [self._outcome(attempt, verdict) for attempt, verdict in decided]
        for outcome in outcomes:
            self._count_outcome(outcome)
        request = FinishedRequest(mode=plan.mode, exchange=exchange, outcomes=outcomes)
        self._settler.add_request(request, [tag for attempt, _ in decided for tag in attempt.entry.tags])

    def _outcome(self, attempt: _Attempt, verdict: Verdict) -> Outcome:
        follows = after_attempt(self._settings, attempt=attempt.number, verdict=verdict)
        return Outcome(
            message=attempt.message,
            attempt=attempt.number,
            verdict=verdict,
            state=follows.state,
            reason=follows.reason,
        )

    def _count_outcome(self, outcome: Outcome) -> None:
        match outcome.state:
            case "delivered":
                self.summary.delivered += 1
                self._delivered.note(outcome.message)
            case "waiting":
                self.summary.retried += 1
            case "failed":
                self.summary.failed += 1
                _log.error(
                    "message.failed",
                    queue=self._definition.name,
                    key=outcome.message.key,
                    message_id=str(outcome.message.message_id),
                    attempt=outcome.attempt,
                    reason=outcome.reason,
                )
            case _:
                self.summary.skipped += 1

    def _observe(self, verdicts: Sequence[Verdict]) -> None:
        self.breaker.observe(verdicts)
        if self.breaker.reason:
            self._end(self.breaker.reason)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        """Tell whether no further request may begin."""
        if not self._ended.is_set():
            if self._stop.is_requested:
                self._end("stopped")
            elif not self._claim_time.may_begin:
                self._end("claims_expiring")
        return self._ended.is_set()

    def _end(self, reason: str) -> None:
        if not self._ended.is_set():
            self.summary.ended_by = reason
            self._ended.set()

    def _fail(self, reason: str, error: QueueError) -> None:
        self._failure = self._failure or error
        self._end(reason)

    async def _acknowledge(self, tags: Sequence[int]) -> None:
        if self._take is not None:
            await self._take.acknowledge(tags)

    async def _wind_up(self, settling: asyncio.Task[None]) -> None:
        """Keep what was not tried, write what is left; goes on to its end even when cancelled meanwhile."""
        finishing = asyncio.create_task(self._finish(settling), name=f"finish {self._definition.name}")
        try:
            await asyncio.shield(finishing)
        except asyncio.CancelledError:
            await asyncio.wait({finishing})
            raise

    async def _finish(self, settling: asyncio.Task[None]) -> None:
        try:
            for entries, claimed in ((self._untried, True), (self._unclaimed, False)):
                await self._keep(entries, claimed=claimed)
        except DatabaseUnavailable as error:
            # The deliveries among them come back from the broker; the claims of the others expire.
            self._fail("database_unavailable", error)
        finally:
            self._settler.close()
        try:
            await settling
        except DatabaseUnavailable as error:
            self._fail("database_unavailable", error)

    async def _keep(self, entries: Sequence[Entry], *, claimed: bool) -> None:
        """Keep deliveries in the ledger, and take back the attempts of what was claimed and not tried."""
        messages = [
            each.content for each in entries if isinstance(each.content, Message) and (claimed or each.tag is not None)
        ]
        if messages:
            await self._ports.ledger.keep(self._lease, messages, claimed=claimed)
        for each in entries:
            if isinstance(each.content, UnreadableMessage):
                self._settle_unreadable(each, each.content)
            else:
                self._settler.add_settled(each.tags)
