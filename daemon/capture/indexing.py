"""Tells the shop to index when the records of a run are delivered (R97, B13): once a run, not once a record."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog

from queues.errors import DatabaseUnavailable
from queues.ports import Clock
from queues.postgres.sync_indexing import DueStep, FailedStep, OpenStep
from queues.postgres.sync_runs import LineLevel

PAUSE_SECONDS: Final = 5.0

_log = structlog.stdlib.get_logger("daemon.capture")

IndexHook = Callable[[str, int], Awaitable[str]]
"""Tells the shop to index after a run: name of the sync, number of the run; answers what went wrong, or nothing."""


class Steps(Protocol):
    """The steps after runs; all raise DatabaseUnavailable."""

    async def open(self) -> Sequence[OpenStep]:
        """List the runs whose records are still on their way."""

    async def move_on(self, step: OpenStep, *, kinds: Sequence[str], queues: Sequence[str]) -> None:
        """Bring a step forward as far as its records are."""

    async def give_up(self) -> Sequence[FailedStep]:
        """Let the steps be that have waited too long."""

    async def take(self) -> DueStep | None:
        """Take a step to be made now."""

    async def done(self, step: DueStep) -> None:
        """Note that it was made."""

    async def not_done(self, step: DueStep, error: str) -> bool:
        """Note that it came to nothing; tell whether it is tried no more."""

    async def failed(self) -> Sequence[FailedStep]:
        """List the syncs whose last step failed."""


class RunLog(Protocol):
    """What runs tell."""

    async def tell(self, run_id: int, text: str, *, level: LineLevel = "info") -> None:
        """Add a line. Raises DatabaseUnavailable."""


class Indexing:
    """
    Makes the step after runs. Safe on several replicas at once.

    Args:
        steps: where they are kept.
        runs: told of what became of each.
        kinds: gives the event types a sync carries.
        instance: begins the names of queues.
        hook: tells the shop.

    Attributes:
        failed: the syncs whose last step came to nothing, as of the last look.
    """

    def __init__(
        self,
        steps: Steps,
        runs: RunLog,
        kinds: Callable[[str], Sequence[str]],
        hook: IndexHook,
        *,
        instance: str,
        clock: Clock,
    ) -> None:
        self._steps = steps
        self._runs = runs
        self._kinds = kinds
        self._hook = hook
        self._instance = instance
        self._clock = clock
        self.failed: Sequence[FailedStep] = ()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                _log.warning("indexing.interrupted", reason=str(error))
            except Exception:  # noqa: BLE001 - the one broad catch of this loop: a fault of ours must not end it
                _log.exception("indexing.crashed")
            await self._clock.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """Bring every step forward, and make those that are due."""
        for given_up in await self._steps.give_up():
            _log.warning("index.failed", sync=given_up.sync, reason=given_up.error)
        for each in await self._steps.open():
            kinds = self._kinds(each.sync)
            await self._steps.move_on(each, kinds=kinds, queues=[f"{self._instance}.{kind}" for kind in kinds])
        while (step := await self._steps.take()) is not None:
            await self._make(step)
        self.failed = await self._steps.failed()

    async def _make(self, step: DueStep) -> None:
        fault = await self._hook(step.sync, step.id)
        if not fault:
            await self._steps.done(step)
            _log.info("index.asked_for", sync=step.sync, run=step.id)
            await self._runs.tell(step.id, "the shop was told to index")
            return
        is_last = await self._steps.not_done(step, fault)
        _log.warning("index.failed", sync=step.sync, run=step.id, reason=fault, tries=step.tries, is_last=is_last)
        again = "" if is_last else "; tried again"
        await self._runs.tell(step.id, f"the shop was not told to index: {fault}{again}", level="warning")
