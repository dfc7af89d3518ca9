"""When a check ends early because the target is away, or says to wait (DESIGN.md, rules 10 and 11)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from queues.verdicts import Refused, Unreachable, Verdict

CONNECTION_FAILURES: Final = 5
"""Requests in a row that failed at connection level before the check ends."""

CREDENTIAL_REFUSALS: Final = 3
"""Requests in a row refused for their credentials before the check ends."""


@dataclass(slots=True)
class Breaker:
    """
    Watches the requests of one check.

    Attributes:
        reason: why no further request may begin; empty while they may.
        retry_after_seconds: what the target asked for with a 429; None when it named no time.
        is_outage: the reason is an outage or refused credentials, not a 429.
    """

    reason: str = ""
    retry_after_seconds: float | None = None
    is_outage: bool = False
    _unreachable: int = field(default=0)
    _unauthorised: int = field(default=0)

    def observe(self, verdicts: Sequence[Verdict]) -> None:
        """Take notice of one finished request."""
        limited = [v for v in verdicts if isinstance(v, Refused) and v.error_class == "rate_limit"]
        if limited:
            waits = [v.retry_after_seconds for v in limited if v.retry_after_seconds is not None]
            self.retry_after_seconds = max([*waits, self.retry_after_seconds or 0.0]) or None
            self.reason = self.reason or "rate_limited"
        first = verdicts[0]
        self._unreachable = self._unreachable + 1 if isinstance(first, Unreachable) else 0
        refused = isinstance(first, Refused) and first.error_class == "auth"
        self._unauthorised = self._unauthorised + 1 if refused else 0
        if self._unreachable >= CONNECTION_FAILURES:
            self.reason, self.is_outage = self.reason or "target_unreachable", True
        if self._unauthorised >= CREDENTIAL_REFUSALS:
            self.reason, self.is_outage = self.reason or "credentials_refused", True
