"""What operators do with an instance as a whole, at the command line, with a running daemon."""

import json
from typing import Any

import pytest

from tests.acceptance.erp_site import joined
from tests.acceptance.site import PRICING, TOKEN, Connector, Site, changes
from tests.acceptance.store import PRICES
from tests.command_line import run_command

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def command(connector: Connector, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Run a verb over the daemon's API; give its JSON."""
    environ = {"CONNECTOR_ADMIN_TOKEN": TOKEN}
    ended = await run_command(*arguments, "--url", connector.api.address, "--json", environ=environ)
    assert ended.code == code, ended.err
    return json.loads(ended.out)


async def test_lists_and_fields_of_the_erp_are_fetched_and_settings_advised_on(own_site: Site) -> None:
    async with joined(own_site) as (connector, erp):
        fetched = await command(connector, "reference-data", "refresh", "warehouses", "order_types")
        await connector.api.call("PATCH", "settings", document={"inventory": {"warehouses": ["MAIN", "EAST"]}})
        advised = await command(connector, "settings", "show", "inventory")
        refreshed = await command(connector, "schema", "refresh", "product")
        ticked = await command(connector, "schema", "activate", "product", "Attributes.COLOUR")
        await erp.control("PUT", "faults", {"mode": "down"})
        kept = await command(connector, "reference-data", "refresh", "warehouses", code=1)

    assert {each["kind"]: each["count"] for each in fetched["items"]} == {"order_types": 3, "warehouses": 2}
    assert any("the ERP has no warehouse EAST" in each for each in advised["advice"])
    assert "Attributes.COLOUR" in refreshed["added"]
    assert ticked["version"] == refreshed["version"] + 1
    assert [(each["count"], bool(each["error"])) for each in kept["items"]] == [(2, True)]


async def test_an_edited_endpoint_is_used_by_the_next_request_and_the_log_tells_and_is_flushed(own_site: Site) -> None:
    moved = {"action": "pricing", "label": "Pricing Sync", "method": "POST", "url": "V1/acme/prices"}
    async with own_site.connector() as connector:
        first, second = own_site.skus(2)
        await connector.collect(PRICING, changes(PRICING, [first]))
        await connector.run_to_its_end(PRICING)
        await connector.api.call("PATCH", "settings", document={"endpoints": {"magento": [moved]}})
        await connector.collect(PRICING, changes(PRICING, [second]))
        await connector.run_to_its_end(PRICING)
        paths = [each.path for each in await own_site.store.requests() if each.path.endswith("prices")]
        of_second = await command(connector, "logs", "list", "--key", second)
        errors = await command(connector, "logs", "list", "--level", "error", "--entity", "pricing")
        delivered = await command(connector, "logs", "list", "--level", "info", "--action", "price_update")
        counted = await command(connector, "logs", "flush", "--dry-run")
        flushed = await command(connector, "logs", "flush", "--yes")
        left = await command(connector, "logs", "list")
        waiting = await connector.api.get(f"queues/{PRICING}")

    assert paths[0] == "/rest/all/V1/products/base-prices"
    assert paths[-1] == "/rest/all/V1/acme/prices"
    assert {each["request"] for each in of_second["items"]} == {"POST /rest/all/V1/acme/prices"}
    assert {each["id"] for each in errors["items"]} == {each["id"] for each in of_second["items"]}
    assert [each["outcomes"][0]["key"] for each in delivered["items"]] == [first]
    assert (counted["entries"], flushed["entries"], left["items"]) == (flushed["entries"], counted["entries"], [])
    assert waiting["waiting"] == 1


async def test_a_batch_count_above_what_the_shop_takes_is_advised_against(own_site: Site) -> None:
    await own_site.store.configure(input_limits=True, complex_array_limit=20)
    async with own_site.connector() as connector:
        await connector.api.put_settings(threshold_count=0, check_process_time=1, process_sleep_time=1)
        before = await command(connector, "settings", "show")
        await connector.collect(PRICING, changes(PRICING, own_site.skus(21)))
        await connector.run_to_its_end(PRICING)
        queue = await command(connector, "settings", "show")
        whole = await command(connector, "settings", "show", "queue")

    words = "Batch Count 25 is above the shop's input limit 20 of pricing"
    assert not any(words in each for each in before["advice"])
    assert any(words in each for each in queue["advice"])
    assert any(words in each for each in whole["advice"])
    assert await own_site.store.requests(PRICES)
