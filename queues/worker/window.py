"""How many deliveries a check has in hand at once: by number, and by how large they are (RELIABILITY.md, F12)."""

from typing import Final

WINDOW_BYTES: Final = 64 * 1024 * 1024
"""Of all bodies in hand, as far as their sizes are known: RabbitMQ counts deliveries, not bytes."""

SAMPLE: Final = 16
"""Deliveries looked at, a few at a time, before more are fetched for a run that follows a lost one."""

SAMPLE_WINDOW: Final = 4

_WEIGHT: Final = 1 / 64
"""Of the newest body in the average."""


class Window:
    """
    What is known of the bodies in one queue.

    Attributes:
        must_sample: the run before was lost, perhaps to the memory its deliveries took: sizes are to be learnt first.
    """

    def __init__(self) -> None:
        self.must_sample = False
        self._average: float | None = None

    def forget(self) -> None:
        """Trust no size known so far."""
        self.must_sample = True
        self._average = None

    def note(self, body_bytes: int) -> None:
        """Note the size of a delivery."""
        self._average = (
            float(body_bytes) if self._average is None else self._average + _WEIGHT * (body_bytes - self._average)
        )
        self.must_sample = False

    def limit(self, deliveries: int) -> int:
        """Tell how many of *deliveries* may be in hand at once, 1 or more."""
        if not self._average:
            return deliveries
        return max(1, min(deliveries, int(WINDOW_BYTES / self._average)))
