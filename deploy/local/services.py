"""The broker and the database side by side: those that were named are used, the others are started."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.packages import install_packages, missing_packages
from deploy.local.progress import Stopwatch, note, say
from deploy.local.rabbitmq import needs_package

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of random name is made in it, closed to others
_ENOUGH_MEMORY_BYTES = 3 * 1024**3
_THROW_AWAY_PREFIX = "am-connector-"
_LOCK = "lock"


class Services:
    """
    Where to reach the two servers, and the ones that are ours to stop.

    Attributes:
        broker: None if the broker was named by the caller.
        database: None if the database was named by the caller.
    """

    def __init__(
        self, *, broker_url: str | None, database_url: str | None, broker: Broker | None, database: Database | None
    ) -> None:
        """Take each server's URL from whoever has it; nothing is started."""
        self.broker = broker
        self.database = database
        self.broker_url = broker.url if broker is not None else broker_url or ""
        self.database_url = database.url if database is not None else database_url or ""
        self._watch = Stopwatch()
        self._starting: dict[str, Future[None]] = {}

    def start(self, stack: ExitStack) -> None:
        """Begin to start ours, both at the same time; *stack* stops them, the broker first."""
        servers: dict[str, Broker | Database | None] = {"PostgreSQL": self.database, "RabbitMQ": self.broker}
        ours = {name: server for name, server in servers.items() if server is not None}
        if not ours:
            return
        say(f"starting {' and '.join(ours)} …")
        threads = ThreadPoolExecutor(max_workers=len(ours), thread_name_prefix="start")
        # Run last: a server that is being stopped ends its start, which this waits for.
        stack.callback(threads.shutdown)
        for name, server in ours.items():
            stack.callback(server.stop)
            self._starting[name] = threads.submit(server.start)

    def wait_for_database(self) -> None:
        """Return when the database can be used; a named one is left to those who use it."""
        self._wait_for("PostgreSQL")

    def wait_for_broker(self) -> None:
        """Return when the broker can be used; a named one is left to those who use it."""
        self._wait_for("RabbitMQ")

    def check_alive(self) -> None:
        """Raise ServerFailedError if a server of ours has ended."""
        for server in (self.broker, self.database):
            if server is not None:
                server.check_alive()

    def _wait_for(self, name: str) -> None:
        if name in self._starting:
            self._starting[name].result()
            note(f"{name} is ready ({self._watch.seconds:.1f} s)")


def named_servers(environ: Mapping[str, str], prefix: str) -> tuple[str | None, str | None]:
    """Return the broker and database URLs that *environ* names under *prefix*; None where it names none."""
    return named(environ, f"{prefix}BROKER_URL"), named(environ, f"{prefix}DATABASE_URL")


def named(environ: Mapping[str, str], name: str) -> str | None:
    """Return the setting *name*, out of the file of `…_FILE` if it is given there; None if it is not given."""
    if file := environ.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip() or None
    return environ.get(name) or None


def install_missing(*, broker_url: str | None, database_url: str | None) -> None:
    """
    Install the servers that were not named and are not there.

    Raises:
        MissingSoftwareError: we may not, or could not; says what to do.
    """
    needs_broker = broker_url is None and needs_package(os.environ)
    packages = missing_packages(broker=needs_broker, database=database_url is None)
    if packages:
        install_packages(packages)


@contextmanager
def provisioned(
    home: Path, *, broker_url: str | None, database_url: str | None, throw_away: bool = False, wait: bool = True
) -> Iterator[Services]:
    """
    Provide both servers until the end of the block: install what is missing, start what was not named, stop it again.

    Args:
        home: where the data of started servers lives; kept afterwards.
        broker_url: a broker to use instead of an own one.
        database_url: a database to use instead of an own one.
        throw_away: the data need not survive a crash of the machine.
        wait: have them ready when the block begins; otherwise ask for each when it is needed.
    """
    install_missing(broker_url=broker_url, database_url=database_url)
    broker = Broker(home / "broker") if broker_url is None else None
    database = Database(home / "database", throw_away=throw_away) if database_url is None else None
    services = Services(broker_url=broker_url, database_url=database_url, broker=broker, database=database)
    with ExitStack() as stack:
        if throw_away and database is not None:
            # It may be elsewhere than in *home*, where its user could not get through.
            stack.callback(shutil.rmtree, database.home, ignore_errors=True)
        services.start(stack)
        if wait:
            services.wait_for_database()
            services.wait_for_broker()
        yield services


@contextmanager
def throw_away_home(root: Path) -> Iterator[Path]:
    """Make a directory for servers whose data nobody needs afterwards: in memory if that is large, else in *root*."""
    in_memory = _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free >= _ENOUGH_MEMORY_BYTES
    parent = _SHARED_MEMORY if in_memory else root
    parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(parent)
    home = Path(tempfile.mkdtemp(prefix=_THROW_AWAY_PREFIX, dir=parent))
    with (home / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            # The database's user must get through to its own directory below; names in here are no secret.
            home.chmod(0o711)
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove what those left who were killed: nobody holds the lock in it any more."""
    for home in parent.glob(f"{_THROW_AWAY_PREFIX}*"):
        try:
            with (home / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(home, ignore_errors=True)
        except OSError:
            continue  # in use, somebody else's, or just being made
