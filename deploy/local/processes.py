"""
Start children that cannot outlive us, and stop them in order.

Each child runs under a guard (`guard.py`) that holds the reading end of a pipe; the writing end is ours alone. When we
are gone, however we went, the pipe closes and the guard ends the child and everything that descends from it.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from deploy.local.faults import ServerFailedError
from deploy.local.guard import prctl_death_signal

GUARD = Path(__file__).with_name("guard.py")

_LOG_TAIL_LINES = 15
# A guard needs this much longer than the grace it gives, to end what ignored the signal.
_GUARD_MARGIN_SECONDS = 10.0


class Stopped(BaseException):
    """A signal asked this process to stop; like KeyboardInterrupt no error, so no Exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start, and how it is asked to stop."""

    name: str
    arguments: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    """Standard output and error are appended here."""
    stop_signal: str = "TERM"
    grace_seconds: float = 20.0
    user: str | None = None
    """Run as this user; only root may ask for it."""
    directory: Path | None = None


class Child:
    """A running command under its guard."""

    def __init__(self, command: Command) -> None:
        """Start *command* at once."""
        self._command = command
        guard = [
            sys.executable,
            "-I",
            str(GUARD),
            "--grace",
            str(command.grace_seconds),
            "--signal",
            command.stop_signal,
        ]
        if command.user is not None:
            guard += ["--user", command.user]
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            self._log_start = log.tell()
            self._guard = subprocess.Popen(  # noqa: S603 - our own guard
                [*guard, "--", *command.arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(command.environ),
                cwd=command.directory,
                start_new_session=True,
            )

    @property
    def guard_id(self) -> int:
        """Process number of the guard."""
        return self._guard.pid

    @property
    def exit_code(self) -> int | None:
        """What the command ended with, None while it runs."""
        return self._guard.poll()

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait until the command has ended by itself and return its exit code."""
        return self._guard.wait(timeout_seconds)

    def stop(self) -> int:
        """Ask the command to stop, make it if it does not within its grace; returns its exit code."""
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        return self._guard.wait(self._command.grace_seconds + _GUARD_MARGIN_SECONDS)

    def kill(self) -> None:
        """Kill the command and its descendants without asking, as a power cut would."""
        for process in reversed(list(_descendants(self._guard.pid))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.stop()

    def check_alive(self) -> None:
        """Raise ServerFailedError with the end of the log if the command has ended."""
        if (code := self.exit_code) is not None:
            raise ServerFailedError(
                f"{self._command.name} ended with exit code {code}; its last words:\n{self.last_words()}"
            )

    def last_words(self) -> str:
        """Return the last lines that this run wrote, indented."""
        with self._command.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def run_guarded(command: Sequence[str], *, directory: Path, environ: Mapping[str, str]) -> int:
    """Run *command* on our own output and return its exit code; nothing it started stays behind."""
    guard = [sys.executable, "-I", str(GUARD), "--signal", "INT", "--", *command]
    with subprocess.Popen(  # noqa: S603 - the caller's command
        guard, stdin=subprocess.PIPE, cwd=directory, env=dict(environ), start_new_session=True
    ) as process:
        try:
            return process.wait()
        except Stopped:
            if process.stdin is not None:
                process.stdin.close()
            raise


def stop_on_signals() -> None:
    """Turn SIGTERM, SIGHUP and SIGINT into Stopped, once; further ones are ignored while things are being stopped."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for number in numbers:
        signal.signal(number, stop)
    if "MAKELEVEL" in os.environ:
        # Started by make: a killed make would leave us, and all our servers, running.
        prctl_death_signal(signal.SIGTERM)


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                yield int(child)
                yield from _descendants(int(child))
