"""The code as it was before the newest migration, out of the repository's own history."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.services import ROOT

_PARTS = ("daemon", "queues", "migrations")


def unpack_earlier_code(home: Path) -> None:
    """Put the packages of the commit before the newest migration into *home*; without that history the test skips."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    newest = _git(git, "log", "--diff-filter=A", "--format=%H", "-1", "--", "migrations/versions").decode().strip()
    if not newest:
        pytest.skip("there is no history here")
    archive = _git(git, "archive", f"{newest}^", *_PARTS)
    if not archive:
        pytest.skip(f"this history does not reach beyond {newest}: it was cloned shallow")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(home, filter="data")


def _git(git: str, *arguments: str) -> bytes:
    answer = subprocess.run([git, "-C", str(ROOT), *arguments], capture_output=True, check=False)
    return answer.stdout if answer.returncode == 0 else b""
