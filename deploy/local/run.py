"""`make run`: everything started, the demonstration told, and then there until it is stopped."""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demonstration.erp_story import ErpStage, tell_erp
from deploy.demonstration.json_http import JsonHttp, UnexpectedAnswerError, is_ready, wait_for
from deploy.demonstration.story import Stage, tell
from deploy.local.faults import ProvisioningError, ServerFailedError
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Child, Command, Stopped
from deploy.local.progress import Stopwatch, note, say
from deploy.local.services import Services, install_missing, named, named_servers, provisioned
from deploy.local.virtualenv import RUNTIME_LOCK, VirtualEnvironment

PREFERRED_PORT = 8080
SANDBOX_ERP = {"USERNAME": "sync", "PASSWORD": "sandbox-sync-1", "TENANT": "Shop"}
SANDBOX_TOKEN = "sandbox-token"  # noqa: S105 - the sandbox's own invented token; it protects nothing

_READ_FROM_FILES = ("CONNECTOR_BROKER_URL_FILE", "CONNECTOR_DATABASE_URL_FILE", "CONNECTOR_ADMIN_TOKEN_FILE")
_READY_SECONDS = 60.0
_STOP_SECONDS = 90.0
_BETWEEN_LOOKS_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """
    What is up.

    Attributes:
        url: of the daemon.
        token: opens its API and pages.
        sandbox_url: of the simulated store; None if the daemon is connected to a store that was named.
        erp_url: of the simulated ERP; None if a store or an ERP was named: the simulated never meets the real.
        log: where the daemon writes.
        check: raises ServerFailedError if something of ours has ended.
    """

    url: str
    token: str
    sandbox_url: str | None
    erp_url: str | None
    log: Path
    check: Callable[[], None]


def run(root: Path, environ: Mapping[str, str]) -> int:
    """
    Install, start, demonstrate, and stay; returns the exit code when the daemon ends by itself.

    Raises:
        ProvisioningError: something could not be had; its text is for the person at the terminal.
    """
    try:
        return _run(root, environ)
    except Stopped:
        say("everything that was started here has been stopped")
        raise


def _run(root: Path, environ: Mapping[str, str]) -> int:
    watch = Stopwatch()
    broker_url, database_url = named_servers(environ, "CONNECTOR_")
    home = root / ".local"
    home.mkdir(exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_only_one(home))
        # First what may be impossible here, then what takes long.
        install_missing(broker_url=broker_url, database_url=database_url)
        virtualenv = VirtualEnvironment(root)
        virtualenv.ensure(RUNTIME_LOCK)
        program = virtualenv.program("am-connector")
        # Side by side: the servers start while the sandbox does, and the broker takes longer than the migration.
        services = stack.enter_context(provisioned(home, broker_url=broker_url, database_url=database_url, wait=False))
        running = _start(program, services, home, environ, stack)
        say(f"the connector is ready ({watch.seconds:.1f} s)")
        say("")
        if running.sandbox_url is None:
            say("It is connected to the store you named: no sample is sent there.")
        else:
            _demonstrate(running, running.sandbox_url, program)
        _tell_where_to_look(running, program)
        return _stay(running)


def _stay(running: Running) -> int:
    try:
        while True:
            running.check()
            time.sleep(_BETWEEN_LOOKS_SECONDS)
    except Stopped:
        say("stopping …")
        raise


def _start(program: Path, services: Services, home: Path, environ: Mapping[str, str], stack: ExitStack) -> Running:
    """Migrate, then start the sandbox and the daemon; *stack* stops them, the daemon first."""
    port = _http_port(environ)
    token = named(environ, "CONNECTOR_ADMIN_TOKEN") or _remembered_token(home / "token")
    settings = {
        **{name: value for name, value in environ.items() if name not in _READ_FROM_FILES},
        "CONNECTOR_BROKER_URL": services.broker_url,
        "CONNECTOR_DATABASE_URL": services.database_url,
        "CONNECTOR_HTTP_PORT": str(port),
        "CONNECTOR_ADMIN_TOKEN": token,
        "PYTHONUNBUFFERED": "1",
    }
    checks = [services.check_alive]
    sandbox, sandbox_url, erp_url = None, None, None
    if not named(environ, "CONNECTOR_MAGENTO_URL"):
        sandbox_port = free_port()
        sandbox_url = f"http://{LOOPBACK}:{sandbox_port}"
        arguments = [str(program), "sandbox", "--host", LOOPBACK, "--port", str(sandbox_port)]
        settings |= {"CONNECTOR_MAGENTO_URL": sandbox_url, "CONNECTOR_MAGENTO_TOKEN": SANDBOX_TOKEN}
        if not named(environ, "CONNECTOR_ACUMATICA_URL"):
            erp_port = free_port()
            erp_url = f"http://{LOOPBACK}:{erp_port}"
            arguments += ["--acumatica-port", str(erp_port)]
            settings |= {f"CONNECTOR_ACUMATICA_{name}": value for name, value in SANDBOX_ERP.items()}
            settings["CONNECTOR_ACUMATICA_URL"] = erp_url
        sandbox = _child("the sandbox", arguments, settings, home / "sandbox.log", stack)
        checks.append(sandbox.check_alive)
    services.wait_for_database()
    _migrate(program, settings, home / "migrate.log")
    if sandbox is not None and sandbox_url is not None:
        store = JsonHttp(sandbox_url)
        _wait("the sandbox", sandbox, lambda: store.get("/_sandbox/health"))
        note("the simulated store is ready" if erp_url is None else "the simulated store and ERP are ready")
    services.wait_for_broker()
    daemon = _child("the daemon", [str(program), "run"], settings, home / "daemon.log", stack)
    checks.append(daemon.check_alive)
    url = f"http://{LOOPBACK}:{port}"
    _wait("the daemon", daemon, lambda: is_ready(url))

    def check() -> None:
        for each in checks:
            each()

    return Running(url=url, token=token, sandbox_url=sandbox_url, erp_url=erp_url, log=home / "daemon.log", check=check)


