"""Child processes that talk in JSON lines, and what whole trees of processes cost, as the kernel counts it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_KIB_PER_MIB: Final = 1024


class ContenderFailedError(Exception):
    """A process of the benchmark ended, or said something else than agreed."""


class Talker:
    """A Python module running as a process, asked and answering line by line."""

    def __init__(self, module: str) -> None:
        """Start *module* with this interpreter."""
        self._module = module
        # What it logs goes to a file, as a service's does; its last words are told if it fails.
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    def hear(self) -> dict[str, Any]:
        """Read one line of JSON, passing over others. Raises ContenderFailedError if the process has ended."""
        for line in self._process.stdout or ():
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        code = self._process.wait()
        self._log.seek(0)
        raise ContenderFailedError(f"{self._module} ended with exit code {code}: {self._log.read()[-2000:]}")

    def tell(self, line: str) -> None:
        """Write one line."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def ask(self, line: str) -> dict[str, Any]:
        """Write one line and read the answer."""
        self.tell(line)
        return self.hear()

    def end(self) -> None:
        """Close its standard input, on which it ends; kill it if it does not."""
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._log.close()


@contextmanager
def talking(module: str) -> Iterator[Talker]:
    """Run *module* until the end of the block."""
    talker = Talker(module)
    try:
        yield talker
    finally:
        talker.end()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What a tree of processes has used so far.

    Attributes:
        cpu_seconds: user and system time, that of ended and collected children included.
        peak_mib: the largest resident memory of each living process, added up.
    """

    cpu_seconds: float
    peak_mib: float


def cost_of(*roots: int) -> Cost:
    """Read what the processes *roots* and all their descendants have used."""
    cpu = peak = 0.0
    for root in roots:
        for process in (root, *_descendants(root)):
            with suppress(OSError):
                cpu += _cpu_seconds(process)
                peak += _peak_mib(process)
    return Cost(cpu_seconds=cpu, peak_mib=peak)


def children_of(process: int) -> list[int]:
    """Name the children of all threads of *process*."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def _descendants(process: int) -> Iterator[int]:
    for child in children_of(process):
        yield child
        yield from _descendants(child)


def _cpu_seconds(process: int) -> float:
    # Behind the name in brackets, which may itself hold anything: utime, stime, cutime, cstime are fields 14 to 17.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS_PER_SECOND


def _peak_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / _KIB_PER_MIB
    return 0.0
