"""
A private PostgreSQL cluster on the loopback address, with its own data directory, port and password.

PostgreSQL refuses to run as root: root runs it as the user `postgres`, everybody else as themselves.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from deploy.local.faults import MissingSoftwareError, ServerFailedError
from deploy.local.packages import find_postgresql, how_to_install
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Child, Command

USER = "connector"
DATABASE = "connector"
SYSTEM_USER = "postgres"

_START_SECONDS = 60.0
_MAX_CONNECTIONS = 200
# Throw-away clusters trade safety for speed; a cluster with data to keep never does.
_UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Database:
    """A PostgreSQL cluster in *home* (or where its user can reach it), listening on the loopback address only."""

    def __init__(self, home: Path, *, throw_away: bool = False) -> None:
        """
        Choose a port; nothing is created or started.

        Args:
            home: directory of the cluster.
            throw_away: the data need not survive a crash of the machine.
        """
        programs = find_postgresql()
        if programs is None:
            raise MissingSoftwareError(how_to_install(["postgresql"]))
        self._programs = programs
        self._user = _system_user()
        self._home = reachable_home(home.resolve(), self._user)
        self._settings = _UNSAFE if throw_away else ()
        self._port = free_port()
        self._password_file = self._home / "password"
        self._data = self._home / "data"
        self._server: Child | None = None
        self._stopping = threading.Event()
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
        # initdb reads it as the user it runs as.
        _hand_over(self._password_file, self._user)

    @property
    def url(self) -> str:
        """URL of the database `connector`, owned by the superuser of the same name."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{quote(password)}@{LOOPBACK}:{self._port}/{DATABASE}"

    @property
    def home(self) -> Path:
        """Where the cluster really is."""
        return self._home

    def start(self) -> None:
        """Create the cluster if it is new, start it, and return when it answers."""
        self._stopping.clear()
        is_new = not (self._data / "PG_VERSION").exists()
        if is_new:
            self._create()
        self._server = Child(
            Command(
                name="PostgreSQL",
                arguments=[str(self._programs / "postgres"), "-D", str(self._data), *self._options()],
                environ=self._environ(),
                log=self._home / "server.log",
                stop_signal="INT",  # fast shutdown: clients are cut off, data is safe
                grace_seconds=30.0,
                user=self._user,
                directory=self._home,
            )
        )
        self._wait_until_ready(self._server)
        if is_new:
            self._run("psql", "--quiet", "--dbname=postgres", f"--command=CREATE DATABASE {DATABASE}", *self._address())

    def check_alive(self) -> None:
        """Raise ServerFailedError if the server has ended."""
        if self._server is not None:
            self._server.check_alive()

    def stop(self) -> None:
        """Stop the server in order."""
        self._stopping.set()
        if self._server is not None:
            self._server.stop()
        self._server = None

    def kill(self) -> None:
        """Kill the server as a power cut would; `start` brings it back with what was on disk."""
        if self._server is not None:
            self._server.kill()
        self._server = None

    def _create(self) -> None:
        # What an interrupted creation left behind is no cluster.
        shutil.rmtree(self._data, ignore_errors=True)
        # Created aside and renamed, so that a directory with this name is a whole cluster.
        fresh = self._home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            "initdb",
            f"--pgdata={fresh}",
            f"--username={USER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
            *(["--no-sync"] if self._settings else []),
        )
        fresh.rename(self._data)

    def _options(self) -> list[str]:
        settings = (
            f"listen_addresses={LOOPBACK}",
            f"port={self._port}",
            "unix_socket_directories=",  # a socket's path may have 103 bytes, and nobody needs one
            f"max_connections={_MAX_CONNECTIONS}",
            "timezone=UTC",
            "log_timezone=UTC",
            *self._settings,
        )
        return [word for setting in settings for word in ("-c", setting)]

    def _address(self) -> tuple[str, ...]:
        return (f"--host={LOOPBACK}", f"--port={self._port}", f"--username={USER}")

    def _wait_until_ready(self, server: Child) -> None:
        deadline = time.monotonic() + _START_SECONDS
        probe = [str(self._programs / "pg_isready"), "--quiet", *self._address(), "--dbname=postgres"]
        while not self._stopping.is_set() and subprocess.run(probe, env=self._environ(), check=False).returncode != 0:  # noqa: S603 - fixed words
            server.check_alive()
            if time.monotonic() > deadline:
                raise ServerFailedError(
                    f"PostgreSQL was not ready within {_START_SECONDS:.0f} s:\n{server.last_words()}"
                )
            time.sleep(0.05)
        if self._stopping.is_set():
            raise ServerFailedError("PostgreSQL was stopped while it started")

    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self._home),
            "PGPASSWORD": self._password_file.read_text().strip(),
        }

    def _run(self, program: str, *arguments: str) -> None:
        answer = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [str(self._programs / program), *arguments],
            env=self._environ(),
            cwd=self._home,
            user=self._user,
            group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
            extra_groups=None if self._user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise ServerFailedError(f"{program} failed:\n{answer.stdout}{answer.stderr}")


def reachable_home(wanted: Path, user: str | None) -> Path:
    """
    Make and return a directory that *user* owns: *wanted*, or one under /var/tmp if *user* cannot get there.

    A checkout in /root is closed to every other user, however the directory itself is set.
    """
    fallback = Path("/var/tmp") / f"am-connector-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"  # noqa: S108 - ours alone: owned and 0700, checked below
    for home in (wanted, fallback):
        home.mkdir(parents=True, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid not in {os.geteuid(), _user_id(user)}:
            raise ServerFailedError(f"{home} belongs to somebody else")
        _hand_over(home, user)
        home.chmod(0o700)
        if _can_enter(home, user):
            return home
    raise ServerFailedError(f"the user {user} can reach neither {wanted} nor {fallback}")


def _system_user() -> str | None:
    return SYSTEM_USER if os.geteuid() == 0 else None


def _user_id(user: str | None) -> int:
    return os.geteuid() if user is None else pwd.getpwnam(user).pw_uid


def _hand_over(path: Path, user: str | None) -> None:
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(path, account.pw_uid, account.pw_gid)


def _can_enter(home: Path, user: str | None) -> bool:
    if user is None:
        return True
    command: Sequence[str] = ("test", "-x", str(home))
    account = pwd.getpwnam(user)
    probe = subprocess.run(command, user=user, group=account.pw_gid, extra_groups=[], cwd="/", check=False)  # noqa: S603 - fixed words
    return probe.returncode == 0
