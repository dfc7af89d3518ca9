"""Whether a check takes up nothing more, and why."""

import asyncio

from queues.errors import BrokerUnavailable, ConsumerCancelled, QueueError
from queues.worker.claims import ClaimTime
from queues.worker.stop import Stop


class Ending:
    """
    The end of one check, seen by everything in it: no further request begins, those in hand finish.

    Attributes:
        reason: `stopped`, `target_unreachable`, `rate_limited` …; empty while the check goes on.
        failure: the first loss of broker, database or lease, to be raised when everything is wound up.
    """

    def __init__(self, stop: Stop, claim_time: ClaimTime) -> None:
        self.reason = ""
        self.failure: QueueError | None = None
        self._stop = stop
        self._claim_time = claim_time
        self._ended = asyncio.Event()

    def end(self, reason: str) -> None:
        """End the check; the first reason stays."""
        if not self._ended.is_set():
            self.reason = reason
            self._ended.set()

    def fail(self, reason: str, error: QueueError) -> None:
        """End the check because of *error*."""
        self.failure = self.failure or error
        self.end(reason)

    def is_over(self) -> bool:
        """Tell whether no further request may begin."""
        if self._stop.is_requested:
            self.end("stopped")
        elif not self._claim_time.may_begin:
            self.end("claims_expiring")
        return self._ended.is_set()

    @property
    def are_claims_safe(self) -> bool:
        """Tell whether a request sent now ends before any claim can expire."""
        return self._claim_time.may_begin

    async def wait(self) -> None:
        """Return when the check ends early."""
        await self._ended.wait()


def broker_reason(error: BrokerUnavailable) -> str:
    """Name the end of a check that the broker brought about."""
    return "consumer_cancelled" if isinstance(error, ConsumerCancelled) else "broker_unavailable"
