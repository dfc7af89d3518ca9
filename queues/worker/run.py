"""One run: checks and sleeps while Check Process Time lasts (DESIGN.md, rules 8, 10, 11 and 14)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from opentelemetry import trace

from queues.errors import BrokerUnavailable, ConsumerCancelled, DatabaseUnavailable, LeaseLost, NotFound, QueueError
from queues.failpoints import hit
from queues.ports import CheckSummary, CheckTerms, RunLease
from queues.settings import QueueProcessingSettings, SettingsSnapshot
from queues.window import may_check, sleep_before_next_check
from queues.worker.check import Check
from queues.worker.claims import ClaimTime
from queues.worker.probation import Probation
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop
from queues.worker.window import Window

_tracer: Final = trace.get_tracer("am-connector")
_log = structlog.stdlib.get_logger("queues.worker")

_ENDED_BY: Final[dict[type[QueueError], str]] = {
    BrokerUnavailable: "broker_unavailable",
    ConsumerCancelled: "consumer_cancelled",
    DatabaseUnavailable: "database_unavailable",
    NotFound: "queue_missing",
}


class Run:
    """One run of one queue under one lease, which was asked for at the monotonic time *begun_at*."""

    def __init__(
        self,
        queue: WorkedQueue,
        ports: Ports,
        spans: Spans,
        *,
        lease: RunLease,
        begun_at: float,
        stop: Stop,
        probation: Probation,
        window: Window,
    ) -> None:
        self._queue = queue
        self._name = queue.definition.name
        self._ports = ports
        self._spans = spans
        self._lease = lease
        self._stop = stop
        self._probation = probation
        self._window = window
        self._claim_time = ClaimTime(ports.clock, spans, begun_at=begun_at)
        self._snapshot = SettingsSnapshot(version=0, settings=QueueProcessingSettings())
        self._is_lost = False
        self._is_paused = False

    async def run(self) -> None:
        """
        `check; while elapsed < C: sleep min(S, C - elapsed); if elapsed < C: check` (rule 8).

        A check that loses the broker or the database ends; the next one goes on. A lost lease ends the run, a pause
        ends it after the check in hand.
        """
        clock = self._ports.clock
        started = clock.monotonic()
        async with self._leases_renewed():
            await self._check_unless_paused(is_first=True)
            while not self._must_end():
                settings = self._snapshot.settings
                pause = sleep_before_next_check(settings, elapsed=clock.monotonic() - started)
                if pause is None:
                    return
                await self._stop.sleep(clock, pause)
                if self._must_end() or not may_check(settings, elapsed=clock.monotonic() - started):
                    return
                await self._check_unless_paused(is_first=False)

    def _must_end(self) -> bool:
        return self._stop.is_requested or self._is_lost or self._is_paused

    async def _check_unless_paused(self, *, is_first: bool) -> None:
        """Make one check with the settings in force now."""
        try:
            terms = await self._ports.schedule.terms(self._name)
            self._snapshot = terms.settings
            # The schedule does not begin a run of a paused queue: that a check was asked for came first.
            self._is_paused = terms.paused and not is_first
            if not self._is_paused:
                await self._check(terms)
        except LeaseLost as error:
            self._is_lost = True
            _log.warning("run.lease_lost", queue=self._name, reason=str(error))
        except DatabaseUnavailable as error:
            _log.warning("check.not_recorded", queue=self._name, reason=str(error))

    async def _check(self, terms: CheckTerms) -> None:
        check = Check(
            self._queue,
            self._ports,
            lease=self._lease,
            snapshot=self._snapshot,
            claim_time=self._claim_time,
            stop=self._stop,
            probation=self._probation,
            window=self._window,
        )
        began = self._ports.clock.monotonic()
        try:
            obstacle = await self._obstacle(terms)
            if obstacle:
                check.summary.ended_by = obstacle
            else:
                with _tracer.start_as_current_span("queue.check", attributes={"queue": self._name}):
                    await check.run()
        except (BrokerUnavailable, DatabaseUnavailable, NotFound) as error:
            check.summary.ended_by = check.summary.ended_by or _ENDED_BY[type(error)]
            _log.warning("check.cut_short", queue=self._name, reason=str(error), ended_by=check.summary.ended_by)
        check.summary.duration_ms = (self._ports.clock.monotonic() - began) * 1000
        await self._conclude(check)

    async def _obstacle(self, terms: CheckTerms) -> str:
        """Tell why this check makes no attempts, or nothing."""
        if terms.hold_until is not None:
            return "retry_after"
        if terms.on_hold and self._snapshot.settings.outage_policy == "hold":
            if not await self._queue.sender.probe():
                return "on_hold"
            _log.info("queue.hold_ended", queue=self._name)
        if terms.on_hold:
            await self._ports.schedule.set_on_hold(self._lease, on_hold=False, reason="")
        return ""

    async def _conclude(self, check: Check) -> None:
        """Write the check into the run's record, with what the target asked for."""
        hit("check.finished")
        summary, breaker = check.summary, check.breaker
        if summary.waiting or summary.failed or summary.ended_by:
            _log.info("check.finished", queue=self._name, **_facts(summary))
        self._queue.on_check(self._queue.definition, summary)
        if breaker.retry_after_seconds is not None:
            await self._ports.schedule.hold_until(self._lease, breaker.retry_after_seconds)
        if breaker.is_outage and self._snapshot.settings.outage_policy == "hold":
            _log.error("queue.on_hold", queue=self._name, reason=breaker.reason)
            await self._ports.schedule.set_on_hold(self._lease, on_hold=True, reason=breaker.reason)
        await self._ports.schedule.record_check(self._lease, summary)

    @asynccontextmanager
    async def _leases_renewed(self) -> AsyncIterator[None]:
        keeper = asyncio.create_task(self._keep_leases(), name=f"leases {self._name}")
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _keep_leases(self) -> None:
        clock = self._ports.clock
        while True:
            await clock.sleep(min(self._spans.run_lease, self._spans.claim_lease).total_seconds() / 3)
            begun_at = clock.monotonic()
            try:
                await self._ports.schedule.renew(self._lease, held_up=self._probation.holds_up(self._name))
                await self._ports.ledger.renew_claims(self._lease)
            except LeaseLost:
                self._is_lost = True
                self._claim_time.lost()
                _log.warning("run.lease_lost", queue=self._name)
                return
            except DatabaseUnavailable as error:
                _log.warning("lease.not_renewed", queue=self._name, reason=str(error))
            else:
                hit("lease.renewed")
                self._claim_time.renewed(begun_at=begun_at)


def _facts(summary: CheckSummary) -> dict[str, object]:
    return {
        "mode": summary.mode,
        "waiting": summary.waiting,
        "requests": summary.requests,
        "delivered": summary.delivered,
        "skipped": summary.skipped,
        "retried": summary.retried,
        "failed": summary.failed,
        "duration_ms": round(summary.duration_ms, 1),
        "ended_by": summary.ended_by,
    }
