"""How long the claims of a run are surely ours, by our own monotonic clock; and writing while they are."""

from collections.abc import Awaitable, Callable
from typing import Final

from queues.errors import DatabaseUnavailable
from queues.ports import Clock
from queues.worker.setup import Spans

RETRY_SECONDS: Final = 1.0
"""Pause before what the database did not take is written again."""


class ClaimTime:
    """
    The time until which every claim and the lease of this run hold, counted from before the last successful renewal.

    The database's clock decides about leases; counting from *before* the statement was sent is always on the safe side.

    Args:
        begun_at: the monotonic time before the run's lease was asked for.
    """

    def __init__(self, clock: Clock, spans: Spans, *, begun_at: float) -> None:
        self._clock = clock
        self._spans = spans
        self.renewed(begun_at=begun_at)

    def renewed(self, *, begun_at: float) -> None:
        """Note that a renewal begun at monotonic time *begun_at* was confirmed."""
        self._valid_until = begun_at + self._spans.claim_lease.total_seconds()
        self._run_until = begun_at + self._spans.run_lease.total_seconds()

    def lost(self) -> None:
        """Note that the lease is gone: nothing more may begin, nothing more be written again."""
        self._valid_until = self._clock.monotonic()

    @property
    def may_begin(self) -> bool:
        """Tell whether the run is surely still ours, and a request begun now ends before any claim can expire."""
        now = self._clock.monotonic()
        return now < self._run_until and now + self._spans.request.total_seconds() < self._valid_until

    @property
    def may_write(self) -> bool:
        """Tell whether outcomes may still be written again: nobody else can hold the claims yet."""
        return self._clock.monotonic() < self._valid_until

    async def write(
        self, work: Callable[[], Awaitable[None]], *, on_delay: Callable[[DatabaseUnavailable], None]
    ) -> None:
        """
        Do *work*, again and again while the claims are surely ours: what is left behind costs an attempt.

        Args:
            work: writes to the ledger, safe to repeat.
            on_delay: told of a failure after which it is tried again.

        Raises:
            DatabaseUnavailable: the database did not take it while nobody else could hold the claims.
        """
        while True:
            try:
                return await work()
            except DatabaseUnavailable as error:
                if not self.may_write:
                    raise
                on_delay(error)
                await self._clock.sleep(RETRY_SECONDS)
