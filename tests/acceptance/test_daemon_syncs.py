"""Runs of syncs from outside: started by time, cut off by a crash and gone on with, followed and fed by the command."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest

from tests.acceptance.daemon_process import run_command
from tests.acceptance.erp_site import ON, erp_access, joined
from tests.acceptance.site import PRICING, Connector, Site
from tests.acumatica_site import SMALL
from tests.acumatica_site import site as acumatica

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCT, LATE = "to_magento.product", "HARDWARE"
AUTO: Mapping[str, Any] = {
    **ON,
    "syncs": {"inventory_price": {"enabled": True, "auto_cron": True, "frequency": "daily"}},
    "catch_up": {"comparison": "never"},
}


async def sync(connector: Connector, name: str) -> Any:  # noqa: ANN401 - JSON
    listed = await connector.api.get("syncs")
    return next(each for each in listed["items"] if each["sync"] == name)


async def runs(connector: Connector, number: int) -> list[Any]:
    """Wait until so many runs are over; give them, oldest first."""
    page = await connector.api.until(
        "sync-runs", lambda page: sum(each["ended_at"] is not None for each in page["items"]) >= number
    )
    return list(reversed(page["items"]))


async def test_a_start_that_was_missed_is_made_up_for_once_by_one_of_two_daemons(own_site: Site) -> None:
    async with joined(own_site, AUTO) as (connector, erp), own_site.connector(**erp_access(erp)) as other:
        planned = await connector.api.until("syncs", lambda page: page["items"] and page["items"][0]["next_run_at"])
        database = await asyncpg.connect(own_site.database_url)
        await database.execute("update sync_schedules set next_run_at = next_run_at - interval '5 days'")
        await database.close()
        (run,) = await runs(connector, 1)
        again = await other.api.until("syncs", lambda page: page["items"][0]["next_run_at"] is not None)

        assert planned["items"][0]["next_runs"][0]["rule"] == "daily from 00:00:00 (UTC)"
        assert (run["sync"], run["mode"], run["actor"], run["state"]) == (
            "inventory_price",
            "auto",
            "Auto Cron",
            "success",
        )
        assert run["noted"] >= 2 * SMALL.default_items
        assert again["items"][0]["next_run_at"] == planned["items"][0]["next_run_at"]
        assert len((await connector.api.get("sync-runs"))["items"]) == 1


async def test_a_run_cut_off_by_a_crash_goes_on_at_its_next_page(own_site: Site) -> None:
    async with acumatica(sign_in=False) as erp:
        access = {**erp_access(erp), "MAGENTO_TIMEOUT": "6", "SHUTDOWN_GRACE": "8"}
        async with own_site.connector(**access, FAILPOINTS="sync.noted=kill") as first:
            await first.api.call("PATCH", "settings", document=ON)
            await first.api.post("syncs/inventory_price/run", {"kind": "complete"})
            await first.daemon.exit_code()
        async with own_site.connector(**access) as second:
            (run,) = await runs(second, 1)
            await second.api.post("syncs/inventory_price/run", {"kind": "complete"})
            *_, whole = await runs(second, 2)
            log = [line["text"] for line in (await second.api.get(f"sync-runs/{run['id']}/log"))["items"]]

    assert (run["state"], run["noted"]) == ("success", whole["noted"])
    assert [text for text in log if "going on at page 1" in text]


async def test_the_items_of_a_class_that_is_enabled_later_are_taken_up_by_the_next_run(own_site: Site) -> None:
    box = {"Item": {"UsrShop": {"type": "CustomBooleanField", "value": True}}}
    settings = {**ON, "products": {"item_class_box": "Item.UsrShop"}}
    async with joined(own_site, settings) as (connector, erp):
        await connector.pause(PRODUCT)
        await connector.api.post("syncs/product/run", {"kind": "complete"})
        (everything,) = await runs(connector, 1)
        await connector.api.post("syncs/product/run")
        _, before = await runs(connector, 2)
        await erp.control("POST", "records/ItemClass?push=0", {"ClassID": LATE, "custom": box})
        await connector.api.post("syncs/product/run")
        *_, after = await runs(connector, 3)
        log = [line["text"] for line in (await connector.api.get(f"sync-runs/{after['id']}/log"))["items"]]

    assert everything["noted"] >= SMALL.default_items
    assert before["noted"] == 0
    assert 0 < after["noted"] < everything["noted"]
    assert f"items of classes enabled since: {after['noted']} to be looked at" in log


async def test_the_command_brings_a_file_in_follows_a_run_and_tells_what_was_passed_over(
    own_site: Site, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("InventoryID,Active\nAC-1001,yes\nNO-SUCH,yes\nAC-1002,no\n,yes\n", encoding="utf-8")
    async with joined(own_site) as (connector, _):

        async def command(*arguments: str) -> Any:  # noqa: ANN401 - JSON
            return await run_command(own_site.environment(), *arguments, "--url", connector.api.address)

        await connector.pause(PRICING)
        imported = await command("syncs", "import", "pricing", str(sheet))
        await connector.wait_until_waiting(PRICING, 1)
        followed = await command("syncs", "run", "category", "--complete", "--follow")
        await connector.api.until("skipped-records", lambda page: page["items"], key="NO-SUCH")
        passed = (await command("syncs", "skipped", "--key", "NO-SUCH", "--json")).document["items"]
        listed = await command("syncs")
        refused = await command("syncs", "run", "customer")

    assert (imported.code, "line 5 has no key" in imported.errors) == (1, True)
    assert "2 to be looked at, 1 not active, 1 lines without a key" in imported.out
    assert followed.code == 0
    assert "completed" in followed.out
    assert [(each["stage"], each["reason"].partition(":")[0], each["origin"]) for each in passed] == [
        ("look", "not_found", "file")
    ]
    assert "inventory_price" in listed.out
    assert (refused.code, "syncs.customer.enabled" in refused.errors) == (1, True)
