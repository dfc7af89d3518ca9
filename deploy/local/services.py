"""The broker and the database side by side: those that were named are used, the others are started."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.packages import install_packages, missing_packages
from deploy.local.progress import Stopwatch, note, say

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of random name is made in it, closed to others
_ENOUGH_MEMORY_BYTES = 3 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where to reach the two servers, and the ones that are ours to stop."""

    broker_url: str
    database_url: str
    broker: Broker | None
    """None if the broker was named by the caller."""
    database: Database | None
    """None if the database was named by the caller."""

    def check_alive(self) -> None:
        """Raise ServerFailedError if a server of ours has ended."""
        for server in (self.broker, self.database):
            if server is not None:
                server.check_alive()


def named_servers(environ: Mapping[str, str], prefix: str) -> tuple[str | None, str | None]:
    """Return the broker and database URLs that *environ* names under *prefix*; None where it names none."""
    return environ.get(f"{prefix}BROKER_URL") or None, environ.get(f"{prefix}DATABASE_URL") or None


def install_missing(*, broker_url: str | None, database_url: str | None) -> None:
    """
    Install the servers that were not named and are not there.

    Raises:
        MissingSoftwareError: we may not, or could not; says what to do.
    """
    packages = missing_packages(broker=broker_url is None, database=database_url is None)
    if packages:
        install_packages(packages)


@contextmanager
def provisioned(
    home: Path, *, broker_url: str | None, database_url: str | None, throw_away: bool = False
) -> Iterator[Services]:
    """
    Provide both servers until the end of the block: install what is missing, start what was not named, stop it again.

    Args:
        home: where the data of started servers lives; kept afterwards.
        broker_url: a broker to use instead of an own one.
        database_url: a database to use instead of an own one.
        throw_away: the data need not survive a crash of the machine.
    """
    install_missing(broker_url=broker_url, database_url=database_url)
    broker = Broker(home / "broker") if broker_url is None else None
    database = Database(home / "database", throw_away=throw_away) if database_url is None else None
    with ExitStack() as stack:
        _start(broker, database, stack)
        yield Services(
            broker_url=broker_url or (broker.url if broker else ""),
            database_url=database_url or (database.url if database else ""),
            broker=broker,
            database=database,
        )


@contextmanager
def throw_away_home(root: Path) -> Iterator[Path]:
    """Make a directory for servers whose data nobody needs afterwards: in memory if that is large, else in *root*."""
    in_memory = _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free >= _ENOUGH_MEMORY_BYTES
    parent = _SHARED_MEMORY if in_memory else root
    parent.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="am-connector-", dir=parent))
    try:
        # The database's user must get through to its own directory below; names in here are no secret.
        home.chmod(0o711)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(broker: Broker | None, database: Database | None, stack: ExitStack) -> None:
    """Start both at the same time; what was started is stopped by *stack*, the broker first."""
    servers = [
        (name, server) for name, server in (("PostgreSQL", database), ("RabbitMQ", broker)) if server is not None
    ]
    if not servers:
        return
    watch = Stopwatch()
    say(f"starting {' and '.join(name for name, _ in servers)} …")
    with ThreadPoolExecutor(max_workers=len(servers), thread_name_prefix="start") as threads:
        started = []
        for name, server in servers:
            stack.callback(server.stop)
            started.append((name, threads.submit(server.start)))
        for name, future in started:
            future.result()
            note(f"{name} is ready ({watch.seconds:.1f} s)")
