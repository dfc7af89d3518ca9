"""The command from migrating to reprocessing, with the real daemon, the sandbox store, RabbitMQ and PostgreSQL."""

import asyncio
import json
import signal
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.command_line import run_command, started

TOKEN = "an-invented-token-of-the-tests"
SECONDS = 120


async def first_line(process: Process, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read lines of JSON until the one that is wanted."""
    assert process.stdout is not None
    async for line in process.stdout:
        document: dict[str, Any] = json.loads(line)
        if wanted(document):
            return document
    raise AssertionError("it ended before it said so")


async def test_prices_go_in_a_refused_one_fails_and_is_reprocessed(
    broker_url: str, empty_database: str, instance: str, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text(
        "subject,price\n" + "".join(f"AC-{1000 + number},{number}.50\n" for number in range(50)) + "NEW-1,7\n",
        encoding="utf-8",
    )
    async with asyncio.timeout(SECONDS), started("sandbox", "--port", "0", "--json", environ={}) as sandbox:
        store = await first_line(sandbox, lambda line: "url" in line)
        environ = {
            "CONNECTOR_BROKER_URL": broker_url,
            "CONNECTOR_DATABASE_URL": empty_database,
            "CONNECTOR_INSTANCE": instance,
            "CONNECTOR_HTTP_PORT": "0",
            "CONNECTOR_ADMIN_TOKEN": TOKEN,
            "CONNECTOR_MAGENTO_URL": store["url"],
            "CONNECTOR_MAGENTO_TOKEN": store["token"],
            "CONNECTOR_SCHEDULE_INTERVAL": "2",
            "CONNECTOR_LOG_FORMAT": "json",
        }
        await migrate(environ)
        async with started("run", environ=environ) as daemon:
            listening = await first_line(daemon, lambda line: line.get("event") == "http.listening")
            assert daemon.stdout is not None
            async with asyncio.TaskGroup() as group:
                group.create_task(daemon.stdout.read(), name="drain")
                await operate(listening["address"], environ, prices)
                daemon.send_signal(signal.SIGTERM)
            assert await daemon.wait() == 0


async def migrate(environ: Mapping[str, str]) -> None:
    before = await run_command("check", environ=environ)
    migrated = await run_command("migrate", environ=environ)
    again = await run_command("migrate", "--json", environ=environ)
    after = await run_command("check", "--json", environ=environ)

    assert before.code == 1
    assert "run `am-connector migrate`" in before.out
    assert (migrated.code, again.code, after.code) == (0, 0, 0)
    assert all(each["ok"] for each in json.loads(after.out).values())


async def operate(url: str, environ: Mapping[str, str], prices: Path) -> None:
    async def answer(*arguments: str) -> dict[str, Any]:
        ended = await run_command(*arguments, "--json", "--url", url, environ=environ)
        assert ended.code == 0, ended.err
        document: dict[str, Any] = json.loads(ended.out)
        return document

    async def letter_in(state: str, generation: int) -> dict[str, Any]:
        while True:
            items = (await answer("dead-letters", "list"))["items"]
            found = [each for each in items if each["state"] == state and each["generation"] == generation]
            if found:
                row: dict[str, Any] = found[0]
                return row

    changed = await answer("settings", "set", "retry_count=2", "process_sleep_time=1")
    document = await answer("settings", "set", "inventory.warehouses=MAIN,EAST", "price.currency=EUR")
    restored = await answer("settings", "restore", "0")
    history = await answer("settings", "history", "--document")
    shown = await answer("settings", "show", "inventory", "queue")
    direct = await run_command(
        "events", "publish", str(prices), "--type", "to_magento.pricing", "--direct", environ=environ
    )
    failed = await letter_in("failed", 0)
    told = await run_command("dead-letters", "show", str(failed["id"]), "--url", url, environ=environ)
    requeued = await answer("dead-letters", "reprocess", "--all", "--yes")
    failed_again = await letter_in("failed", 1)
    queue = await answer("queues", "show", "to_magento.pricing")
    connections = await run_command("connections", "test", "--url", url, environ=environ)

    assert changed["retry_count"] == 2
    assert document["settings"]["inventory"]["warehouses"] == ["MAIN", "EAST"]
    assert restored["settings"]["price"]["currency"] is None
    assert [each["version"] for each in history["items"]] == [2, 1]
    assert (sorted(shown["settings"]), shown["settings"]["queue"]["retry_count"]) == (["inventory", "queue"], 2)
    assert (direct.code, direct.out) == (0, "51 events: 51 accepted, 0 duplicate, 0 refused\n")
    assert (failed["key"], failed["attempts"]) == ("NEW-1", 2)
    assert "Invalid attribute SKU = NEW-1" in told.out
    assert requeued == {"requeued": 1, "skipped": []}
    assert failed_again["attempts"] == 2
    assert queue["waiting"] == 0
    assert connections.out.startswith("magento: ok")
