"""
Run one command and see to it that nothing of it stays behind.

`guard.py --grace 30 --signal INT --user postgres -- COMMAND…` is started by `processes.py`, one for each server, with a
pipe on standard input whose other end only the starter holds. The command is stopped in order (signal, grace period,
SIGKILL for everything that descends from it) when

* the pipe closes, because the starter closed it or died, however it died;
* the guard receives SIGTERM, SIGINT or SIGHUP;
* the command ends by itself: then what it left running is ended.

Self-contained and standard library only: it is run by its path. On Linux it is the reaper of its descendants, so that
even a daemonised grandchild is found; a guard that is killed itself takes the command with it.
"""

import argparse
import contextlib
import ctypes
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SIGNALLED = 128
_LEFTOVER_GRACE_SECONDS = 2.0
_STDIN = 0


def main() -> int:
    """Guard the command named on the command line and return its exit code (128 + signal if a signal ended it)."""
    parser = argparse.ArgumentParser(description="Run a command; leave nothing of it behind.")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between the signal and SIGKILL")
    parser.add_argument("--signal", default="TERM", help="signal that asks the command to stop")
    parser.add_argument("--user", help="run the command as this user (we must be root)")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    wakeups = _catch_signals()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    with _start(options.command, options.user) as command:
        try:
            stopped = _wait_for_end_or_order(command, wakeups)
            if stopped:
                command.send_signal(signal.Signals[f"SIG{options.signal}"])
                with contextlib.suppress(subprocess.TimeoutExpired):
                    command.wait(options.grace)
        finally:
            _end_descendants(command)
        code = command.wait()
    return code if code >= 0 else _SIGNALLED - code


def prctl_death_signal(number: int) -> None:
    """Have the kernel send signal *number* to this process when the thread that started it ends; Linux only."""
    _prctl(_PR_SET_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _catch_signals() -> int:
    """Let every signal that matters make the returned descriptor readable; its bytes are the signal numbers."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    return reading


def _start(command: list[str], user: str | None) -> "subprocess.Popen[bytes]":
    group: int | None = None
    groups: list[int] | None = None
    if user is not None:
        account = pwd.getpwnam(user)
        group, groups = account.pw_gid, [account.pw_gid]
    return subprocess.Popen(  # noqa: S603 - the command is what we are for
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=groups,
        preexec_fn=_die_with_the_guard(),  # noqa: PLW1509 - this process has one thread
    )


def _die_with_the_guard() -> Callable[[], None]:
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def in_the_child() -> None:
        if library is not None:
            library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)

    return in_the_child


def _wait_for_end_or_order(command: "subprocess.Popen[bytes]", wakeups: int) -> bool:
    """Return True when told to stop, False when the command has ended by itself."""
    poll = select.poll()
    poll.register(_STDIN, select.POLLIN | select.POLLHUP)
    poll.register(wakeups, select.POLLIN)
    while command.poll() is None:
        for descriptor, _events in poll.poll():
            told = os.read(descriptor, 512)
            if descriptor == _STDIN and not told:
                return True
            if descriptor == wakeups and set(told) - {int(signal.SIGCHLD)}:
                return True
        _reap(command)
    return False


def _end_descendants(command: "subprocess.Popen[bytes]") -> None:
    """Ask all that is left to end, then make it; returns when no descendant is alive."""
    deadline = time.monotonic() + _LEFTOVER_GRACE_SECONDS
    kind = signal.SIGKILL if command.poll() is None else signal.SIGTERM
    while left := list(_descendants(os.getpid())):
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, kind)
        _reap(command)
        if time.monotonic() > deadline:
            kind = signal.SIGKILL
        select.select([], [], [], 0.02)
    if sys.platform != "linux":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(command.pid, signal.SIGKILL)


def _reap(command: "subprocess.Popen[bytes]") -> None:
    """Collect ended children that we adopted; the command itself is Popen's to collect."""
    command.poll()
    for process in _children(os.getpid()):
        if process != command.pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, os.WNOHANG)


def _descendants(process: int) -> Iterator[int]:
    for child in _children(process):
        yield from _descendants(child)
        yield child


def _children(process: int) -> list[int]:
    """Process numbers of the children of every thread of *process*; empty where /proc does not tell."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.extend(int(number) for number in task.read_text().split())
    return found


if __name__ == "__main__":
    sys.exit(main())
