"""Orders placed in the sandbox from outside, and its own queue worked off by hand."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from daemon.sandbox.serve import running_sandbox
from daemon.sandbox.settings import SandboxSettings

REST = "/rest/all/V1"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    settings = SandboxSettings(default_products=3)
    headers = {"Authorization": "Bearer sandbox-token"}
    async with (
        asyncio.timeout(30),
        running_sandbox(settings) as running,
        aiohttp.ClientSession(running.url, headers=headers) as session,
    ):
        yield session


async def asked(client: aiohttp.ClientSession, method: str, path: str, body: object = None) -> tuple[int, object]:
    async with client.request(method, path, json=body) as response:
        return response.status, await response.json()


async def test_an_order_placed_from_outside_is_read_over_rest(client: aiohttp.ClientSession) -> None:
    order = {"email": "olga@example.com", "lines": [{"sku": "AC-1000", "quantity": 2}, {"sku": "AC-1001", "price": 3}]}
    placed = await asked(client, "POST", "/_sandbox/orders", order)

    assert placed == (200, {"entity_id": 1, "increment_id": "000000001"})
    fields = "fields=customer_email,state,subtotal,items[sku,qty_ordered]"
    assert await asked(client, "GET", f"{REST}/orders/1?{fields}") == (
        200,
        {
            "customer_email": "olga@example.com",
            "state": "new",
            "subtotal": 13,
            "items": [{"sku": "AC-1000", "qty_ordered": 2}, {"sku": "AC-1001", "qty_ordered": 1}],
        },
    )


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({}, "lines"),
        ({"lines": [{"sku": "AC-9999"}]}, "AC-9999"),
        ({"lines": [{"sku": "AC-1000", "quantity": 0}]}, "quantity"),
        ({"lines": [{"sku": "AC-1000", "colour": "red"}]}, "parent"),
        ({"lines": [{"sku": "AC-1000", "parent": "AC-CONF"}]}, "no part"),
        ({"lines": [{"sku": "AC-1000"}], "email": 1}, "email"),
    ],
)
async def test_an_order_that_cannot_be_placed_is_refused(
    client: aiohttp.ClientSession, order: object, told: str
) -> None:
    status, body = await asked(client, "POST", "/_sandbox/orders", order)

    assert status == 400
    assert told in str(body)


async def test_while_the_consumer_is_off_bulk_operations_stay_open(client: aiohttp.ClientSession) -> None:
    await asked(client, "PUT", "/_sandbox/configuration", {"consumer": False})
    status, bulk = await asked(
        client,
        "PUT",
        "/rest/all/async/bulk/V1/products/bySku",
        [{"product": {"sku": "AC-1000", "name": "Renamed"}}],
    )
    assert isinstance(bulk, dict)
    count = f"{REST}/bulk/{bulk['bulk_uuid']}/operation-status"

    assert status == 202
    assert await asked(client, "GET", f"{count}/4") == (200, 1)
    assert await asked(client, "POST", "/_sandbox/consumer") == (200, {"carried_out": 1})
    assert await asked(client, "GET", f"{count}/1") == (200, 1)
    assert await asked(client, "GET", f"{REST}/products/AC-1000?fields=name") == (200, {"name": "Renamed"})
