"""The request journal: what came in, what was answered, and whether it kept to the contract."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from daemon.sandbox.magento.values import JsonObject

_SKUS_KEPT = 1_000_000  # over all entries; older entries keep their row count only


@dataclass(slots=True, kw_only=True)
class JournalEntry:
    """
    One request; completed when its answer is known, hence not frozen.

    Attributes:
        number: counts requests from 1, and goes on over a clearing.
        status: None if the connection was cut instead of answered.
        rows: how many records the body held; None where that means nothing.
        skus: their SKUs, as sent.
        schema_valid: None if validation is off.
        faults: the switches that took part.
        applied: whether the shop handled it.
    """

    number: int
    at: datetime
    method: str
    path: str
    status: int | None = None
    milliseconds: float = 0.0
    rows: int | None = None
    skus: Sequence[str] = ()
    schema_valid: bool | None = None
    schema_errors: Sequence[str] = ()
    faults: Sequence[str] = ()
    applied: bool = False

    def view(self, body: bytes | None) -> JsonObject:
        """The entry as JSON."""
        view: JsonObject = {
            "n": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "ms": round(self.milliseconds, 3),
            "rows": self.rows,
            "skus": list(self.skus),
            "schema_valid": self.schema_valid,
            "schema_errors": list(self.schema_errors),
            "faults": list(self.faults),
            "applied": self.applied,
        }
        if body is not None:
            view["body"] = body.decode(errors="replace")
        return view


class Journal:
    """The newest requests, oldest first."""

    def __init__(self, *, entries: int, bodies: int) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=entries)
        self._bodies: deque[tuple[int, bytes]] = deque(maxlen=bodies)
        self._with_skus: deque[JournalEntry] = deque()
        self._skus = 0
        self._last = 0
        self._waiters: list[_Waiter] = []

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, *, method: str, path: str) -> JournalEntry:
        """Begin the entry of a request; it shows in the journal once it is closed."""
        self._last += 1
        return JournalEntry(number=self._last, at=datetime.now(UTC), method=method, path=path)

    def close(self, entry: JournalEntry, body: bytes) -> None:
        """Add a completed entry, and tell who waits for it."""
        self._entries.append(entry)
        if body:
            self._bodies.append((entry.number, body))
        if entry.skus:
            self._with_skus.append(entry)
            self._skus += len(entry.skus)
            while self._skus > _SKUS_KEPT:
                oldest = self._with_skus.popleft()
                self._skus -= len(oldest.skus)
                oldest.skus = ()
        for waiter in self._waiters:
            waiter.see(entry)

    def clear(self) -> None:
        """Forget every request."""
        self._entries.clear()
        self._bodies.clear()
        self._with_skus.clear()
        self._skus = 0

    def entries(self, *, path: str = "", since: int = 0, method: str | None = None) -> list[JournalEntry]:
        """The requests after number *since* whose path contains *path*, oldest first."""
        chosen = _Choice(path=path, since=since, method=method)
        return sorted((entry for entry in self._entries if chosen.holds(entry)), key=lambda entry: entry.number)

    def views(self, entries: Sequence[JournalEntry], *, with_bodies: bool) -> list[JsonObject]:
        """The entries as JSON; bodies are there for the newest requests only."""
        bodies = dict(self._bodies) if with_bodies else {}
        return [entry.view(bodies.get(entry.number)) for entry in entries]

    async def wait_for(self, count: int, *, path: str = "", since: int = 0, method: str | None = None) -> None:
        """Return as soon as *count* such requests are in the journal; guard it with a timeout."""
        missing = count - len(self.entries(path=path, since=since, method=method))
        if missing <= 0:
            return
        waiter = _Waiter(_Choice(path=path, since=since, method=method), missing)
        self._waiters.append(waiter)
        try:
            await waiter.enough.wait()
        finally:
            self._waiters.remove(waiter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Which requests are meant."""

    path: str
    since: int
    method: str | None

    def holds(self, entry: JournalEntry) -> bool:
        """Whether *entry* is meant."""
        return (
            entry.number > self.since
            and self.path in entry.path
            and (self.method is None or entry.method == self.method)
        )


class _Waiter:
    """Counts requests down as they are closed."""

    def __init__(self, choice: _Choice, missing: int) -> None:
        self._choice = choice
        self._missing = missing
        self.enough = asyncio.Event()

    def see(self, entry: JournalEntry) -> None:
        """Take note of a request."""
        if self._choice.holds(entry):
            self._missing -= 1
            if self._missing <= 0:
                self.enough.set()
