"""The project's virtual environment: made once, filled from a lock file, brought up to date when that changes."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.faults import MissingSoftwareError
from deploy.local.packages import install_packages
from deploy.local.progress import Stopwatch, note, say

RUNTIME_LOCK = "requirements.lock"
DEVELOPMENT_LOCK = "requirements-dev.lock"
BENCH_LOCK = "requirements-bench.lock"

# What a lock file's packages include besides its own.
_COVERED_BY = {RUNTIME_LOCK: (DEVELOPMENT_LOCK, BENCH_LOCK), DEVELOPMENT_LOCK: (BENCH_LOCK,)}
_EXPLANATION_LINES = 20
_FETCHED = re.compile(r"^\s*(?:Collecting (?P<package>[^\s;]+)|(?P<installing>Installing collected packages))")


class VirtualEnvironment:
    """The directory `.venv` of a checkout."""

    def __init__(self, root: Path) -> None:
        """Name the environment of the checkout at *root*; nothing is made."""
        self._root = root
        self._home = root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._home / "bin" / "python"

    def program(self, name: str) -> Path:
        """Return the path of a command that a package has installed."""
        return self._home / "bin" / name

    def ensure(self, lock: str) -> None:
        """
        Have the packages of the file *lock* and the project itself installed, telling what happens.

        Raises:
            MissingSoftwareError: Python cannot make environments here, or pip failed.
        """
        with self._alone():
            if self._has(lock):
                return
            watch = Stopwatch()
            if not self._is_usable():
                say(f"creating the virtual environment {self._home.name} (Python {sys.version.split()[0]}) …")
                self._create()
            say(f"installing Python packages from {lock} …")
            self._pip("--require-hashes", "--requirement", str(self._root / lock))
            # setuptools comes from the lock file, so nothing unpinned is fetched to build with.
            self._pip("--no-deps", "--no-build-isolation", "--editable", str(self._root))
            self._stamp(lock).write_text(self._digest(lock))
            note(f"done in {watch.seconds:.0f} s")

    def _has(self, lock: str) -> bool:
        return self._is_usable() and any(
            self._stamp(each).is_file() and self._stamp(each).read_text() == self._digest(each)
            for each in (lock, *_COVERED_BY.get(lock, ()))
            if (self._root / each).is_file()
        )

    def _is_usable(self) -> bool:
        """Tell whether there is one that was made here: in one that was moved the scripts name wrong paths."""
        if not self.python.exists():
            return False
        pip = self.program("pip")
        return pip.is_file() and str(self._home) in pip.read_text(errors="replace").partition("\n")[0]

    def _create(self) -> None:
        if not _can_make_environments():
            install_packages([f"python3.{sys.version_info.minor}-venv"])
        made = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "venv", "--clear", str(self._home)], capture_output=True, text=True, check=False
        )
        if made.returncode != 0:
            raise MissingSoftwareError(f"python -m venv failed:\n{made.stdout}{made.stderr}")

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
        last: list[str] = []
        with subprocess.Popen(  # noqa: S603 - the environment's own pip
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        ) as process:
            try:
                for line in process.stdout or ():
                    last = [*last[-_EXPLANATION_LINES:], line.rstrip()]
                    for told in progress_of([line]):
                        note(told)
            except BaseException:
                # Told to stop: a package half installed is repaired by the next start, which has no stamp.
                process.terminate()
                raise
        if process.returncode != 0:
            raise MissingSoftwareError(
                "\n".join(["pip could not install the packages:", *(f"    {line}" for line in last)])
            )

    def _stamp(self, lock: str) -> Path:
        return self._home / f".installed-{lock}"

    def _digest(self, lock: str) -> str:
        """Fingerprint all that decides what gets installed."""
        digest = hashlib.sha256(f"{self._root}\n".encode())
        for file in (lock, "pyproject.toml"):
            digest.update((self._root / file).read_bytes())
        return digest.hexdigest()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time look after the environment."""
        place = self._root / ".local"
        place.mkdir(exist_ok=True)
        with (place / "venv.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def progress_of(lines: Iterable[str]) -> Iterator[str]:
    """Turn lines of pip into the few words worth showing."""
    for line in lines:
        if match := _FETCHED.match(line):
            yield f"fetching {match['package']}" if match["package"] else "installing them"


def _can_make_environments() -> bool:
    """Tell whether `venv` works: Debian's bare python3 lacks the part that brings pip."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(probe, capture_output=True, check=False, env=dict(os.environ)).returncode == 0  # noqa: S603 - this interpreter
