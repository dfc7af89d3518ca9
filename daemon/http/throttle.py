"""The throttle of failed authentication: each source has some tries, and gets one back every second."""

import ipaddress
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
_HOST_BITS: Final = 64
"""Of an IPv6 address; whoever has one has all of its network, so the network is the source."""


class _Bucket:
    """Tries left of one source, refilled as time goes by."""

    __slots__ = ("_capacity", "_left", "_rate", "_seen")

    def __init__(self, *, capacity: int, rate: float, now: float) -> None:
        self._capacity = capacity
        self._rate = rate
        self._left = float(capacity)
        self._seen = now

    def take(self, now: float) -> float:
        """Take a try; give the seconds until there is one where there was none, else 0."""
        self._left = min(self._capacity, self._left + (now - self._seen) * self._rate)
        self._seen = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate


class FailureThrottle:
    """
    Counts wrong tokens per source and in all, and tells when there were too many.

    Only wrong tokens are throttled. A right one always passes: all of them are too long to be guessed, so refusing
    them would only let a stranger behind the same proxy lock the operators out.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources: OrderedDict[str, _Bucket] = OrderedDict()
        self._all = _Bucket(capacity=TRIES_OF_ALL, rate=PER_SECOND_OF_ALL, now=clock.monotonic())

    def failed(self, source: str) -> int:
        """Count a wrong token from *source*; give the whole seconds until another will be heard, 0 for at once."""
        now = self._clock.monotonic()
        name = _network(source)
        bucket = self._sources.setdefault(name, _Bucket(capacity=TRIES, rate=PER_SECOND, now=now))
        self._sources.move_to_end(name)
        while len(self._sources) > SOURCES_KEPT:
            self._sources.popitem(last=False)
        wait = bucket.take(now)
        # What a throttled source goes on sending costs the others nothing.
        return math.ceil(wait or self._all.take(now))


def _network(source: str) -> str:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address) >> _HOST_BITS << _HOST_BITS, _HOST_BITS)))
    return source
