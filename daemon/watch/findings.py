"""What the watchdogs may find."""

from dataclasses import dataclass
from typing import Final, Literal

Watchdog = Literal[
    "database_lost",
    "broker_lost",
    "publishing_blocked",
    "missing_at_broker",
    "differs_at_broker",
    "schedule_late",
    "lease_stuck",
    "checks_failing",
    "consumer_cancelled",
    "message_old",
    "delivery_limit",
    "clocks_apart",
    "index_failed",
    "target_lost",
]

WARNINGS: Final[frozenset[Watchdog]] = frozenset(
    {
        "differs_at_broker",
        "consumer_cancelled",
        "message_old",
        "delivery_limit",
        "clocks_apart",
        "index_failed",
        "target_lost",
    }
)
"""What a person should look at while the work goes on; everything else keeps work from being done."""

BROKER: Final = "broker"
DATABASE: Final = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that is not as it should be.

    Attributes:
        watchdog: who found it.
        subject: the queue, exchange, system (`magento`, `acumatica`) or sync, else `broker` or `database`.
        reason: for people, without secrets; may change from look to look.
    """

    watchdog: Watchdog
    subject: str
    reason: str

    @property
    def is_warning(self) -> bool:
        """Work goes on all the same."""
        return self.watchdog in WARNINGS
