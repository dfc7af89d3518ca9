"""
Find out which Debian packages are missing, and install them without starting a system service.

Works as root or with passwordless sudo on Debian and Ubuntu; everywhere else it says what to install.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from deploy.local.faults import MissingSoftwareError
from deploy.local.progress import Stopwatch, note, say

MINIMUM_POSTGRESQL = 15

POSTGRESQL_HOMES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")
RABBITMQ_SCRIPTS = (
    # Debian's wrapper in /usr/sbin insists on the user rabbitmq; the scripts behind it do not.
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
)

# Runs as root in one piece and in a session of its own, so that neither Ctrl-C nor our end leaves a package half
# configured or the policy file behind. policy-rc.d answering 101 keeps every service from being started; the drop-in
# keeps postgresql-common from creating the machine's own cluster.
INSTALL_SCRIPT = r"""
set -eu
policy=/usr/sbin/policy-rc.d
kept=$policy.before-am-connector
dropin=/etc/postgresql-common/createcluster.d/am-connector.conf
restore() {
    rm -f "$policy" "$dropin"
    if [ -e "$kept" ]; then mv -f "$kept" "$policy"; fi
    rmdir /etc/postgresql-common/createcluster.d /etc/postgresql-common 2>/dev/null || true
}
boot_links() {
    find /etc/systemd/system -path '*.wants/*' \
        \( -name 'rabbitmq-server.*' -o -name 'postgresql.*' -o -name 'epmd.*' \) 2>/dev/null || true
}
before=$(boot_links | tr '\n' ' ')
trap restore EXIT
trap 'exit 1' HUP INT TERM
if [ -e "$policy" ] && [ ! -e "$kept" ]; then mv "$policy" "$kept"; fi
printf '#!/bin/sh\n# for the time of an installation by am-connector\nexit 101\n' >"$policy"
chmod 755 "$policy"
mkdir -p "${dropin%/*}"
echo 'create_main_cluster = false' >"$dropin"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
wait_for_lock='-o DPkg::Lock::Timeout=300'
if ! apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1; then
    echo 'am-connector: refreshing the package lists'
    apt-get update $wait_for_lock
fi
install() { apt-get install $wait_for_lock -y --no-install-recommends "$@"; }
if ! install "$@"; then
    echo 'am-connector: refreshing the package lists and trying again'
    apt-get update $wait_for_lock
    install "$@"
fi
# A private node needs no machine-wide one: what we brought does not start at the next boot either. A removed link is
# what `systemctl disable` leaves, and an upgrade respects it; links that were there before stay.
for link in $(boot_links); do
    case " $before " in
        *" $link "*) ;;
        *) rm -f "$link" ;;
    esac
done
"""

_PROGRESS = re.compile(
    r"^(?:Get:\d+ \S+ \S+ \S+ (?P<got>\S+) .*"
    r"|(?P<verb>Unpacking|Setting up) (?P<package>[^\s:]+).*"
    r"|am-connector: (?P<own>.*))$"
)
_DOWNLOAD = re.compile(r"^Need to get (?P<size>[\d.,]+ \S?B)")
_EXPLANATION_LINES = 15


def find_postgresql(homes: Sequence[str] = POSTGRESQL_HOMES, *, newest: int = 30) -> Path | None:
    """Return the directory with `initdb` and `postgres` of the newest installed version, at least 15."""
    for version in range(newest, MINIMUM_POSTGRESQL - 1, -1):
        for home in homes:
            directory = Path(home.format(version))
            if (directory / "initdb").exists() and (directory / "postgres").exists():
                return directory
    found = shutil.which("initdb")
    if found is not None and _major_version(found) >= MINIMUM_POSTGRESQL:
        return Path(found).resolve().parent
    return None


def find_rabbitmq(scripts: Sequence[str] = RABBITMQ_SCRIPTS) -> Path | None:
    """Return the `rabbitmq-server` script that can be run by any user."""
    for script in scripts:
        if Path(script).exists():
            return Path(script)
    found = shutil.which("rabbitmq-server")
    if found is None or b"script-wrapper" in Path(found).resolve().name.encode():
        return None
    return Path(found)


def missing_packages(*, broker: bool, database: bool) -> tuple[str, ...]:
    """Name the Debian packages that the wanted servers still need, sorted."""
    missing: list[str] = []
    if database and find_postgresql() is None:
        missing.append("postgresql")
    if broker and find_rabbitmq() is None:
        missing.append("rabbitmq-server")
    return tuple(missing)


def install_packages(packages: Sequence[str], *, environ: Mapping[str, str] = os.environ) -> None:
    """
    Install Debian *packages*, telling what happens; returns when they are configured and nothing was started.

    Raises:
        MissingSoftwareError: this is no Debian, we are neither root nor have passwordless sudo, or apt failed.
    """
    prefix = root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        raise MissingSoftwareError(how_to_install(packages, debian=shutil.which("apt-get") is not None))
    watch = Stopwatch()
    say(f"installing {', '.join(packages)} (Debian packages; no system service is started) …")
    with subprocess.Popen(  # noqa: S603 - a fixed script; the names come from this module
        [*prefix, "sh", "-c", INSTALL_SCRIPT, "install", *packages],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        env={**environ, "LC_ALL": "C"},
    ) as process:
        last: list[str] = []
        try:
            for line in process.stdout or ():
                last = [*last[-_EXPLANATION_LINES:], line.rstrip()]
                for told in progress_of([line]):
                    note(told)
        except BaseException:
            note("told to stop: letting apt-get finish first, so that no package is left half installed …")
            if process.stdout is not None:
                process.stdout.read()
            raise
    if process.returncode != 0:
        raise MissingSoftwareError(
            "\n".join(["apt-get could not install them:", *(f"    {line}" for line in last), how_to_install(packages)])
        )
    note(f"installed in {watch.seconds:.0f} s")


def progress_of(lines: Iterable[str]) -> Iterator[str]:
    """Turn lines of apt-get into the few words worth showing."""
    for line in lines:
        if download := _DOWNLOAD.match(line):
            yield f"to download: {download['size']}"
        elif match := _PROGRESS.match(line.rstrip()):
            if match["got"]:
                yield f"downloading {match['got']}"
            elif match["verb"]:
                yield f"{match['verb'].lower()} {match['package']}"
            else:
                yield match["own"]


def how_to_install(packages: Sequence[str], *, debian: bool = True) -> str:
    """Say what a person has to do where we may not install *packages* ourselves."""
    command = f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    own = "" if debian else " (this machine has no apt-get: install the same servers in its own way)"
    return (
        f"missing on this machine: {', '.join(packages)}\n"
        f"  either  {command}{own}\n"
        f"  or      name servers of your own: CONNECTOR_BROKER_URL=amqp://… CONNECTOR_DATABASE_URL=postgresql://…\n"
        f"  or      run everything in containers: docker compose up\n"
        f"  (RabbitMQ 3.10 or later, PostgreSQL {MINIMUM_POSTGRESQL} or later)"
    )


def root_prefix() -> tuple[str, ...] | None:
    """Return what to put before a command so that root runs it; None if we may not."""
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    probe = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)  # noqa: S603 - fixed words
    return (sudo, "-n") if probe.returncode == 0 else None


def _major_version(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - asks a found program for its version
    match = re.search(r"(\d+)(?:\.\d+|\w*)\s*(?:\(|$)", answer.stdout.strip())
    return int(match[1]) if match else 0


if __name__ == "__main__":
    install_packages(sys.argv[1:])
