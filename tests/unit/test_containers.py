"""Containers: no root, nothing writable but /tmp, no capabilities, no secrets in their description."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = sorted(name for name, each in COMPOSE["services"].items() if "am-connector" in each["image"])
SERVERS = sorted(set(COMPOSE["services"]) - set(OURS))
PODS = [
    (path.name, document["spec"]["template"]["spec"])
    for path in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if document and document.get("kind") in {"Deployment", "Job"}
]


def test_everything_of_ours_is_looked_at() -> None:
    assert {"daemon", "migrate", "sandbox", "secrets", "sample"} <= set(OURS)
    assert {name for name, _ in PODS} == {"deployment.yaml", "migrate-job.yaml"}


@pytest.mark.parametrize("name", OURS)
def test_our_services_write_nothing_and_may_nothing(name: str) -> None:
    service: dict[str, Any] = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - the only place that is writable
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    assert "user" not in service


@pytest.mark.parametrize("name", SERVERS)
def test_the_servers_keep_only_what_their_images_need(name: str) -> None:
    service: dict[str, Any] = COMPOSE["services"][name]

    assert service["cap_drop"] == ["ALL"]
    assert set(service["cap_add"]) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert "no-new-privileges:true" in service["security_opt"]
    assert "ports" not in service


def test_ports_are_those_of_this_machine_alone() -> None:
    published = [port for each in COMPOSE["services"].values() for port in each.get("ports", [])]

    assert published
    assert all(str(port).startswith("127.0.0.1:") for port in published)


def test_the_image_runs_as_nobody_in_particular_and_without_tools() -> None:
    stages = re.split(r"(?m)^FROM ", (ROOT / "Dockerfile").read_text())
    final = stages[-1]

    [user] = re.findall(r"(?m)^USER (\S+)", final)
    assert user == "10001:10001"
    # Commands as lists: no shell stands between, and none is needed.
    for word in ("ENTRYPOINT", "CMD"):
        assert re.search(rf'(?m)^\s*{word} \["', final)
    assert "pip uninstall --yes setuptools pip" in stages[-2]
    assert not re.search(r"(?mi)^(ARG|ENV) .*(password|token|secret)", "".join(stages))


@pytest.mark.parametrize(("file", "pod"), PODS, ids=[name for name, _ in PODS])
def test_pods_are_as_confined_as_containers(file: str, pod: dict[str, Any]) -> None:
    assert file.endswith(".yaml")
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not [each for each in container.get("env", []) if "value" in each and "SECRET" in each["name"]]
