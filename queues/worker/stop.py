"""Asking the worker to stop: softly (finish what is in hand), noticed by every sleep."""

import asyncio

from queues.ports import Clock


class Stop:
    """One soft stop for all queues of a process; a hard stop is the cancellation of their tasks."""

    def __init__(self) -> None:
        self._requested = asyncio.Event()

    @property
    def is_requested(self) -> bool:
        """Tell whether nothing new is to begin."""
        return self._requested.is_set()

    def request(self) -> None:
        """Ask for the stop; asking again changes nothing."""
        self._requested.set()

    async def requested(self) -> None:
        """Return when the stop is requested."""
        await self._requested.wait()

    async def sleep(self, clock: Clock, seconds: float, *, wake: asyncio.Event | None = None) -> None:
        """Sleep *seconds* of *clock*, less when a stop is requested or *wake* is set meanwhile."""
        waits = [asyncio.ensure_future(self._requested.wait()), asyncio.ensure_future(clock.sleep(seconds))]
        if wake is not None:
            waits.append(asyncio.ensure_future(wake.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
