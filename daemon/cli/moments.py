"""Times as operators write and read them: `2h`, `2026-11-21`, `3 min ago`."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from daemon.cli.errors import UsageError

_SPAN: Final = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)")
_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_EXPECTED: Final = "a span back from now (90s, 30m, 2h, 7d, 1w), a day (2026-11-21) or a time (2026-11-21T10:00)"
_EXPECTED_AHEAD: Final = "a span from now (12h, 90d), a day (2027-06-30), a time (2027-06-30T18:00) or never"


def read_moment(text: str, *, option: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """
    Read the time an operator gave.

    Args:
        text: a span back from *now*, a day or a time; without a zone it is the operator's own.
        option: its name, for the refusal.
        now: aware.
        zone: the operator's; None for this machine's.

    Raises:
        UsageError: it is none of them.
    """
    return _read(text, option, now, zone, direction=-1, expected=_EXPECTED)


def read_instant(text: str | None, *, option: str, now: datetime) -> str | None:
    """
    Read the time an operator gave, if any, and write it as the API reads it: RFC 3339, UTC.

    Raises:
        UsageError: it is none.
    """
    return None if text is None else read_moment(text, option=option, now=now).isoformat().replace("+00:00", "Z")


def read_future(text: str, *, option: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """
    Read the time by which something is to end: as `read_moment`, but a span goes ahead from *now*.

    Raises:
        UsageError: it is none.
    """
    return _read(text, option, now, zone, direction=1, expected=_EXPECTED_AHEAD)


def _read(text: str, option: str, now: datetime, zone: tzinfo | None, *, direction: int, expected: str) -> datetime:
    match = _SPAN.fullmatch(text.strip().lower())
    try:
        if match is not None:
            return (now + direction * int(match[1]) * _UNITS[match[2]]).astimezone(UTC)
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} must be {expected}, got {text[:100]!r}") from error
    if moment.tzinfo is None:
        # astimezone reads a time without a zone as this machine's.
        moment = moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def parse_instant(text: object) -> datetime | None:
    """Read a time as the API writes it; None for nothing."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def relative(moment: datetime, now: datetime) -> str:
    """Tell how long ago or how far ahead *moment* is: `42 s ago`, `in 18 s`, `3 d ago`."""
    seconds = (now - moment).total_seconds()
    size = abs(seconds)
    for below, unit, each in ((100, 1, "s"), (100 * 60, 60, "min"), (48 * 3600, 3600, "h"), (float("inf"), 86400, "d")):
        if size < below:
            amount = f"{int(size // unit)} {each}"
            break
    return f"in {amount}" if seconds < 0 else f"{amount} ago"


def local(moment: datetime, *, zone: tzinfo | None = None) -> str:
    """Write *moment* in the operator's zone, to the second."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def local_and_relative(moment: datetime, now: datetime, *, zone: tzinfo | None = None) -> str:
    """Write *moment* in the operator's zone with how long ago it is; the day only when it is not today."""
    here, today = moment.astimezone(zone), now.astimezone(zone).date()
    shown = f"{here:%H:%M:%S}" if here.date() == today else f"{here:%Y-%m-%d %H:%M}"
    return f"{shown} ({relative(moment, now)})"
