"""
Which acknowledgements may go out now, and how few frames say them.

Every acknowledgement lets the broker send one more delivery. While a take is being filled, at most `wanted - prefetch`
may therefore go out: then the broker sends `wanted` deliveries in all and not one more, and none has to be given back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["filling", "cancelled", "leaving"]
"""Of a take: its consumer may still be sent deliveries; it was cancelled; nothing more will be settled."""


@dataclass(frozen=True, slots=True)
class AckFrame:
    """One `basic.ack`: of *tag* alone, or of everything outstanding up to it."""

    tag: int
    multiple: bool


@dataclass(slots=True, kw_only=True)
class Acknowledgements:
    """
    The settled deliveries of one take, and what the broker knows of them. Tags count from 1 without gaps.

    Attributes:
        wanted: deliveries in all.
        prefetch: deliveries the broker sends ahead of acknowledgements, 1 to *wanted*.
    """

    wanted: int
    prefetch: int
    _settled_through: int = 0
    _told_through: int = 0
    _settled_beyond: set[int] = field(default_factory=set)
    _told_beyond: set[int] = field(default_factory=set)

    @property
    def told(self) -> int:
        """How many deliveries the broker was told of."""
        return self._told_through + len(self._told_beyond)

    def settle(self, tags: Iterable[int]) -> None:
        """Note that the fate of these deliveries is durable; telling it twice changes nothing."""
        self._settled_beyond.update(tag for tag in tags if tag > self._settled_through)
        while self._settled_through + 1 in self._settled_beyond:
            self._settled_through += 1
            self._settled_beyond.remove(self._settled_through)

    def frames(self, phase: Phase) -> list[AckFrame]:
        """
        Give the frames to send now, in order; they count as sent.

        One frame covers everything up to the first delivery still in hand. Later ones are told singly only where they
        must be: when they hold back half of the window, so that one slow record does not starve the rest, and in the
        end.
        """
        allowed = self.wanted - self.prefetch if phase == "filling" else self.wanted
        frames = self._tell_through(allowed)
        untold = self._settled_beyond - self._told_beyond
        if phase == "leaving" or (phase == "filling" and 2 * len(untold) >= self.prefetch):
            singles = sorted(untold)[: max(allowed - self.told, 0)]
            self._told_beyond.update(singles)
            frames += [AckFrame(tag, multiple=False) for tag in singles]
        return frames

    def _tell_through(self, allowed: int) -> list[AckFrame]:
        tag = min(self._settled_through, allowed)
        # The broker refuses a frame whose own tag it was told of before.
        while tag > self._told_through and (
            tag in self._told_beyond or tag + sum(told > tag for told in self._told_beyond) > allowed
        ):
            tag -= 1
        if tag <= self._told_through:
            return []
        self._told_through = tag
        self._told_beyond = {told for told in self._told_beyond if told > tag}
        while self._told_through + 1 in self._told_beyond:
            self._told_through += 1
            self._told_beyond.remove(self._told_through)
        return [AckFrame(tag, multiple=True)]
