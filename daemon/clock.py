"""The real clock."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Matches queues.ports.Clock."""

    def now(self) -> datetime:
        """Tell the time of the machine, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Tell seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after *seconds*, never before: a run that woke early would make a check too many (rule 8)."""
        until = time.monotonic() + seconds
        await asyncio.sleep(seconds)
        # uvloop counts whole milliseconds and may come back up to one early.
        while (left := until - time.monotonic()) > 0:  # noqa: ASYNC110 - it waits for the time itself
            await asyncio.sleep(left)
