"""`time`: how far the clocks of the two systems may be apart, and in which zone schedules are told (B8, B3)."""

from dataclasses import dataclass

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Integer
from daemon.settings.document.times import ZoneName


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSetting:
    """Above *max_skew_seconds* operators are warned; *zone* is that of every time of day in this document."""

    max_skew_seconds: int = setting(Integer(0, 86_400), 5)
    zone: str = setting(ZoneName(), "UTC")
