"""A daemon and a sandbox store as processes, with a broker and a database of their own: the product as it is run."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.databases import Databases
from deploy.demonstration.json_http import JsonHttp, is_ready, wait_for
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Child, Command
from deploy.local.services import provisioned

_TOKEN: Final = "bench-token-0123456789"  # noqa: S105 - of a daemon that lives as long as this program
_READY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the work is done."""

    broker_url: str
    database_url: str
    daemon: JsonHttp
    daemon_url: str
    store: JsonHttp
    children: Sequence[Child]

    def check(self) -> None:
        """Raise if one of the processes has ended."""
        for each in self.children:
            each.check_alive()


@contextmanager
def running_site() -> Iterator[Site]:
    """Have a ready daemon, connected to a sandbox store, for as long as the block lasts."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        services = stack.enter_context(provisioned(home, broker_url=None, database_url=None))
        database = stack.enter_context(stack.enter_context(Databases(services.database_url).prepared()).fresh())
        ports = [free_port(), free_port()]
        urls = [f"http://{LOOPBACK}:{port}" for port in ports]
        program = str(Path(sys.executable).with_name("am-connector"))
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")},
            "CONNECTOR_BROKER_URL": services.broker_url,
            "CONNECTOR_DATABASE_URL": database,
            "CONNECTOR_HTTP_PORT": str(ports[0]),
            "CONNECTOR_ADMIN_TOKEN": _TOKEN,
            "CONNECTOR_MAGENTO_URL": urls[1],
            "CONNECTOR_MAGENTO_TOKEN": "sandbox-token",
        }
        arguments = {"sandbox": ["sandbox", "--host", LOOPBACK, "--port", str(ports[1])], "daemon": ["run"]}
        children = []
        for name, verb in arguments.items():
            child = Child(Command(name=name, arguments=[program, *verb], environ=environ, log=home / f"{name}.log"))
            stack.callback(child.stop)
            children.append(child)
        site = Site(
            broker_url=services.broker_url,
            database_url=database,
            daemon=JsonHttp(urls[0], token=_TOKEN),
            daemon_url=urls[0],
            store=JsonHttp(urls[1]),
            children=children,
        )
        wait_for("a ready daemon", lambda: is_ready(urls[0]), seconds=_READY_SECONDS, check=site.check)
        yield site
