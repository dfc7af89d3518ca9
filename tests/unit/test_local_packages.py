"""What local provisioning finds installed, and what it tells of installing."""

from pathlib import Path

import pytest

from deploy.local.faults import MissingSoftwareError
from deploy.local.packages import (
    find_postgresql,
    find_rabbitmq,
    how_to_install,
    install_packages,
    progress_of,
)

APT = """\
Reading package lists...
Need to get 24.3 MB of archives.
Get:1 http://mirror.invalid/debian bookworm/main amd64 libpopt0 amd64 1.19+dfsg-1 [43.3 kB]
Get:17 http://mirror.invalid/debian bookworm/main amd64 rabbitmq-server all 3.10.8-1.1 [15.2 MB]
Unpacking rabbitmq-server (3.10.8-1.1) ...
Setting up erlang-base (1:25.2.3+dfsg-1) ...
Setting up libpq5:amd64 (15.18-0) ...
am-connector: refreshing the package lists
invoke-rc.d: policy-rc.d denied execution of start.
"""


def install(directory: Path, *programs: str) -> Path:
    directory.mkdir(parents=True)
    for program in programs:
        (directory / program).touch(mode=0o755)
    return directory


def test_the_newest_installed_postgresql_is_found(tmp_path: Path) -> None:
    install(tmp_path / "15", "initdb", "postgres")
    newest = install(tmp_path / "17", "initdb", "postgres")
    install(tmp_path / "18", "psql")

    assert find_postgresql([f"{tmp_path}/{{}}"]) == newest


def test_a_postgresql_older_than_15_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "14", "initdb", "postgres")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_postgresql([f"{tmp_path}/{{}}"]) is None


def test_the_wrapper_that_insists_on_its_own_user_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = install(tmp_path / "lib", "rabbitmq-script-wrapper") / "rabbitmq-script-wrapper"
    (install(tmp_path / "sbin") / "rabbitmq-server").symlink_to(wrapper)
    monkeypatch.setenv("PATH", str(tmp_path / "sbin"))

    assert find_rabbitmq([f"{tmp_path}/none"]) is None


def test_the_script_behind_the_wrapper_is_taken(tmp_path: Path) -> None:
    script = install(tmp_path / "bin", "rabbitmq-server") / "rabbitmq-server"

    assert find_rabbitmq([f"{tmp_path}/none", str(script)]) == script


def test_apt_is_told_in_few_words() -> None:
    told = list(progress_of(APT.splitlines(keepends=True)))

    assert told == [
        "to download: 24.3 MB",
        "downloading libpopt0",
        "downloading rabbitmq-server",
        "unpacking rabbitmq-server",
        "setting up erlang-base",
        "setting up libpq5",
        "refreshing the package lists",
    ]


def test_the_way_out_names_the_packages_own_servers_and_containers() -> None:
    text = how_to_install(["postgresql", "rabbitmq-server"])

    assert "apt-get install --no-install-recommends postgresql rabbitmq-server" in text
    assert "CONNECTOR_BROKER_URL" in text
    assert "docker compose up" in text


def test_without_apt_nothing_is_tried_and_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingSoftwareError, match="this machine has no apt-get"):
        install_packages(["rabbitmq-server"])
