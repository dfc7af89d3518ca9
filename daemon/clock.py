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
        """Return after *seconds*."""
        await asyncio.sleep(seconds)
