"""A secret is typed twice, and written where only its owner reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.cli.errors import UsageError
from daemon.cli.secret_files import ask_twice, write_secret
from daemon.secret import Secret
from tests.command_line import run_command


def typed(*answers: str) -> Callable[[str], str]:
    left = iter(answers)
    return lambda _: next(left)


def test_a_secret_is_taken_when_both_times_agree() -> None:
    assert ask_twice(typed("s3cret-value", "s3cret-value")).reveal() == "s3cret-value"


@pytest.mark.parametrize("answers", [("s3cret-value", "s3cret-valeu"), ("", ""), (" ", " ")])
def test_what_differs_or_is_empty_is_refused_without_being_shown(answers: tuple[str, str]) -> None:
    with pytest.raises(UsageError) as refusal:
        ask_twice(typed(*answers))

    assert "s3cret" not in str(refusal.value)


def test_a_secret_stands_in_its_file_whole_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("an older and longer secret", encoding="utf-8")
    path.chmod(0o644)

    write_secret(path, Secret("s3cret-value"))

    assert path.read_text(encoding="utf-8") == "s3cret-value\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_secret(tmp_path / "token", Secret("s3cret-value"))

    assert [path.name for path in tmp_path.iterdir()] == ["token"]


async def test_where_nobody_can_be_asked_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "token"

    ended = await run_command("secret", str(path), stdin=b"s3cret\ns3cret\n")

    assert (ended.code, path.exists()) == (2, False)
