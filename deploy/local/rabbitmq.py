"""
Which RabbitMQ a private node is made of: the machine's own, or another unpacked beside it.

CONNECTOR_TEST_RABBITMQ names the directory of one that `make test-rabbitmq4` has unpacked.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import MissingSoftwareError
from deploy.local.packages import find_rabbitmq, how_to_install

VARIABLE = "CONNECTOR_TEST_RABBITMQ"
UNPACKED_SCRIPT = Path("usr/lib/rabbitmq/bin/rabbitmq-server")
UNPACKED_PROGRAMS = Path("programs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitMQ:
    """An installed RabbitMQ and the Erlang that goes with it."""

    script: Path
    """The script `rabbitmq-server`; the node's other tools lie beside it."""
    epmd: Path
    programs: Path | None = None
    """Directory of its own Erlang; None for the one that PATH finds."""

    def path(self, inherited: str) -> str:
        """Return the PATH on which its scripts find their Erlang."""
        return inherited if self.programs is None else f"{self.programs}{os.pathsep}{inherited}"


def needs_package(environ: Mapping[str, str]) -> bool:
    """Tell whether a private node is made of the machine's own RabbitMQ, which may have to be installed."""
    return not environ.get(VARIABLE)


def chosen_rabbitmq(environ: Mapping[str, str]) -> RabbitMQ:
    """
    Give the RabbitMQ that *environ* names, else the machine's own.

    Raises:
        MissingSoftwareError: there is none; says what to do.
    """
    if named := environ.get(VARIABLE):
        return unpacked_rabbitmq(Path(named))
    script, epmd = find_rabbitmq(), shutil.which("epmd")
    if script is None or epmd is None:
        raise MissingSoftwareError(how_to_install(["rabbitmq-server"]))
    return RabbitMQ(script=script, epmd=Path(epmd))


def unpacked_rabbitmq(home: Path) -> RabbitMQ:
    """
    Give the RabbitMQ that was unpacked in *home*.

    Raises:
        MissingSoftwareError: there is none.
    """
    home = home.resolve()
    found = RabbitMQ(
        script=home / UNPACKED_SCRIPT, epmd=home / UNPACKED_PROGRAMS / "epmd", programs=home / UNPACKED_PROGRAMS
    )
    if not (found.script.exists() and found.epmd.exists()):
        raise MissingSoftwareError(f"{home} holds no unpacked RabbitMQ ({VARIABLE}); make test-rabbitmq4 makes one")
    return found
