"""One check: exactly the messages that waited at its start, each attempted at most once (DESIGN.md, rules 1 to 6)."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from queues.errors import BrokerUnavailable, DatabaseUnavailable, LeaseLost, NotFound
from queues.failpoints import hit
from queues.message import Message
from queues.plan import DeliveryPlan, plan_delivery
from queues.ports import CheckSummary, RunLease, Take, UnreadableMessage, WaitingRows
from queues.settings import SettingsSnapshot
from queues.worker.attempts import Attempts
from queues.worker.breaker import Breaker
from queues.worker.claiming import Claimer
from queues.worker.claims import ClaimTime
from queues.worker.ending import Ending, broker_reason
from queues.worker.feeding import Feeder
from queues.worker.pace import CLAIM_GROUP, CLAIMED_GROUPS, Pace
from queues.worker.portions import portions
from queues.worker.probation import Probation
from queues.worker.settling import GROUP_RECORDS, Settler
from queues.worker.setup import Ports, WorkedQueue
from queues.worker.snapshot import Entry, Snapshot, read_delivery
from queues.worker.stop import Stop
from queues.worker.window import SAMPLE, SAMPLE_WINDOW, Window

LARGEST_WINDOW: Final = 2_000
"""Messages in hand, at most; a larger request first collects its messages in the ledger."""

HURRIED_SECONDS: Final = 10.0
"""What a hard stop leaves for writing down what is finished and keeping what was not tried."""


_log = structlog.stdlib.get_logger("queues.worker")


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
        probation: Probation,
        window: Window,
    ) -> None:
        self.summary = CheckSummary(started_at=ports.clock.now(), settings_version=snapshot.version)
        self.breaker = Breaker()
        self._queue = queue
        self._definition = queue.definition
        self._ports = ports
        self._lease = lease
        self._settings = snapshot.settings
        self._version = snapshot.version
        self._claim_time = claim_time
        self._probation = probation
        self._window = window
        self._take: Take | None = None
        self._broker_fault: BrokerUnavailable | NotFound | None = None
        self._ending = Ending(stop, claim_time)
        self._settler = Settler(
            ledger=ports.ledger,
            lease=lease,
            definition=self._definition,
            settings_version=snapshot.version,
            claim_time=claim_time,
            acknowledge=self._acknowledge,
            on_trouble=self._ending.end,
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
        await self._run()
        if self._broker_fault is not None:
            raise self._broker_fault

    async def _run(self) -> None:
        rows, ready = await self._count()
        hit("check.opened")
        plan = plan_delivery(self._settings, waiting=rows.count + ready, batchable=self._definition.batchable)
        self.summary.mode, self.summary.waiting = plan.mode, plan.waiting
        if ready and self._window.must_sample:
            sample = min(ready, SAMPLE)
            rows, ready = await self._collect(sample, window=SAMPLE_WINDOW), ready - sample
        largest = self._window.limit(LARGEST_WINDOW)
        if ready and plan.request_size > largest:
            rows, ready = await self._collect(ready, window=largest), 0
        if not plan.waiting:
            return
        in_flight = self._settings.max_in_flight.get(self._definition.entity, self._definition.max_in_flight)
        pace = Pace(
            self._ports.clock,
            request_size=plan.request_size,
            in_flight=in_flight,
            window=max(largest, plan.request_size),
        )
        snapshot = Snapshot(self._queue, self._ports.ledger, self._lease, rows, page_size=pace.largest_group)
        async with AsyncExitStack() as stack:
            if ready:
                # Claimed or about to be, and what is finished but on its way to the disk: none waits for the other.
                window = min(ready, largest, (CLAIMED_GROUPS + 2) * pace.largest_group + 2 * GROUP_RECORDS)
                taking = self._ports.source.take(self._definition.name, ready, window=window)
                self._take = await stack.enter_async_context(taking)
            await self._work(plan, snapshot, pace, others_hold=rows.others_hold)

    # --- what waits ---------------------------------------------------------------------------------------------------

    async def _count(self) -> tuple[WaitingRows, int]:
        rows = await self._ports.ledger.open_check(self._lease)
        ready = await self._ready(rows)
        if not self._settings.coalesce or rows.count + ready == 0:
            return rows, ready
        if ready:
            rows = await self._collect(ready, window=self._window.limit(LARGEST_WINDOW))
        left = await self._ports.ledger.coalesce(self._lease, self._definition, up_to=rows.up_to)
        return replace(rows, count=left), 0

    async def _ready(self, rows: WaitingRows) -> int:
        """Count the broker's part; while it is away, what waits in the ledger goes on without it."""
        try:
            return await self._ports.source.ready(self._definition.name)
        except (BrokerUnavailable, NotFound) as error:
            if not rows.count:
                raise
            self._broker_fault = error
            return 0

    async def _collect(self, ready: int, *, window: int) -> WaitingRows:
        """Bring the broker's part into the ledger, uncharged: where all of it must be in view at once."""
        window = min(ready, window)
        async with self._ports.source.take(self._definition.name, ready, window=window) as take:
            messages: list[Message] = []
            tags: list[int] = []

            async def keep() -> None:
                await self._ports.ledger.keep(self._lease, messages, claimed=False)
                hit("collect.kept")
                await take.acknowledge(tags)

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
                self._window.note(len(delivery.body))
                if len(tags) >= min(CLAIM_GROUP, window):
                    await keep()
                    messages, tags = [], []
            if tags:
                await keep()
        return await self._ports.ledger.open_check(self._lease)

    # --- feeding ------------------------------------------------------------------------------------------------------

    async def _work(self, plan: DeliveryPlan, snapshot: Snapshot, pace: Pace, *, others_hold: bool) -> None:
        claimer = Claimer(
            self._ports.ledger,
            self._lease,
            self._definition,
            retry_count=self._settings.retry_count,
            others_hold=others_hold,
        )
        attempts = Attempts(
            self._queue,
            claimer,
            pace,
            settings=self._settings,
            settler=self._settler,
            ending=self._ending,
            summary=self.summary,
        )
        self.breaker = attempts.breaker
        feeder = Feeder(
            attempts,
            self._settler,
            pace,
            self._probation,
            ending=self._ending,
            mode=plan.mode,
            name=self._definition.name,
        )
        settling = asyncio.create_task(self._settler.run(), name=f"settle {self._definition.name}")
        is_hurried = False
        try:
            async with asyncio.TaskGroup() as requests:
                brake = requests.create_task(self._stop_taking(), name=f"brake {self._definition.name}")
                await self._feed(feeder, snapshot, requests)
                brake.cancel()
        except asyncio.CancelledError:
            is_hurried = True
            raise
        finally:
            await self._wind_up(self._finish(attempts, claimer, feeder, settling), settling, is_hurried=is_hurried)
            feeder.close()
            self.summary.ended_by = self._ending.reason
        if self._ending.failure is not None:
            raise self._ending.failure

    async def _stop_taking(self) -> None:
        """Cancel the consumer as soon as the check is to end, so that no more is fetched."""
        await self._ending.wait()
        if self._take is not None:
            try:
                await self._take.stop()
            except BrokerUnavailable as error:
                self._ending.fail(broker_reason(error), error)

    async def _feed(self, feeder: Feeder, snapshot: Snapshot, requests: asyncio.TaskGroup) -> None:
        try:
            await feeder.feed(self._entries(snapshot), requests)
        except BrokerUnavailable as error:
            self._ending.fail(broker_reason(error), error)
        except DatabaseUnavailable as error:
            self._ending.fail("database_unavailable", error)
        except LeaseLost as error:
            self._ending.fail("lease_lost", error)

    async def _entries(self, snapshot: Snapshot) -> AsyncIterator[Entry]:
        async for entry in snapshot.stored():
            if self._ending.is_over():
                break  # not return: the broker's part is in hand already, and given back it counts as a delivery
            yield entry
        if self._take is not None:
            if self._ending.is_over():
                await self._take.stop()
            async for entry in snapshot.delivered(self._take):
                self._window.note(len(entry.content.body))
                yield entry

    # --- the end ------------------------------------------------------------------------------------------------------

    async def _acknowledge(self, tags: Sequence[int]) -> None:
        if self._take is not None:
            await self._take.acknowledge(tags)

    async def _wind_up(
        self, finish: Coroutine[None, None, None], settling: asyncio.Task[None], *, is_hurried: bool
    ) -> None:
        """Keep what was not tried, write what is left; a hard stop leaves a little time for it."""
        finishing = asyncio.create_task(finish, name=f"finish {self._definition.name}")
        try:
            async with asyncio.timeout(HURRIED_SECONDS if is_hurried else None):
                await asyncio.shield(finishing)
        except TimeoutError:
            await _end(finishing, settling)
        except asyncio.CancelledError:
            _, late = await asyncio.wait({finishing}, timeout=HURRIED_SECONDS)
            await _end(*late, settling)
            raise

    async def _finish(self, attempts: Attempts, claimer: Claimer, feeder: Feeder, settling: asyncio.Task[None]) -> None:
        try:
            await self._keep(claimer.untried, attempts, claimed=True)
            await self._keep(feeder.unclaimed, attempts, claimed=False)
        except DatabaseUnavailable as error:
            # The deliveries among them come back from the broker; the claims of the others expire.
            self._ending.fail("database_unavailable", error)
        finally:
            self._settler.close()
        try:
            await settling
        except DatabaseUnavailable as error:
            self._ending.fail("database_unavailable", error)

    async def _keep(self, entries: Sequence[Entry], attempts: Attempts, *, claimed: bool) -> None:
        """Keep deliveries in the ledger, and take back the attempts of what was claimed and not tried."""
        messages = [
            each.content for each in entries if isinstance(each.content, Message) and (claimed or each.tag is not None)
        ]
        if messages:
            await self._keep_messages(messages, claimed=claimed)
            hit("keep.committed")
        for each in entries:
            if isinstance(each.content, UnreadableMessage):
                attempts.settle_unreadable(each, each.content)
            else:
                self._settler.add_settled(each.tags)

    async def _keep_messages(self, messages: Sequence[Message], *, claimed: bool) -> None:
        def delayed(error: DatabaseUnavailable) -> None:
            _log.warning("keep.delayed", queue=self._definition.name, records=len(messages), reason=str(error))

        for portion in portions(messages, lambda each: len(each.body)):
            keep = partial(self._ports.ledger.keep, self._lease, portion, claimed=claimed)
            await self._claim_time.write(keep, on_delay=delayed)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
