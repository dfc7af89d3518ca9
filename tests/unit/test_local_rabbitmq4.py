"""A second RabbitMQ, unpacked beside the machine's own: what is fetched, and which of the two a node is made of."""

import subprocess
from pathlib import Path

import pytest

from deploy.local.faults import MissingSoftwareError
from deploy.local.rabbitmq import UNPACKED_PROGRAMS, UNPACKED_SCRIPT, VARIABLE, chosen_rabbitmq, needs_package
from deploy.local.rabbitmq4 import make_startable, mirror_of, wanted_packages

SIMULATION = """\
Reading package lists...
Inst libc6 (2.41-12 Debian:13.4/stable [amd64]) []
Inst python3-minimal (3.13.5-1 Debian:13.4/stable [amd64])
Inst libpam0g (1.7.0-5 Debian:13.4/stable [amd64])
Inst erlang-base (1:27.3.4.1+dfsg-1 Debian:13.4/stable [amd64])
Inst rabbitmq-server (4.0.5-6 Debian:13.4/stable [all])
Conf libc6 (2.41-12 Debian:13.4/stable [amd64])
"""


def unpack(home: Path) -> Path:
    """Lay out what dpkg would unpack: a loader that runs what it is told to, and a program."""
    libraries = home / "usr/lib/x86_64-linux-gnu"
    runtime = home / "usr/lib/erlang/erts-15.2/bin"
    for directory in (libraries, runtime, (home / UNPACKED_SCRIPT).parent):
        directory.mkdir(parents=True)
    loader = libraries / "ld-linux-x86-64.so.2"
    loader.write_text('#!/bin/sh\necho "$@"\n')
    loader.chmod(0o755)
    (home / UNPACKED_SCRIPT).touch()
    for name in ("epmd", "erlexec"):
        (runtime / name).write_bytes(b"\x7fELF and so on")
    (runtime / "start").write_text("#!/bin/sh\n")
    return home


def test_of_all_that_would_be_installed_only_erlang_rabbitmq_and_their_libraries_are_fetched() -> None:
    assert wanted_packages(SIMULATION.splitlines()) == ["libc6", "erlang-base", "rabbitmq-server"]


def test_the_mirror_is_the_machine_s_own_one_of_debian() -> None:
    targets = ["", "nodesource https://packages.invalid/", "Debian http://mirror.invalid/debian/", "Debian http://b/"]

    assert mirror_of(targets) == "http://mirror.invalid/debian/"
    assert mirror_of(["Ubuntu http://mirror.invalid/ubuntu/"]) is None


def test_an_unpacked_program_is_started_by_the_loader_it_came_with(tmp_path: Path) -> None:
    home = unpack(tmp_path)

    make_startable(home)

    said = subprocess.run([home / UNPACKED_PROGRAMS / "epmd", "-port", "1"], capture_output=True, text=True, check=True)
    libraries = home / "usr/lib/x86_64-linux-gnu"
    kept = home / "usr/lib/erlang/erts-15.2/bin/epmd.elf"
    assert said.stdout.split()[2:] == ["--library-path", str(libraries), str(kept), "-port", "1"]
    assert (home / "usr/lib/erlang/erts-15.2/bin/start").read_text() == "#!/bin/sh\n"


def test_the_environment_names_the_rabbitmq_of_private_nodes(tmp_path: Path) -> None:
    make_startable(unpack(tmp_path))

    chosen = chosen_rabbitmq({VARIABLE: str(tmp_path)})

    assert chosen.script == tmp_path / UNPACKED_SCRIPT
    assert chosen.path("/usr/bin") == f"{tmp_path / UNPACKED_PROGRAMS}:/usr/bin"
    assert not needs_package({VARIABLE: str(tmp_path)})
    assert needs_package({})


def test_a_directory_without_a_rabbitmq_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MissingSoftwareError, match=f"{VARIABLE}.*test-rabbitmq4"):
        chosen_rabbitmq({VARIABLE: str(tmp_path)})
