"""Ticks, runs and sleeps: when a run starts, how long it checks, when the next is due (DESIGN.md, rules 7 and 8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from queues.settings import QueueProcessingSettings


def sleep_before_next_check(settings: QueueProcessingSettings, *, elapsed: float) -> float | None:
    """
    Tell how many seconds a run sleeps after a check, or None when the run is over.

    Args:
        settings: the snapshot of the check just finished.
        elapsed: seconds since the run started; after the sleep the caller asks `may_check`.
    """
    remaining = settings.check_process_time - elapsed
    return min(settings.process_sleep_time, remaining) if remaining > 0 else None


def may_check(settings: QueueProcessingSettings, *, elapsed: float) -> bool:
    """Tell whether a further check may start: never at or after Check Process Time (the first check does not ask)."""
    return elapsed < settings.check_process_time


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTick:
    """When a queue runs next, and how many ticks of its grid passed unused."""

    at: datetime
    skipped: int


def next_tick(tick: datetime, *, now: datetime, interval: timedelta) -> NextTick:
    """
    Find the next tick after a run that served *tick* and ended *now*.

    The grid is `tick + n * interval`; a run that ends exactly on a tick does not miss it.

    Raises:
        ValueError: *interval* is not positive.
    """
    if interval <= timedelta(0):
        raise ValueError(f"interval must be positive, got {interval}")
    late = max(now - (tick + interval), timedelta(0))
    skipped = -(-late // interval)
    return NextTick(at=tick + (1 + skipped) * interval, skipped=skipped)


def is_due(scheduled: datetime, *, now: datetime, interval: timedelta) -> bool:
    """
    Tell whether a run that was *scheduled* is to begin *now*.

    No tick lies further ahead than one *interval*; one that does was written before the clock was set back, and waiting
    for it would leave the queue alone for as long as that.
    """
    return scheduled <= now or scheduled > now + interval


def due_tick(scheduled: datetime, *, now: datetime, interval: timedelta) -> NextTick:
    """
    Find the tick a run serves that starts *now* though it was *scheduled* earlier (the daemon was down, or busy).

    One catch-up run serves the newest tick that has come; the ones before it were skipped. Where none has come (the
    clock was set back) the grid begins anew.
    """
    if interval <= timedelta(0):
        raise ValueError(f"interval must be positive, got {interval}")
    if scheduled > now:
        return NextTick(at=now, skipped=0)
    skipped = max((now - scheduled) // interval, 0)
    return NextTick(at=scheduled + skipped * interval, skipped=skipped)
