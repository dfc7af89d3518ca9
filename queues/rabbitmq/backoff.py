"""How long to wait before the next try to connect."""

from dataclasses import dataclass
from typing import Final

_HIGHEST_EXPONENT: Final = 16
"""Keeps the power small; the cap is reached long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """
    Exponential back-off of reconnects, with jitter so that replicas do not knock together.

    Attributes:
        first_seconds: the longest wait after the first failure, above 0.
        cap_seconds: the longest wait of all.
    """

    first_seconds: float = 0.25
    cap_seconds: float = 10.0

    def delay(self, *, failures: int, draw: float) -> float:
        """
        Tell how many seconds to wait: `min(cap, first * 2 ** (failures - 1)) * (0.5 + draw / 2)`.

        Args:
            failures: in a row, 1 or more.
            draw: a random number from 0 to 1.
        """
        longest = min(self.cap_seconds, self.first_seconds * 2.0 ** min(failures - 1, _HIGHEST_EXPONENT))
        return longest * (0.5 + draw / 2)
