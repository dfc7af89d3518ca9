"""How many requests are claimed ahead of a target: by its pace, so that a slow one has only a few of them."""

from typing import Final

from queues.ports import Clock

CLAIM_GROUP: Final = 200
"""Messages claimed by one statement, at most (one request's, if that has more)."""

CLAIMED_GROUPS: Final = 2
"""Groups claimed and not yet answered, at most."""

AHEAD_SECONDS: Final = 0.1
"""
How long a group keeps the target busy: a crash charges what is claimed and was not sent, a claim costs milliseconds.
"""

_WEIGHT: Final = 0.25
"""Of the newest request in the average."""


class Pace:
    """
    The pace of one check's requests. Every check begins carefully: yesterday's target may have been a quick one.

    Args:
        clock: measures.
        request_size: messages of a request.
        in_flight: requests in hand at once.
        window: deliveries in hand at once, *request_size* or more: a group that does not fit would wait for ever.
    """

    def __init__(self, clock: Clock, *, request_size: int, in_flight: int, window: int) -> None:
        self._clock = clock
        self.in_flight = in_flight
        fitting = window // request_size
        # With fewer, a group that waits for its last request would leave a place at the target empty.
        self._least = min((in_flight + 1) // 2, fitting)
        self._most = min(max(CLAIM_GROUP // request_size, self._least), fitting)
        self._seconds: float | None = None
        self.request_size = request_size

    @property
    def largest_group(self) -> int:
        """Messages of a group at a target that answers at once."""
        return self._most * self.request_size

    def next_group(self) -> int:
        """Tell how many messages to claim now: a whole number of requests."""
        if self._seconds is None:
            return self._least * self.request_size
        # Not divided by the seconds: they may be none.
        is_fast = self._most * self._seconds <= self.in_flight * AHEAD_SECONDS
        wanted = self._most if is_fast else int(self.in_flight * AHEAD_SECONDS / self._seconds)
        return max(wanted, self._least) * self.request_size

    def begin(self) -> float:
        """Begin to measure a request; the moment is for `end`."""
        return self._clock.monotonic()

    def end(self, begun_at: float) -> None:
        """Note how long a request took, all that was needed for it included."""
        seconds = self._clock.monotonic() - begun_at
        self._seconds = seconds if self._seconds is None else self._seconds + _WEIGHT * (seconds - self._seconds)
