"""
Daemons forked from a process that has imported everything: a life costs a fifth of the time, and ends as truly.

For tests that need dozens of lives; what the command itself does is tested with `running_daemon`.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

from daemon.config import Config
from daemon.serve import serve
from tests.acceptance.daemon_process import Daemon, clean_environment

_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

_processes = multiprocessing.get_context("forkserver")


class ForkedProcess:
    """Matches DaemonProcess."""

    def __init__(self, process: BaseProcess, stdout: asyncio.StreamReader) -> None:
        self._process = process
        self._ended = asyncio.Event()
        self._code: int | None = None
        self.pid = process.pid or 0
        self.stdout = stdout
        asyncio.get_running_loop().add_reader(process.sentinel, self._note_end)

    @property
    def returncode(self) -> int | None:
        # Kept, for the process itself is closed some time after its end, and then tells nothing more.
        return self._process.exitcode if self._code is None else self._code

    def send_signal(self, signal: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        return self._code or 0

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._code = self._process.exitcode
        self._ended.set()


@asynccontextmanager
async def forked_daemon(settings: Mapping[str, str]) -> AsyncIterator[Daemon]:
    """Have a daemon for as long as the block lasts; it may end, or be ended, before."""
    _processes.set_forkserver_preload(["daemon.serve", "pytest"])
    ours, its = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_serve, args=(clean_environment(settings), its), daemon=True)
    process.start()
    its.close()
    reader = asyncio.StreamReader(limit=2**24)
    # The transport closes the descriptor.
    pipe = os.fdopen(os.dup(ours.fileno()), "rb")
    ours.close()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    daemon = Daemon(ForkedProcess(process, reader))
    try:
        yield daemon
    finally:
        await daemon.kill()
        transport.close()
        process.close()


def _serve(settings: Mapping[str, str], output: Connection) -> None:
    """Be the daemon, in a process of its own that does not outlive the tests."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    for number in (1, 2):
        os.dup2(output.fileno(), number)
    output.close()
    os.environ.clear()
    os.environ.update(settings)
    sys.exit(serve(Config.from_env(os.environ)))
