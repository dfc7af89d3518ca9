"""When the log is cleaned: at 01:00 UTC, every day, every Monday, or on the first of the month (R68, B4)."""

from datetime import datetime, timedelta
from typing import Final

from daemon.settings.document.logs import Logging

_HOUR: Final = 1


def daily_cleaning(now: datetime) -> datetime:
    """Tell when the newest daily cleaning up to *now* (UTC) was due."""
    day = now.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    return day if day <= now else day - timedelta(days=1)


def last_cleaning(now: datetime, settings: Logging) -> datetime:
    """Tell when the newest cleaning up to *now* (UTC) was due; whoever missed it does it later, with the same end."""
    day = daily_cleaning(now)
    match settings.cleaning_frequency:
        case "daily":
            return day
        case "weekly":
            return day - timedelta(days=day.weekday())
        case "monthly":
            return day.replace(day=1)


def drop_before(cleaning: datetime, settings: Logging) -> datetime | None:
    """Tell before when entries go at a *cleaning*; None: they are kept for ever."""
    return None if settings.lifetime_days == 0 else cleaning - timedelta(days=settings.lifetime_days)
