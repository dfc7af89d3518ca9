"""When runs of syncs start by themselves: pure, the moment is an argument (B3, B4, D31)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

_MINUTES: Final = re.compile(r"every (\d+) minutes")
_HOURS: Final = re.compile(r"every (\d+) hours")


class Timetable(Protocol):
    """Starts, one after the other."""

    @property
    def rule(self) -> str:
        """What it is made of, for people; two tables with the same rule are the same."""

    def after(self, moment: datetime) -> datetime | None:
        """Give the first start after *moment*, UTC; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTimes:
    """Starts by a cron line; where clocks are set, as Debian's cron has it."""

    line: str
    zone: str

    @property
    def rule(self) -> str:
        """Tell it."""
        return f"cron {self.line} ({self.zone})"

    def after(self, moment: datetime) -> datetime | None:
        """Give the first start after *moment*."""
        found = next(CronSim(self.line, moment.astimezone(ZoneInfo(self.zone))), None)
        return None if found is None else found.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayGrid:
    """
    Starts on a grid that begins anew every day.

    Attributes:
        start: the time of day of its first start.
        frequency: `hourly`, `daily`, `every N minutes`, `every N hours`.
    """

    start: str
    frequency: str
    zone: str

    @property
    def rule(self) -> str:
        """Tell it."""
        return f"{self.frequency} from {self.start} ({self.zone})"

    def after(self, moment: datetime) -> datetime | None:
        """
        Give the first start after *moment*.

        Steps are spans, not readings of a clock: an hour that clocks repeat or leave out is neither run twice nor
        missed.
        """
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            begin, end = self._begin(day), self._begin(day + timedelta(days=1))
            if moment < begin:
                return begin
            if moment < end:
                return min(begin + ((moment - begin) // self._step + 1) * self._step, end)
        raise AssertionError(f"no day around {moment} in {self.zone}")

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time.fromisoformat(self.start), ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def _step(self) -> timedelta:
        minutes, hours = _MINUTES.fullmatch(self.frequency), _HOURS.fullmatch(self.frequency)
        if minutes is not None:
            return timedelta(minutes=int(minutes[1]))
        if hours is not None:
            return timedelta(hours=int(hours[1]))
        # Longer than any day: the next start is the next day's first.
        return timedelta(hours=1) if self.frequency == "hourly" else timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Starts so many minutes after the last one."""

    minutes: int

    @property
    def rule(self) -> str:
        """Tell it."""
        return f"every {self.minutes} minutes"

    def after(self, moment: datetime) -> datetime | None:
        """Give the first start after *moment*."""
        return moment + timedelta(minutes=self.minutes)
