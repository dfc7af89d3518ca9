"""Things of either system that rarely change, kept for a while; what is missing is asked for again each time."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from queues.ports import Clock

KeyT = TypeVar("KeyT")
ThingT = TypeVar("ThingT")

_KEPT_SECONDS: Final = 300.0
_MOST_KEPT: Final = 20_000


class Remembered(Generic[KeyT, ThingT]):
    """
    Keeps found things by key.

    Args:
        clock: for their age.
        kept_seconds: how long one is believed.
        most_kept: the oldest are forgotten beyond this.
    """

    def __init__(self, clock: Clock, *, kept_seconds: float = _KEPT_SECONDS, most_kept: int = _MOST_KEPT) -> None:
        self._clock = clock
        self._kept_seconds = kept_seconds
        self._most_kept = most_kept
        self._things: OrderedDict[KeyT, tuple[ThingT, float]] = OrderedDict()

    def get(self, key: KeyT) -> ThingT | None:
        """Give the thing, None if it is not known or known for too long."""
        known = self._things.get(key)
        if known is None:
            return None
        thing, expires_at = known
        if self._clock.monotonic() >= expires_at:
            del self._things[key]
            return None
        return thing

    def keep(self, key: KeyT, thing: ThingT) -> ThingT:
        """Remember the thing, and give it back."""
        self._things[key] = (thing, self._clock.monotonic() + self._kept_seconds)
        self._things.move_to_end(key)
        while len(self._things) > self._most_kept:
            self._things.popitem(last=False)
        return thing

    def forget(self, key: KeyT) -> None:
        """Ask for it anew next time."""
        self._things.pop(key, None)
