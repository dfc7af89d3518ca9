"""The real clock keeps what the engine counts on."""

import asyncio
import time

import uvloop

from daemon.clock import SystemClock


def test_a_sleep_never_ends_before_its_time_on_the_loop_of_the_daemon() -> None:
    async def early() -> list[float]:
        clock, found = SystemClock(), []
        for step in range(200):
            seconds = 0.0015 + step * 0.00001
            before = time.monotonic()
            await clock.sleep(seconds)
            if (took := time.monotonic() - before) < seconds:
                found.append(seconds - took)
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(early()) == []
