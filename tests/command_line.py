"""Running the real command `am-connector`: in a pipe, or on a terminal of its own."""

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.daemon_api import FakeDaemon

CODE = "import sys; from daemon.cli import main; sys.exit(main())"
ROOT = Path(__file__).resolve().parents[1]
SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the command ended; on a terminal everything is in *out*."""

    code: int
    out: str
    err: str


def environment(**further: str) -> dict[str, str]:
    """Give the environment of a user who has set nothing but *further*."""
    # COLUMNS would go before the width of the terminal.
    set_aside = ("CONNECTOR_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(set_aside)}
    return {**kept, "PYTHONPATH": str(ROOT), "TZ": "UTC", "TERM": "xterm-256color", **further}


def access_to(daemon: FakeDaemon) -> dict[str, str]:
    """Give the variables an operator sets for *daemon*."""
    host, _, port = daemon.url.removeprefix("http://").partition(":")
    return {"CONNECTOR_HTTP_HOST": host, "CONNECTOR_HTTP_PORT": port, "CONNECTOR_ADMIN_TOKEN": daemon.token}


async def run_command(*arguments: str, environ: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ended:
    """Run the command with its output in pipes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CODE,
        *arguments,
        env=environment(**(environ or {})),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate(stdin)
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(code=await process.wait(), out=out.decode(), err=err.decode())


@asynccontextmanager
async def started(
    *arguments: str, environ: Mapping[str, str] | None = None, with_messages: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """
    Start a verb that goes on until it is told to stop; what still runs at the end is told so.

    *with_messages* its stderr is for the test to read, to its end; otherwise it is the test's own.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CODE,
        *arguments,
        env=environment(**(environ or {})),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if with_messages else None,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            # What it still says has to be read, or it could not end.
            await process.communicate()


async def run_on_terminal(
    *arguments: str, environ: Mapping[str, str] | None = None, columns: int = 80, typed: str = ""
) -> Ended:
    """Run the command on a terminal of *columns* characters, after somebody *typed* something."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CODE,
        *arguments,
        env=environment(**(environ or {})),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    os.write(leader, typed.encode())
    try:
        async with asyncio.timeout(SECONDS):
            shown = await asyncio.to_thread(_read_all, leader)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        os.close(leader)
    return Ended(code=code, out=shown.decode().replace("\r\n", "\n"), err="")


def _read_all(leader: int) -> bytes:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            # Linux says so when the last process has left the terminal.
            return b"".join(parts)
        if not part:
            return b"".join(parts)
        parts.append(part)
