"""Command line of local provisioning; the Makefile is its usual caller."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.faults import ProvisioningError
from deploy.local.processes import Stopped, run_guarded, stop_on_signals
from deploy.local.progress import say
from deploy.local.rabbitmq4 import ensure_rabbitmq4
from deploy.local.run import run
from deploy.local.services import named_servers, provisioned, throw_away_home
from deploy.local.virtualenv import BENCH_LOCK, DEVELOPMENT_LOCK, RUNTIME_LOCK, VirtualEnvironment

ROOT = Path(__file__).resolve().parents[2]

_LOCKS = {"runtime": RUNTIME_LOCK, "dev": DEVELOPMENT_LOCK, "bench": BENCH_LOCK}
_OLDEST_PYTHON = (3, 11)
_FAILED = 1
_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    options = _parser().parse_args(arguments)
    if sys.version_info < _OLDEST_PYTHON:
        say("Python 3.11 or later is needed")
        return _USAGE
    stop_on_signals()
    try:
        return _obey(options)
    except Stopped:
        return 0
    except ProvisioningError as error:
        say(str(error))
        return _FAILED


def _obey(options: argparse.Namespace) -> int:
    match options.verb:
        case "install":
            VirtualEnvironment(ROOT).ensure(_LOCKS[options.packages])
            return 0
        case "rabbitmq4":
            ensure_rabbitmq4(ROOT / ".local" / "rabbitmq-4")
            return 0
        case "services":
            return _serve()
        case "with":
            return _with_servers(options.command, database_only=options.database_only)
        case _:
            return run(ROOT, os.environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m deploy.local", description="Run the connector on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    install = verbs.add_parser("install", help="make .venv and install from a lock file")
    install.add_argument("packages", choices=sorted(_LOCKS), nargs="?", default="runtime")
    verbs.add_parser("rabbitmq4", help="unpack RabbitMQ 4 in .local/rabbitmq-4, beside the machine's own")
    verbs.add_parser("services", help="a throw-away broker and database in the foreground; prints what to export")
    beside = verbs.add_parser("with", help="run a command beside a throw-away broker and database")
    beside.add_argument("--database-only", action="store_true", help="start no broker")
    beside.add_argument("command", nargs="+", metavar="COMMAND")
    verbs.add_parser("run", help="everything, with a demonstration; Ctrl-C stops it")
    return parser


def _serve() -> int:
    with (
        throw_away_home(ROOT / ".local") as home,
        provisioned(home, broker_url=None, database_url=None, throw_away=True) as servers,
    ):
        say(f"export CONNECTOR_TEST_BROKER_URL='{servers.broker_url}'")
        say(f"export CONNECTOR_TEST_DATABASE_URL='{servers.database_url}'")
        while signal.sigtimedwait([], 1.0) is None:
            servers.check_alive()
    return 0


def _with_servers(command: Sequence[str], *, database_only: bool) -> int:
    broker_url, database_url = named_servers(os.environ, "CONNECTOR_TEST_")
    if database_only:
        broker_url = broker_url or "amqp://none.invalid/"
    with (
        throw_away_home(ROOT / ".local") as home,
        provisioned(home, broker_url=broker_url, database_url=database_url, throw_away=True) as servers,
    ):
        names = {"CONNECTOR_TEST_BROKER_URL": servers.broker_url, "CONNECTOR_TEST_DATABASE_URL": servers.database_url}
        if database_only:
            del names["CONNECTOR_TEST_BROKER_URL"]
        programs = str(VirtualEnvironment(ROOT).python.parent)
        path = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
        return run_guarded(command, directory=ROOT, environ={**os.environ, **names, "PATH": path})


if __name__ == "__main__":
    sys.exit(main())
