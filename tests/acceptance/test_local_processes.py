"""Whatever happens to the one who started servers, nothing of them stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUARD = ROOT / "deploy" / "local" / "guard.py"
PATIENCE_SECONDS = 30.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is left running is read from /proc")

# Starts a child and a grandchild in a session of its own (as a daemon does) that ignores SIGTERM; both carry the mark.
TREE = """
import os, signal, subprocess, sys, time
mark, announce = sys.argv[1], sys.argv[2]
subprocess.Popen([sys.executable, "-c",
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
    mark], start_new_session=True, stdout=open(announce, "w"))
signal.pause()
"""

# Starts that tree as `make run` starts its servers.
STARTER = """
import os, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from deploy.local.processes import Child, Command, Stopped, stop_on_signals
mark, announce = sys.argv[1], sys.argv[2]
stop_on_signals()
child = Child(Command(name="tree", arguments=[sys.executable, "-c", sys.argv[4], mark, announce],
    environ=dict(os.environ), log=Path(announce + ".log"), grace_seconds=5.0))
try:
    child.wait()
except Stopped:
    child.stop()
"""


DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text("up")
time.sleep(600)
"""


@pytest.fixture
def announce(tmp_path: Path) -> Path:
    return tmp_path / "announce"


@pytest.fixture
def starter(announce: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", STARTER, str(announce), str(announce), str(ROOT), TREE]
    environ = {name: value for name, value in os.environ.items() if name != "MAKELEVEL"}
    with subprocess.Popen(command, env=environ) as process:
        wait_until(lambda: announce.exists() and announce.read_text() == "up\n")
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_starter_that_is_told_to_stop_or_killed_leaves_nothing(
    number: signal.Signals, starter: "subprocess.Popen[bytes]", announce: Path
) -> None:
    before = marked(announce)

    starter.send_signal(number)
    starter.wait(PATIENCE_SECONDS)

    # The starter and its guard, the tree's root and its grandchild.
    assert len(before) >= 4
    wait_until(lambda: not marked(announce))


def test_a_guard_that_is_killed_takes_the_command_with_it(starter: "subprocess.Popen[bytes]", announce: Path) -> None:
    (guard,) = [process for process, words in marked(announce).items() if str(GUARD) in words]
    (root,) = [
        process
        for process, words in marked(announce).items()
        if "signal.pause()" in words and "guard.py" not in words and process != starter.pid
    ]

    os.kill(guard, signal.SIGKILL)

    wait_until(lambda: root not in marked(announce))
    for process in marked(announce):
        os.kill(process, signal.SIGKILL)


def test_a_command_that_ends_by_itself_leaves_no_daemon_and_its_exit_code_is_told(announce: Path) -> None:
    script = TREE.replace("signal.pause()", "\nwhile not os.path.getsize(announce): time.sleep(0.01)\nsys.exit(7)")
    command = [sys.executable, str(GUARD), "--", sys.executable, "-c", script, str(announce), str(announce)]

    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        code = guard.wait(PATIENCE_SECONDS)

    assert announce.read_text() == "up\n"
    assert code == 7
    assert not marked(announce)


def test_what_ignores_its_signal_is_killed_after_the_grace(announce: Path) -> None:
    command = [sys.executable, str(GUARD), "--grace", "0.2", "--", sys.executable, "-c", DEAF, str(announce)]

    with subprocess.Popen(command, stdin=subprocess.PIPE) as guard:
        wait_until(lambda: announce.exists() and announce.read_text() == "up")
        guard.terminate()
        code = guard.wait(PATIENCE_SECONDS)

    assert code == 128 + signal.SIGKILL
    assert not marked(announce)


def marked(announce: Path) -> dict[int, str]:
    """Return the running processes whose command line carries the mark of a test."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if str(announce) in words.split("\0"):
                found[int(entry.name)] = words
    return found


def wait_until(claim: Callable[[], bool]) -> None:
    """Return as soon as *claim* holds; other processes do not announce their end to us."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
