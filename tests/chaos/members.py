"""The daemons of a run, kept alive as a supervisor does: each with servers behind proxies of its own."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.acceptance.daemon_process import Daemon, running_daemon
from tests.chaos.history import History
from tests.proxy import Proxy, proxied

Start = Callable[[Mapping[str, str]], AbstractAsyncContextManager[Daemon]]
FAKETIME: Final = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")
_RESTART_SECONDS: Final = 0.5


def find_faketime() -> Path | None:
    """Give the library that lets a process live at another time; None where it is not installed."""
    return next((file for pattern in FAKETIME for file in sorted(Path("/").glob(pattern.lstrip("/")))), None)


@dataclass(slots=True, kw_only=True)
class Member:
    """
    One daemon's place: whenever its process ends, another takes it.

    Attributes:
        broker: between it and the broker.
        database: between it and the database.
        clock: the file that says how far its wall clock is off; None: it has the machine's.
        start: has a process for as long as its block lasts.
        starts: processes so far.
        busy: held by whoever kills, stops or freezes the process.
    """

    name: str
    settings: Mapping[str, str]
    broker: Proxy
    database: Proxy
    clock: Path | None
    history: History
    start: Start
    starts: int = 0
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    logs: list[Daemon] = field(default_factory=list)
    _daemon: Daemon | None = None
    _may_run: asyncio.Event = field(default_factory=asyncio.Event)
    _is_expected: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def daemon(self) -> Daemon:
        """The process that is there now."""
        if self._daemon is None:
            raise LookupError(f"{self.name} has no process")
        return self._daemon

    @property
    def address(self) -> str | None:
        """Where its API listens, as far as it has said so."""
        lines = [] if self._daemon is None else self._daemon.lines("http.listening")
        return str(lines[-1]["address"]) if lines else None

    @property
    def is_at_work(self) -> bool:
        """Tell whether there is a process that has come up: one that is killed before was never put to the test."""
        return self._daemon is not None and self._daemon.is_running and bool(self._daemon.lines("daemon.started"))

    async def supervise(self) -> None:
        """Start it again whenever it has ended, until cancelled."""
        self._may_run.set()
        while True:
            await self._may_run.wait()
            async with self.start(self.settings) as daemon:
                self._daemon = daemon
                self.logs.append(daemon)
                self.starts += 1
                self._is_expected = False
                self._news.set()
                code = await daemon.ended()
                self._daemon = None
                self._news.set()
            if not self._is_expected:
                self.history.unexpected_exits.append(f"{self.name}: code {code}: {''.join(daemon.text[-1:])[:300]}")
            await asyncio.sleep(_RESTART_SECONDS)

    async def until_started(self) -> None:
        """Return when a process has said that it is at work."""
        while self._daemon is None:
            self._news.clear()
            await self._news.wait()
        daemon = self._daemon
        while not self.is_at_work and daemon is self._daemon:
            await daemon.next_line()
        if daemon is not self._daemon:
            await self.until_started()

    async def kill(self, *, down_seconds: float) -> bool:
        """End the process as a power cut would; tell whether there was one."""
        return await self._end(signal.SIGKILL, down_seconds)

    async def stop(self, *, down_seconds: float) -> bool:
        """Ask the process to stop and wait for its end; tell whether there was one."""
        return await self._end(signal.SIGTERM, down_seconds)

    async def leave(self) -> int:
        """Ask the process to stop for good, and give its exit code."""
        await self.until_started()
        daemon, self._is_expected = self.daemon, True
        self._may_run.clear()
        daemon.terminate()
        return await daemon.ended()

    async def freeze(self, seconds: float) -> bool:
        """Let the process stand still; tell whether there was one."""
        daemon = self._daemon
        if daemon is None or not self.is_at_work:
            return False
        began = time.time()
        daemon.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            if daemon.is_running:
                daemon.send(signal.SIGCONT)
            self.history.frozen.setdefault(self.name, []).append((began, time.time()))
        return True

    def set_clock(self, seconds: float) -> None:
        """Put its wall clock so far off the machine's."""
        if self.clock is not None:
            self.clock.write_text(f"{seconds:+.0f}\n")

    async def _end(self, number: signal.Signals, down_seconds: float) -> bool:
        daemon = self._daemon
        if daemon is None or not self.is_at_work:
            return False
        self._is_expected = True
        self._may_run.clear()
        try:
            daemon.send(number)
            await daemon.ended()
            await asyncio.sleep(down_seconds)
        finally:
            self._may_run.set()
        return True


@asynccontextmanager
async def open_members(
    names: Sequence[str],
    settings: Mapping[str, Mapping[str, str]],
    *,
    history: History,
    home: Path,
    start: Start | None = None,
) -> AsyncIterator[list[Member]]:
    """
    Prepare the members' places; nothing runs yet.

    Args:
        names: of the members.
        settings: environment of each; the URLs of broker and database are those of the servers themselves.
        history: told of processes that ended by themselves.
        home: for the files of their clocks.
        start: has a process that lives in the time of the machine; None: the command, in one of its own if that can be.
    """
    library = find_faketime() if start is None else None
    async with AsyncExitStack() as stack:
        members = []
        for name in names:
            environment = dict(settings[name])
            broker, broker_url = await stack.enter_async_context(proxied(environment["CONNECTOR_BROKER_URL"]))
            database, database_url = await stack.enter_async_context(proxied(environment["CONNECTOR_DATABASE_URL"]))
            environment |= {"CONNECTOR_BROKER_URL": broker_url, "CONNECTOR_DATABASE_URL": database_url}
            clock = None if library is None else home / f"clock-{name}"
            if library is not None and clock is not None:
                environment |= _faked(library, clock)
            member = Member(
                name=name,
                settings=environment,
                broker=broker,
                database=database,
                clock=clock,
                history=history,
                start=start or running_daemon,
            )
            member.set_clock(0)
            members.append(member)
        yield members


def _faked(library: Path, clock: Path) -> dict[str, str]:
    """Let wall clocks follow a file; durations are measured by another clock, which no step of the time touches."""
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def save_logs(members: Sequence[Member], home: Path) -> None:
    """Write down everything the daemons have said."""
    for member in members:
        for number, daemon in enumerate(member.logs, start=1):
            (home / f"{member.name}-{number}.log").write_text("\n".join(daemon.text))
