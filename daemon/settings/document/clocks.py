"""`time`: how far the clocks of the two systems may be apart (B8)."""

from dataclasses import dataclass

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Integer


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSetting:
    """Above *max_skew_seconds* operators are warned."""

    max_skew_seconds: int = setting(Integer(0, 86_400), 5)
