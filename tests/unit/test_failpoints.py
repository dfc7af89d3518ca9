"""Failpoints: what arms them, and that every one of them stands somewhere in the code."""

import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from queues import failpoints
from queues.failpoints import POINTS, arm, hit, parse
from tests.strategies import message

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The signals that this process would have sent itself."""
    signals: list[int] = []
    monkeypatch.setattr("os.kill", lambda _pid, number: signals.append(number))
    yield signals
    arm([])


def test_every_point_stands_in_the_code_and_the_code_knows_no_other() -> None:
    files = [*ROOT.glob("queues/**/*.py"), *ROOT.glob("daemon/**/*.py")]

    standing = Counter(
        name for file in files for name in re.findall(r'\bhit\(\s*"([^"]*)"', file.read_text(encoding="utf-8"))
    )

    assert set(standing) == set(POINTS)


def test_nothing_happens_at_a_point_that_is_not_armed(sent: list[int]) -> None:
    arm(parse("claim.committed=kill"))

    hit("settle.committed", [message("A")])

    assert sent == []


@pytest.mark.parametrize(
    ("action", "number"),
    [("kill", signal.SIGKILL), ("freeze", signal.SIGSTOP), ("terminate", signal.SIGTERM)],
)
def test_a_trap_springs_once(action: str, number: int, sent: list[int]) -> None:
    arm(parse(f"claim.committed={action}"))

    for _ in range(3):
        hit("claim.committed")

    assert sent == [number]


def test_a_trap_waits_for_its_record_and_for_its_pass(sent: list[int]) -> None:
    arm(parse("request.begun[AC-7]=kill@2; settle.begun=freeze"))

    hit("request.begun", [message("AC-7"), message("B")])
    hit("request.begun", [message("B")])
    hit("request.begun")
    assert sent == []
    hit("request.begun", [message("B"), message("AC-7")])
    hit("settle.begun")

    assert sent == [signal.SIGKILL, signal.SIGSTOP]


@pytest.mark.parametrize(
    "text", ["claim.commited=kill", "claim.committed", "claim.committed=explode", "claim.committed=kill@0", "=kill"]
)
def test_what_is_no_trap_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="name=kill"):
        parse(text)


def test_an_unarmed_point_looks_at_no_message() -> None:
    arm([])

    hit("claim.committed", (pytest.fail("a message was looked at") for _ in range(1)))

    assert not failpoints.parse("")
