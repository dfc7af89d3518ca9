"""What goes on beside the queues goes on after a fault of ours, too."""

import asyncio

from structlog.testing import capture_logs

from daemon.serve.background import kept_up
from tests.fakes.clock import FakeClock


async def test_a_task_that_crashes_is_told_and_begun_again() -> None:
    clock, begun = FakeClock(), 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ValueError("a fault of ours")
        await asyncio.Event().wait()

    with capture_logs() as logs:
        task = asyncio.create_task(kept_up("retention", work, clock=clock))
        await clock.advance(60)
        task.cancel()

    assert begun == 3
    assert [(line["event"], line["task"]) for line in logs] == [("task.crashed", "retention")] * 2
