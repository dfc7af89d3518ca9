"""One queue on its schedule, until told to stop; and all queues of a process together."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from queues.errors import DatabaseUnavailable, LeaseLost, QueueError
from queues.failpoints import hit
from queues.ports import NotDue, RunLease
from queues.worker.probation import Probation
from queues.worker.run import Run
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop
from queues.worker.window import Window

TROUBLE_SECONDS: Final = 2.0
"""Pause before the schedule is asked again after an error."""

_log = structlog.stdlib.get_logger("queues.worker")


class QueueWorker:
    """
    Runs one queue whenever its schedule says so (rule 7).

    Args:
        queue: its own parts.
        ports: the outside world.
        spans: how long things may take.
        stop: of the whole process.
        probation: of the whole process, shared by all its queues; None: there is only this one.
    """

    def __init__(
        self, queue: WorkedQueue, ports: Ports, spans: Spans, *, stop: Stop, probation: Probation | None = None
    ) -> None:
        self._queue = queue
        self._ports = ports
        self._spans = spans
        self._stop = stop
        self._probation = probation or Probation()
        self._window = Window()
        self._wake = asyncio.Event()

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._queue.definition.name

    def wake(self) -> None:
        """Look at the schedule now ("run now" was asked for here)."""
        self._wake.set()

    async def work(self) -> None:
        """Run until a stop is requested; the run in hand is finished first."""
        while not self._stop.is_requested:
            wait = await self._work_once()
            await self._stop.sleep(self._ports.clock, wait.total_seconds(), wake=self._wake)
            self._wake.clear()

    async def _work_once(self) -> timedelta:
        """Run once if due; tell how long to wait before looking again."""
        begun_at = self._ports.clock.monotonic()
        try:
            lease = await self._ports.schedule.begin_run(self.name)
            if isinstance(lease, NotDue):
                return lease.wait
            try:
                hit("run.begun")
                await self._run(lease, begun_at).run()
            finally:
                hit("run.finished")
                await self._ports.schedule.end_run(lease)
        except (DatabaseUnavailable, LeaseLost) as error:
            _log.warning("schedule.not_kept", queue=self.name, reason=str(error))
            return timedelta(seconds=TROUBLE_SECONDS)
        except QueueError as error:
            _log.error("run.failed", queue=self.name, reason=str(error))
            return timedelta(seconds=TROUBLE_SECONDS)
        except Exception:  # noqa: BLE001 - the one broad catch of this loop: a fault of ours must not stop a queue
            _log.exception("run.crashed", queue=self.name)
            return timedelta(seconds=TROUBLE_SECONDS)
        return timedelta(0)

    def _run(self, lease: RunLease, begun_at: float) -> Run:
        if lease.follows_loss:
            self._window.forget()
        return Run(
            self._queue,
            self._ports,
            self._spans,
            lease=lease,
            begun_at=begun_at,
            stop=self._stop,
            probation=self._probation,
            window=self._window,
        )


async def work_until_stopped(workers: Sequence[QueueWorker], stop: Stop, *, grace: timedelta) -> bool:
    """
    Work on all queues until *stop* is requested, then let what is in hand finish within *grace*.

    Returns:
        Whether everything in hand finished in time; what did not was cancelled (its outcome is unknown and counts).
    """
    tasks = {asyncio.create_task(worker.work(), name=worker.name) for worker in workers}
    try:
        await stop.requested()
        if not tasks:  # no target is connected: there is nothing in hand
            return True
        _, late = await asyncio.wait(tasks, timeout=grace.total_seconds())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return not late
