"""How long the claims of a run are surely ours, by our own monotonic clock."""

from queues.ports import Clock
from queues.worker.setup import Spans


class ClaimTime:
    """
    The time until which every claim of this run holds, counted from before the last successful renewal.

    The database's clock decides about leases; counting from *before* the statement was sent is always on the safe side.
    """

    def __init__(self, clock: Clock, spans: Spans) -> None:
        self._clock = clock
        self._spans = spans
        self._valid_until = clock.monotonic() + spans.claim_lease.total_seconds()

    def renewed(self, *, begun_at: float) -> None:
        """Note that a renewal begun at monotonic time *begun_at* was confirmed."""
        self._valid_until = begun_at + self._spans.claim_lease.total_seconds()

    def lost(self) -> None:
        """Note that the lease is gone: nothing more may begin, nothing more be written again."""
        self._valid_until = self._clock.monotonic()

    @property
    def may_begin(self) -> bool:
        """Tell whether a request begun now ends before any claim can expire."""
        return self._clock.monotonic() + self._spans.request.total_seconds() < self._valid_until

    @property
    def may_write(self) -> bool:
        """Tell whether outcomes may still be written again: nobody else can hold the claims yet."""
        return self._clock.monotonic() < self._valid_until
