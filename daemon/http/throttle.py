"""The throttle of failed authentication: each source has some tries, and gets one back every second."""

import math
from collections import OrderedDict
from typing import Final

from queues.ports import Clock

TRIES: Final = 20
PER_SECOND: Final = 1.0
TRIES_OF_ALL: Final = 200
PER_SECOND_OF_ALL: Final = 20.0
SOURCES_KEPT: Final = 10_000
"""Sources remembered at once; the longest quiet one is forgotten first, so that memory stays bounded."""


class _Bucket:
    """Tries left of one source, refilled as time goes by."""

    __slots__ = ("_capacity", "_left", "_rate", "_seen")

    def __init__(self, *, capacity: int, rate: float, now: float) -> None:
        self._capacity = capacity
        self._rate = rate
        self._left = float(capacity)
        self._seen = now

    def wait(self, now: float) -> float:
        """Tell how many seconds until there is a whole try, 0 when there is one."""
        self._left = min(self._capacity, self._left + (now - self._seen) * self._rate)
        self._seen = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate

    def take(self) -> None:
        self._left = max(0.0, self._left - 1)


class FailureThrottle:
    """
    Counts wrong tokens per source and in all.

    A source without tries is refused unheard, so that guessing goes at its pace. When many sources guess at once only
    those that have failed before are refused: clients with a right token go on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(capacity=TRIES_OF_ALL, rate=PER_SECOND_OF_ALL, now=clock.monotonic())

    def wait(self, source: str) -> int:
        """Tell for how many whole seconds *source* is refused, 0 when it is heard."""
        bucket = self._sources.get(source)
        if bucket is None:
            return 0
        now = self._clock.monotonic()
        return math.ceil(max(bucket.wait(now), self._all.wait(now)))

    def failed(self, source: str) -> None:
        """Count a wrong token from *source*."""
        now = self._clock.monotonic()
        bucket = self._sources.setdefault(source, _Bucket(capacity=TRIES, rate=PER_SECOND, now=now))
        self._sources.move_to_end(source)
        bucket.wait(now)
        bucket.take()
        self._all.wait(now)
        self._all.take()
        while len(self._sources) > SOURCES_KEPT:
            self._sources.popitem(last=False)