def _migrate(program: Path, settings: Mapping[str, str], log: Path) -> None:
    say("migrating the database …")
    migration = Child(
        Command(name="am-connector migrate", arguments=[str(program), "migrate"], environ=settings, log=log)
    )
    try:
        if migration.wait() != 0:
            raise ServerFailedError(f"the migration failed:\n{migration.last_words()}")
    finally:
        migration.stop()


def _child(name: str, arguments: list[str], settings: Mapping[str, str], log: Path, stack: ExitStack) -> Child:
    child = Child(Command(name=name, arguments=arguments, environ=settings, log=log, grace_seconds=_STOP_SECONDS))
    stack.callback(child.stop)
    return child


def _wait(name: str, child: Child, look: Callable[[], object | None]) -> None:
    try:
        wait_for(f"a ready answer of {name}", look, seconds=_READY_SECONDS, check=child.check_alive)
    except UnexpectedAnswerError as error:
        raise ServerFailedError(f"{error}; its last words:\n{child.last_words()}") from error


def _demonstrate(running: Running, sandbox_url: str, program: Path) -> None:
    stage = Stage(
        connector=JsonHttp(running.url, token=running.token),
        sandbox=JsonHttp(sandbox_url),
        sandbox_shown=sandbox_url,
        command=_command(running, program),
        say=say,
        check=running.check,
    )
    try:
        tell(stage)
        if running.erp_url is not None:
            webhook = f"{running.url}/webhooks/acumatica"
            tell_erp(stage, ErpStage(erp=JsonHttp(running.erp_url), webhook_url=webhook, token=running.token))
    except UnexpectedAnswerError as error:
        say(f"the demonstration ended early: {error}")
        say(f"  the daemon's log: {running.log}")


def _tell_where_to_look(running: Running, program: Path) -> None:
    say("")
    say("Where to look:")
    say(f"  connector  {running.url}/   token: {running.token}")
    if running.sandbox_url is not None:
        say(f"  store      {running.sandbox_url}/_sandbox/   simulated")
    if running.erp_url is not None:
        say(f"  ERP        {running.erp_url}/_sandbox/   simulated")
    say(f"  queues     {_command(running, program)} queues")
    say(f"  log        {running.log}")
    say("Ctrl-C stops everything that was started here; the data stays in .local.")


def _command(running: Running, program: Path) -> str:
    """Return the words that start `am-connector` for this daemon from any shell in the checkout."""
    settings = f"CONNECTOR_ADMIN_TOKEN={running.token}"
    if not running.url.endswith(f":{PREFERRED_PORT}"):
        settings += f" CONNECTOR_HTTP_PORT={running.url.rpartition(':')[2]}"
    try:
        shown = program.relative_to(Path.cwd())
    except ValueError:
        shown = program
    return f"{settings} {shown}"


def _http_port(environ: Mapping[str, str]) -> int:
    wanted = environ.get("CONNECTOR_HTTP_PORT")
    if wanted is None:
        return free_port(PREFERRED_PORT)
    if not wanted.isdigit() or int(wanted) == 0:
        return free_port()
    if free_port(int(wanted)) != int(wanted):
        raise ProvisioningError(f"CONNECTOR_HTTP_PORT: somebody else listens on {wanted}")
    return int(wanted)


def _remembered_token(file: Path) -> str:
    """Return the token of this checkout; the same at every start, so that an open page goes on working."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text().strip()


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Refuse to run twice on the same data."""
    with (home / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ProvisioningError(
                f"it runs already in this checkout (process {file.read().strip() or 'unknown'})"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
