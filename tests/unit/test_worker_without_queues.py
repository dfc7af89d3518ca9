"""A daemon whose targets are not connected works on no queue, and stops as any other."""

import asyncio
from datetime import timedelta

from queues.worker.service import work_until_stopped
from queues.worker.stop import Stop


async def test_without_a_queue_to_work_on_a_stop_ends_well() -> None:
    stop = Stop()
    working = asyncio.create_task(work_until_stopped([], stop, grace=timedelta(seconds=1)))
    stop.request()

    async with asyncio.timeout(10):
        assert await working
