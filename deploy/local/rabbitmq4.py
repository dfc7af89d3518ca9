"""
Unpack RabbitMQ 4 beside the machine's own: Debian 13's packages, with their Erlang and C library, in one directory.

Nothing is installed and no right is needed: apt-get downloads with lists and a package database of its own, dpkg only
unpacks. The programs are then started by the loader that came with them, so that they never meet the machine's own
libraries.
"""

import shutil
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deploy.local.faults import MissingSoftwareError
from deploy.local.progress import Stopwatch, note, say
from deploy.local.rabbitmq import UNPACKED_PROGRAMS, VARIABLE

RELEASE = "trixie"
PACKAGE = "rabbitmq-server"

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What the Erlang machine and its libraries are linked with, their own dependencies included.
_LIBRARIES = (
    "libc6",
    "libcap2",
    "libgcc-s1",
    "libssl3t64",
    "libstdc++6",
    "libsystemd0",
    "libtinfo6",
    "libzstd1",
    "zlib1g",
)
_STAMP = ".unpacked"
_ELF = b"\x7fELF"
_WRAPPER = """\
#!/bin/sh
exec {loader} --argv0 "$0" --library-path {libraries} {program} "$@"
"""
_ERLANG = """\
#!/bin/sh
ROOTDIR={root} BINDIR={programs} EMU=beam PROGNAME=erl
export ROOTDIR BINDIR EMU PROGNAME
exec {programs}/erlexec "$@"
"""


def ensure_rabbitmq4(home: Path) -> Path:
    """
    Have RabbitMQ 4 unpacked in *home*, telling what happens; returns *home* resolved.

    Raises:
        MissingSoftwareError: this is no Debian, or its mirror could not be used; says what to do instead.
    """
    home = home.resolve()
    stamp = home / _STAMP
    # Its scripts name their own place: one that was moved is made again.
    if stamp.is_file() and stamp.read_text() == f"{RELEASE} {home}":
        return home
    watch = Stopwatch()
    say(f"unpacking RabbitMQ 4 (packages of Debian 13) in {home} …")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for package in _download(home / "download"):
        _run(["dpkg", "--extract", str(package), str(home)], "unpack the packages")
    shutil.rmtree(home / "download")
    make_startable(home)
    stamp.write_text(f"{RELEASE} {home}")
    note(f"done in {watch.seconds:.0f} s")
    return home


def wanted_packages(simulation: Iterable[str]) -> list[str]:
    """
    Choose what is needed out of all that apt-get would install.

    Args:
        simulation: lines of `apt-get install --simulate` on an empty system.
    """
    names = [line.split()[1] for line in simulation if line.startswith("Inst ")]
    return [name for name in names if name == PACKAGE or name.startswith("erlang-") or name in _LIBRARIES]


def mirror_of(targets: Iterable[str]) -> str | None:
    """Give the first Debian mirror among *targets*, lines `<origin> <address>`."""
    pairs = (line.split() for line in targets)
    return next((words[1] for words in pairs if len(words) > 1 and words[0] == "Debian"), None)


def _download(place: Path) -> Sequence[Path]:
    if not all(map(shutil.which, ("apt-get", "dpkg"))) or not _KEYRING.is_file():
        raise MissingSoftwareError(_instead("this machine is no Debian"))
    targets = _run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"], "apt-get")
    mirror = mirror_of(targets.splitlines())
    if mirror is None:
        raise MissingSoftwareError(_instead("its package lists name no Debian mirror"))
    for part in ("lists/partial", "cache/archives/partial", "packages"):
        (place / part).mkdir(parents=True)
    (place / "status").touch()
    (place / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror} {RELEASE} main\n")
    # Own lists, own cache, own (empty) package database; the machine's proxies and certificates stay in force.
    settings: Mapping[str, object] = {
        "Dir::Etc::SourceList": place / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": place,
        "Dir::State::Lists": place / "lists",
        "Dir::State::status": place / "status",
        "Dir::Cache": place / "cache",
        "Acquire::Languages": "none",
        # As another user apt-get could not write into a checkout that is closed to others.
        "APT::Sandbox::User": "",
    }
    apt = ["apt-get", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    _run([*apt, "update"], "read the package lists")
    simulation = _run([*apt, "install", "--simulate", "--no-install-recommends", PACKAGE], "find the packages")
    names = wanted_packages(simulation.splitlines())
    note(f"fetching {len(names)} packages")
    _run([*apt, "download", *names], "fetch the packages", directory=place / "packages")
    return sorted((place / "packages").glob("*.deb"))


def make_startable(home: Path) -> None:
    """Have every program started by the loader it came with, and `erl` look for Erlang where it is."""
    loader = next(iter(home.glob("usr/lib/*/ld-linux*.so*")), None)
    runtime = next(iter(home.glob("usr/lib/erlang/erts-*/bin")), None)
    if loader is None or runtime is None:
        raise MissingSoftwareError(_instead("the packages are not laid out as expected"))
    for program in [*runtime.iterdir(), *home.glob("usr/lib/erlang/lib/*/priv/bin/*")]:
        if program.is_file() and not program.is_symlink() and _is_elf(program):
            kept = program.with_name(f"{program.name}.elf")
            program.rename(kept)
            _write_script(program, _WRAPPER.format(loader=loader, libraries=loader.parent, program=kept))
    programs = home / UNPACKED_PROGRAMS
    programs.mkdir()
    root = home / "usr/lib/erlang"
    _write_script(programs / "erl", _ERLANG.format(root=root, programs=runtime))
    for name in ("epmd", "escript"):
        (programs / name).symlink_to(runtime / name)


def _is_elf(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(len(_ELF)) == _ELF


def _write_script(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _run(command: Sequence[str], what: str, *, directory: Path | None = None) -> str:
    answer = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)  # noqa: S603 - apt-get and dpkg, words from here
    if answer.returncode != 0:
        raise MissingSoftwareError(_instead(f"could not {what}: {answer.stderr.strip() or answer.stdout.strip()}"))
    return answer.stdout


def _instead(reason: str) -> str:
    return (
        f"RabbitMQ 4 cannot be unpacked here: {reason}\n"
        f"  either  name one of your own: CONNECTOR_TEST_BROKER_URL=amqp://… (tests that kill their broker use the\n"
        f"          installed one, or the unpacked one that {VARIABLE} names)\n"
        f"  or      docker run --rm --publish 127.0.0.1:5673:5672 rabbitmq:4, and name that one"
    )
