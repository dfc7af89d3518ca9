"""The verbs that need servers, when there are none: one clear line, the right exit code."""

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.command_line import run_command, started

NOWHERE = "127.0.0.1:9"
CONFIGURED = {
    "CONNECTOR_BROKER_URL": f"amqp://user:a-secret@{NOWHERE}/",
    "CONNECTOR_DATABASE_URL": f"postgresql://user:a-secret@{NOWHERE}/connector",
}


async def test_migrate_says_that_it_waits_and_for_what_then_ends_with_3() -> None:
    ended = await run_command("migrate", "--wait", "1.5", environ=CONFIGURED)

    assert (ended.code, ended.out) == (3, "")
    waits, gives_up = ended.err.splitlines()
    assert waits.startswith("waiting for the database, 0 of 2 s: PostgreSQL:")
    assert gives_up.startswith("am-connector: the database cannot be reached after")
    assert "a-secret" not in ended.err


async def test_migrate_needs_the_database_only() -> None:
    ended = await run_command("migrate", environ={"CONNECTOR_BROKER_URL": "nonsense"})

    assert ended.code == 2
    assert "CONNECTOR_DATABASE_URL: is not set" in ended.err
    assert "CONNECTOR_BROKER_URL" not in ended.err


async def test_check_tells_all_that_do_not_answer_and_ends_with_3() -> None:
    environ = {
        **CONFIGURED,
        "CONNECTOR_MAGENTO_URL": f"http://{NOWHERE}",
        "CONNECTOR_MAGENTO_TOKEN": "a-secret",
        "CONNECTOR_ACUMATICA_URL": f"http://{NOWHERE}/erp",
        "CONNECTOR_ACUMATICA_USERNAME": "sync",
        "CONNECTOR_ACUMATICA_PASSWORD": "a-secret",
    }

    shown = await run_command("check", environ=environ)
    told = await run_command("check", "--json", environ=environ)

    assert shown.code == told.code == 3
    assert [line.split()[0] for line in shown.out.splitlines()] == [
        "configuration",
        "broker",
        "database",
        "magento",
        "acumatica",
    ]
    assert [line.count("NOT OK") for line in shown.out.splitlines()] == [0, 1, 1, 1, 1]
    assert {name: each["ok"] for name, each in json.loads(told.out).items()} == {
        "configuration": True,
        "broker": False,
        "database": False,
        "magento": False,
        "acumatica": False,
    }
    assert "a-secret" not in shown.out + shown.err + told.out


async def test_publishing_to_a_broker_that_is_away_ends_with_3() -> None:
    ended = await run_command("events", "publish", "--direct", environ=CONFIGURED, stdin=b"{}")

    assert (ended.code, ended.out) == (3, "")
    assert len(ended.err.splitlines()) == 1
    assert f"connect to {NOWHERE}" in ended.err
    assert "a-secret" not in ended.err


async def test_a_file_that_cannot_be_read_ends_with_2() -> None:
    ended = await run_command("events", "publish", "/nonexistent.csv", "--url", f"http://{NOWHERE}")

    assert ended.code == 2
    assert ended.err == "am-connector: cannot read /nonexistent.csv: No such file or directory\n"


async def test_the_sandbox_introduces_itself_serves_and_stops_on_ctrl_c() -> None:
    arguments = ("sandbox", "--port", "0", "--products", "20", "--token", "a-token-of-mine", "--json")
    async with asyncio.timeout(60), started(*arguments, with_messages=True) as process:
        assert process.stdout is not None
        introduction = json.loads(await process.stdout.readline())
        answer = await asyncio.to_thread(get, f"{introduction['url']}/rest/all/V1/products/AC-1001", "a-token-of-mine")
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()

    assert introduction["token"] == "a-token-of-mine"
    assert answer["sku"] == "AC-1001"
    assert process.returncode == 0
    assert err == b"the sandbox has stopped\n"


async def test_a_port_that_is_taken_ends_with_1_and_its_number() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = await run_command("sandbox", "--port", str(port))

    assert (ended.code, ended.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("content", [None, b"[{"])
async def test_a_catalogue_that_cannot_be_read_ends_with_2(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "catalogue.json"
    if content is not None:
        path.write_bytes(content)

    ended = await run_command("sandbox", "--port", "0", "--catalogue", str(path))

    assert ended.code == 2
    assert "catalogue" in ended.err
    assert "Traceback" not in ended.err


def get(url: str, token: str) -> dict[str, object]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - the sandbox's
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        document: dict[str, object] = json.load(answer)
        return document


def test_the_command_is_what_the_package_installs() -> None:
    assert os.access(Path(sys.executable).with_name("am-connector"), os.X_OK)
