"""
Compares the clocks of both systems and of the database with ours (B8).

A web server tells its time in the header `Date`, in whole seconds; half the time of the request is added to what is not
known. The connector sets nobody's clock.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import structlog

from daemon.watch.findings import Finding
from queues.errors import DatabaseUnavailable
from queues.ports import Clock

PAUSE: Final = timedelta(minutes=10)
"""Between two looks."""
FRESH: Final = timedelta(minutes=5)
"""A reading that is younger is not made again at the start of a run."""
_FIRST: Final = timedelta(minutes=1)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10, sock_connect=5)

_log = structlog.stdlib.get_logger("daemon.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """
    One clock, compared with ours.

    Attributes:
        system: `magento`, `acumatica`, `database`.
        ahead_seconds: how far it is ahead, below 0: behind; None: it told no time.
        uncertain_seconds: how far that may be off.
        limit_seconds: the most it may be, `time.max_skew_seconds`.
        fault: why it told no time.
    """

    system: str
    ahead_seconds: float | None
    uncertain_seconds: float
    limit_seconds: int
    fault: str = ""

    @property
    def is_apart(self) -> bool:
        """It is beyond the limit, whatever is not known."""
        return self.ahead_seconds is not None and abs(self.ahead_seconds) - self.uncertain_seconds > self.limit_seconds

    @property
    def told(self) -> str:
        """For people."""
        if self.ahead_seconds is None:
            return f"the clock of {self.system} is not known: {self.fault}"
        where = "ahead of" if self.ahead_seconds >= 0 else "behind"
        text = f"the clock of {self.system} is {abs(self.ahead_seconds):.1f} s {where} ours"
        return f"{text}; time.max_skew_seconds is {self.limit_seconds}" if self.is_apart else text


DatabaseClock = Callable[[], Awaitable[datetime]]
"""Reads the database's clock; raises DatabaseUnavailable."""

Limit = Callable[[], Awaitable[int]]
"""Reads `time.max_skew_seconds`; raises DatabaseUnavailable."""


class Clocks:
    """
    Knows how far the clocks are apart.

    Args:
        addresses: by system, something there that may be read; what it answers does not matter.
        database: its clock.
        limit: the most they may be apart.
        clock: ours.
    """

    def __init__(self, addresses: Mapping[str, str], database: DatabaseClock, limit: Limit, *, clock: Clock) -> None:
        self._addresses = addresses
        self._database = database
        self._limit = limit
        self._clock = clock
        self._readings: Sequence[ClockReading] = ()
        self._read_at: float | None = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        pause = _FIRST
        while True:
            await self._clock.sleep(pause.total_seconds())
            pause = PAUSE
            try:
                await self.look()
            except DatabaseUnavailable as error:
                _log.debug("clocks.not_compared", reason=str(error))
            except Exception:  # noqa: BLE001 - the one broad catch of this loop: a fault of ours must not end it
                _log.exception("clocks.crashed")

    async def look(self) -> Sequence[ClockReading]:
        """Compare them now. Raises DatabaseUnavailable."""
        limit = await self._limit()
        before = self._clock.monotonic()
        at = await self._database()
        readings = [self._reading("database", at, self._clock.monotonic() - before, 0.0, limit)]
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            readings += [await self._ask(session, *each, limit=limit) for each in self._addresses.items()]
        for each in readings:
            if each.is_apart:
                _log.warning("clocks.apart", system=each.system, ahead_seconds=each.ahead_seconds)
        self._readings, self._read_at = readings, self._clock.monotonic()
        return readings

    async def fresh(self) -> Sequence[ClockReading]:
        """Give readings that are not old, made now if need be. Raises DatabaseUnavailable."""
        now = self._clock.monotonic()
        if self._read_at is None or now - self._read_at > FRESH.total_seconds():
            return await self.look()
        return self._readings

    @property
    def findings(self) -> Sequence[Finding]:
        """Give the clocks that were apart when they were compared last."""
        return [
            Finding(watchdog="clocks_apart", subject=each.system, reason=each.told)
            for each in self._readings
            if each.is_apart
        ]

    async def _ask(self, session: aiohttp.ClientSession, system: str, address: str, *, limit: int) -> ClockReading:
        before = self._clock.monotonic()
        try:
            async with session.get(address, allow_redirects=False) as answer:
                told = answer.headers.get("Date", "")
            # In the middle of the second that it names.
            at = parsedate_to_datetime(told) + timedelta(seconds=0.5)
        except (aiohttp.ClientError, OSError) as error:
            return _unknown(system, limit, f"it does not answer ({type(error).__name__})")
        except (ValueError, TypeError):
            return _unknown(system, limit, "its answer has no Date")
        return self._reading(system, at, self._clock.monotonic() - before, 0.5, limit)

    def _reading(self, system: str, at: datetime, took: float, grain: float, limit: int) -> ClockReading:
        middle = self._clock.now() - timedelta(seconds=took / 2)
        return ClockReading(
            system=system,
            ahead_seconds=round((at - middle).total_seconds(), 1),
            uncertain_seconds=round(grain + took / 2, 1),
            limit_seconds=limit,
        )


def _unknown(system: str, limit: int, fault: str) -> ClockReading:
    return ClockReading(system=system, ahead_seconds=None, uncertain_seconds=0.0, limit_seconds=limit, fault=fault)
