"""`am-connector` as its users have it: processes with an environment, a log, signals and exit codes."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

PATIENCE_SECONDS: Final = 120.0
"""Guards every wait: a machine that is slow today fails nothing, a wait for what never comes ends."""

COMMAND: Final = Path(sys.executable).with_name("am-connector")
_KEPT: Final = ("PATH", "LANG", "HOME", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")


def command_line(*arguments: str, program: Sequence[str] = (str(COMMAND),)) -> list[str]:
    """Give the command; where the system can do it, bound to the life of the tests, however they end."""
    bound = [setpriv, "--pdeathsig", "KILL"] if (setpriv := shutil.which("setpriv")) else []
    return [*bound, *program, *arguments]


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Give *settings* and nothing of the connector's that happens to be set around the tests."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    errors: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.out)


async def run_command(settings: Mapping[str, str], *arguments: str) -> Finished:
    """Run `am-connector` with *arguments* to its end."""
    process = await asyncio.create_subprocess_exec(
        *command_line(*arguments),
        env=clean_environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Finished(code=process.returncode or 0, out=out.decode(), errors=errors.decode())


class DaemonProcess(Protocol):
    """A process that runs the daemon; `asyncio.subprocess.Process` is one."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    @property
    def stdout(self) -> asyncio.StreamReader | None: ...
    def send_signal(self, signal: int) -> None: ...
    def kill(self) -> None: ...
    async def wait(self) -> int: ...


class Daemon:
    """A running `am-connector run`, and every line it has written so far."""

    def __init__(self, process: DaemonProcess) -> None:
        self._process = process
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name=f"log of {process.pid}")
        self.log: list[dict[str, Any]] = []
        self.text: list[str] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    def lines(self, event: str, **facts: object) -> Sequence[Mapping[str, Any]]:
        """Give the lines of *event* with these *facts*."""
        return [
            line
            for line in self.log
            if line.get("event") == event and all(line.get(name) == value for name, value in facts.items())
        ]

    async def wait_for(self, event: str, *, count: int = 1, **facts: object) -> Mapping[str, Any]:
        """Return the *count*-th line of *event* with these *facts*, as soon as it is written."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found := self.lines(event, **facts)) < count:
                if self._reading.done():
                    raise AssertionError(f"the daemon ended without {event}:\n" + "\n".join(self.text[-20:]))
                await self.next_line()
        return found[count - 1]

    async def next_line(self) -> None:
        """Return when it has written something, or has ended."""
        self._news.clear()
        if not self._reading.done():
            await self._news.wait()

    async def address(self) -> str:
        """Tell where its API is."""
        return str((await self.wait_for("http.listening"))["address"])

    async def token(self) -> str:
        """Tell the token that it made itself."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (told := [line for line in self.text if line.startswith("CONNECTOR_ADMIN_TOKEN is not set")]):
                await self.next_line()
        return told[0].rpartition(" ")[2]

    def terminate(self) -> None:
        """Ask it to stop, as every supervisor does."""
        self._process.send_signal(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def exit_code(self) -> int:
        """Wait for its end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self._process.wait()
            await self._reading
        return code

    async def ended(self) -> int:
        """Wait for its end, however long it lives."""
        code = await self._process.wait()
        await self._reading
        return code

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self.is_running:
            self._process.kill()
        await self.exit_code()

    async def stop(self) -> int:
        """Stop it in order."""
        if self.is_running:
            self.terminate()
        return await self.exit_code()

    async def _read(self) -> None:
        if self._process.stdout is None:
            raise ValueError("the daemon was started without a pipe")
        try:
            async for raw in self._process.stdout:
                line = raw.decode(errors="replace").rstrip("\n")
                self.text.append(line)
                if line.startswith("{"):
                    self.log.append(json.loads(line))
                self._news.set()
        finally:
            self._news.set()


@asynccontextmanager
async def running_daemon(
    settings: Mapping[str, str], *, program: Sequence[str] = (str(COMMAND),)
) -> AsyncIterator[Daemon]:
    """Have a daemon for as long as the block lasts; it may end, or be ended, before."""
    process = await asyncio.create_subprocess_exec(
        *command_line("run", program=program),
        env=clean_environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**24,
    )
    daemon = Daemon(process)
    try:
        yield daemon
    finally:
        await daemon.kill()
