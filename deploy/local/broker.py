"""
A private RabbitMQ node: own name, own data, own cookie, own ports, own epmd.

Nothing of a node that the machine may already run is read, written or talked to. Everything lives in one directory and
survives a restart of the node.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from deploy.local.faults import ServerFailedError
from deploy.local.node_code import slim_code
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Child, Command
from deploy.local.rabbitmq import RabbitMQ, chosen_rabbitmq

NODE_NAME = "am-connector@localhost"
USER = "connector"

_START_SECONDS = 90.0
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = 1
_CONFIGURATION = """\
listeners.tcp.local = {address}:{port}
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
default_vhost = /
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
log.file = {log}
log.file.level = info
log.console = false
"""


class Broker:
    """A RabbitMQ node in *home*, listening on the loopback address only."""

    def __init__(self, home: Path, software: RabbitMQ | None = None) -> None:
        """
        Choose ports and write the configuration; nothing is started.

        Args:
            home: directory of the node.
            software: what it is made of; None: what the environment names, else the machine's own.
        """
        self._software = software or chosen_rabbitmq(os.environ)
        self._home = home.resolve()
        self._home.mkdir(parents=True, exist_ok=True)
        self._home.chmod(0o700)
        self._password = self._remembered_password()
        self._port, self._node_port, self._epmd_port = free_port(), free_port(), free_port()
        self._write_configuration()
        self._epmd_child: Child | None = None
        self._node: Child | None = None
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """AMQP URL with the credentials of the node's only user."""
        return f"amqp://{USER}:{quote(self._password)}@{LOOPBACK}:{self._port}/"

    def start(self) -> None:
        """Start epmd and the node, and return when the node answers on its AMQP port."""
        self._stopping.clear()
        environ = {**self.environ(), **self._code()}
        self._epmd_child = Child(
            Command(
                name="epmd",
                arguments=[
                    str(self._software.epmd),
                    "-port",
                    str(self._epmd_port),
                    "-address",
                    LOOPBACK,
                    "-relaxed_command_check",
                ],
                environ=environ,
                log=self._home / "epmd.log",
                grace_seconds=5.0,
            )
        )
        self._wait_until(self._epmd_child, "epmd", lambda: _answers(self._epmd_port))
        self._node = Child(
            Command(
                name="RabbitMQ",
                arguments=[str(self._software.script)],
                environ=environ,
                log=self._home / "console.log",
                grace_seconds=30.0,
                directory=self._home,
            )
        )
        self._wait_until(self._node, "RabbitMQ", lambda: _speaks_amqp(self._port))

    def check_alive(self) -> None:
        """Raise ServerFailedError if the node has ended."""
        if self._node is not None:
            self._node.check_alive()

    def stop(self) -> None:
        """Stop the node in order, then its epmd."""
        self._stopping.set()
        for child in (self._node, self._epmd_child):
            if child is not None:
                child.stop()
        self._node = self._epmd_child = None

    def kill(self) -> None:
        """Kill the node as a power cut would; `start` brings it back with what was on disk."""
        for child in (self._node, self._epmd_child):
            if child is not None:
                child.kill()
        self._node = self._epmd_child = None

    def control(self, *arguments: str) -> str:
        """Run `rabbitmqctl` on this node and return what it prints."""
        answer = subprocess.run(  # noqa: S603 - the node's own tool, arguments from tests
            [str(self._software.script.with_name("rabbitmqctl")), "--quiet", "--node", NODE_NAME, *arguments],
            env=self.environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise ServerFailedError(f"rabbitmqctl {' '.join(arguments)}: {answer.stderr or answer.stdout}")
        return answer.stdout

    def environ(self) -> Mapping[str, str]:
        """Return the environment in which the node and its tools run."""
        home = str(self._home)
        inherited = {name: value for name, value in os.environ.items() if name in {"LANG", "TZ", "TMPDIR"}}
        return {
            **inherited,
            "PATH": self._software.path(os.environ.get("PATH", os.defpath)),
            "HOME": home,  # the cookie is kept here
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": NODE_NAME,
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_BASE": home,
            "RABBITMQ_MNESIA_BASE": f"{home}/data",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_SCHEMA_DIR": f"{home}/schema",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{home}/generated",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_CONFIG_FILES": f"{home}/conf.d",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{home}/advanced.config",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/rabbitmq-env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{home}/node.pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # Be the Erlang machine instead of a shell beside it: then signals reach it at first hand. Its own
            # notification of systemd stays off, for that needs NOTIFY_SOCKET.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _code(self) -> Mapping[str, str]:
        scripts = slim_code(self._software.script, self._home / "code")
        return {} if scripts is None else {"RABBITMQ_SCRIPTS_DIR": str(scripts)}

    def _remembered_password(self) -> str:
        """Return the password the data was created with; the broker takes it from the configuration only once."""
        remembered = self._home / "password"
        if not remembered.exists():
            remembered.touch(mode=0o600)
            remembered.write_text(secrets.token_urlsafe(24))
        return remembered.read_text().strip()

    def _write_configuration(self) -> None:
        configuration = self._home / "rabbitmq.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            _CONFIGURATION.format(
                address=LOOPBACK, port=self._port, user=USER, password=self._password, log=f"{self._home}/log/node.log"
            )
        )
        (self._home / "enabled_plugins").write_text("[].\n")
        (self._home / "advanced.config").write_text("[].\n")
        (self._home / "rabbitmq-env.conf").touch()
        (self._home / "conf.d").mkdir(exist_ok=True)

    def _wait_until(self, child: Child, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not ready():
            if self._stopping.is_set():
                raise ServerFailedError(f"{name} was stopped while it started")
            child.check_alive()
            if time.monotonic() > deadline:
                raise ServerFailedError(f"{name} was not ready within {_START_SECONDS:.0f} s:\n{child.last_words()}")
            time.sleep(0.05)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=2.0):
        return True
    return False


def _speaks_amqp(port: int) -> bool:
    """Tell whether a node greets on *port*: the listener opens at the end of its start, the greeting proves it."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=5.0) as connection:
        connection.sendall(_PROTOCOL_HEADER)
        greeting = connection.recv(1)
        return bool(greeting) and greeting[0] == _METHOD_FRAME
    return False
