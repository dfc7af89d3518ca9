"""The sandbox store over HTTP: faults as a client meets them, the control interface, the journal."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from daemon.sandbox.serve import RunningSandbox, announcement, running_sandbox, serve_sandbox
from daemon.sandbox.settings import SandboxSettings

PRICES = "/rest/all/V1/products/base-prices"
STOCK = "/rest/all/V1/inventory/source-items"
SETTINGS = SandboxSettings(default_products=30)


@pytest.fixture
async def running() -> AsyncIterator[RunningSandbox]:
    async with asyncio.timeout(30), running_sandbox(SETTINGS) as sandbox:
        yield sandbox


@pytest.fixture
async def client(running: RunningSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    headers = {"Authorization": "Bearer sandbox-token"}
    async with aiohttp.ClientSession(running.url, headers=headers, connector=connector) as session:
        yield session


def price_rows(*skus: str, price: float = 7.25) -> dict[str, Any]:
    return {"prices": [{"sku": sku, "store_id": 0, "price": price} for sku in skus]}


async def control(client: aiohttp.ClientSession, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    async with client.request(method, f"/_sandbox/{path}", json=body) as response:
        response.raise_for_status()
        return await response.json()


async def price_of(client: aiohttp.ClientSession, sku: str) -> object:
    return (await control(client, "GET", f"products/{sku}"))["prices"]["0"]


@pytest.mark.parametrize("mode", ["down", "reset_before", "reset_after"])
async def test_a_connection_is_cut_and_only_reset_after_has_done_its_work(
    client: aiohttp.ClientSession, mode: str
) -> None:
    before = await price_of(client, "AC-1000")
    await control(client, "PUT", "faults", {"mode": mode, "path": "base-prices"})

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.post(PRICES, json=price_rows("AC-1000"))

    assert await price_of(client, "AC-1000") == (7.25 if mode == "reset_after" else before)
    (entry,) = (await control(client, "GET", "requests"))["items"]
    assert (entry["status"], entry["rows"], entry["skus"]) == (None, 1, ["AC-1000"])
    assert (entry["faults"], entry["applied"]) == ([mode], mode == "reset_after")


@pytest.mark.parametrize(
    ("mode", "status", "content_type"),
    [
        ("maintenance", 503, "text/html"),
        ("bad_gateway", 502, "text/html"),
        ("database_down", 500, "text/plain"),
        ("php_error", 500, "text/plain"),
        ("error_500", 500, "application/json"),
        ("unauthorised", 401, "application/json"),
        ("not_found", 404, "application/json"),
        ("deadlock", 400, "application/json"),
        ("rate_limited", 429, "application/json"),
    ],
)
async def test_a_switch_answers_once_and_then_the_shop_does(
    client: aiohttp.ClientSession, mode: str, status: int, content_type: str
) -> None:
    await control(client, "PUT", "faults", {"mode": mode, "count": 1, "retry_after": 30})

    async with client.post(PRICES, json=price_rows("AC-1000")) as response:
        assert (response.status, response.content_type) == (status, content_type)
        assert response.headers["Retry-After"] == "30"
    async with client.post(PRICES, json=price_rows("AC-1000")) as response:
        assert response.status == 200

    first, second = (await control(client, "GET", "requests"))["items"]
    assert (first["rows"], first["applied"]) == (1, False)
    assert (second["rows"], second["applied"], second["schema_valid"]) == (1, True, True)


async def test_several_switches_work_together(client: aiohttp.ClientSession) -> None:
    await control(client, "PUT", "faults", [{"mode": "slow", "seconds": 0.01}, {"mode": "maintenance"}])

    async with client.get("/rest/default/V1/store/storeConfigs") as response:
        assert response.status == 503

    (entry,) = (await control(client, "GET", "requests"))["items"]
    assert entry["faults"] == ["slow", "maintenance"]
    assert entry["ms"] >= 10


async def test_a_refused_port_refuses_and_opens_again_by_the_control_port() -> None:
    async with (
        asyncio.timeout(30),
        running_sandbox(SETTINGS, control_port=0) as running,
        aiohttp.ClientSession(headers={"Authorization": "Bearer sandbox-token"}) as client,
    ):
        health = f"{running.url}/rest/default/V1/store/storeConfigs"
        faults = f"{running.control_url}/_sandbox/faults"
        async with client.get(health) as response:
            assert response.status == 200

        await client.put(faults, json={"mode": "refuse"})
        with pytest.raises(aiohttp.ClientConnectionError):  # the connection that was open does not serve either
            await client.get(health)
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(health)

        await client.delete(faults)
        async with client.get(health) as response:
            assert response.status == 200


async def test_refusing_for_ever_without_a_control_port_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.put("/_sandbox/faults", json={"mode": "refuse"}) as response:
        assert response.status == 400
        assert "seconds" in (await response.json())["error"]

    assert (await control(client, "GET", "faults"))["faults"] == []


async def test_a_rejected_sku_is_refused_as_a_row_of_prices_and_as_a_whole_call_of_stock(
    client: aiohttp.ClientSession,
) -> None:
    await control(client, "PUT", "faults/reject", {"sku": "AC-1013"})

    async with client.post(PRICES, json=price_rows("AC-1012", "AC-1013")) as response:
        assert response.status == 200
        assert await response.json() == [
            {"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": ["SKU", "AC-1013"]}
        ]
    rows = [{"sku": sku, "source_code": "default", "quantity": 3, "status": 1} for sku in ("AC-1012", "AC-1013")]
    async with client.post(STOCK, json={"sourceItems": rows}) as response:
        assert response.status == 400
        assert await response.json() == {"message": "Could not save Source Item"}

    assert await price_of(client, "AC-1012") == 7.25
    product = await control(client, "GET", "products/AC-1012")
    assert product["sources"]["default"]["quantity"] != 3

    await control(client, "DELETE", "faults/reject?sku=AC-1013")
    async with client.post(STOCK, json={"sourceItems": rows}) as response:
        assert response.status == 200


async def test_a_client_that_hangs_up_does_not_stop_its_call(
    running: RunningSandbox, client: aiohttp.ClientSession
) -> None:
    await control(client, "PUT", "faults", {"mode": "slow", "seconds": 0.05, "count": 1})
    body = json.dumps(price_rows("AC-1001")).encode()
    host, _, port = running.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {PRICES} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sandbox-token\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await running.sandbox.journal.wait_for(1, path="base-prices")

    assert await price_of(client, "AC-1001") == 7.25


async def test_unsorted_batches_of_two_writers_deadlock_at_the_real_shops_times() -> None:
    settings = SandboxSettings(default_products=30, real_times=True, time_scale=0.5)
    async with (
        asyncio.timeout(30),
        running_sandbox(settings) as running,
        aiohttp.ClientSession(running.url, headers={"Authorization": "Bearer sandbox-token"}) as client,
    ):

        async def post(*skus: str) -> int:
            async with client.post(PRICES, json=price_rows(*skus)) as response:
                return response.status

        shuffled = await asyncio.gather(post("AC-1001", "AC-1002"), post("AC-1002", "AC-1001"))
        ordered = await asyncio.gather(post("AC-1001", "AC-1002"), post("AC-1001", "AC-1002"))

    assert set(shuffled) == {200, 400}
    assert set(ordered) == {200}


async def test_the_journal_tells_what_broke_the_contract(client: aiohttp.ClientSession) -> None:
    await client.post(PRICES, json={"prices": [{"sku": "AC-1000", "price": "cheap"}]})
    await client.post(PRICES, data=b"{", headers={"Content-Type": "application/json"})

    first, second = (await control(client, "GET", "requests?bodies=1"))["items"]
    assert first["schema_valid"] is False
    assert first["schema_errors"] == ["prices[0].store_id: required", "prices[0].price: a number expected"]
    assert (second["schema_errors"], second["body"], second["status"]) == (["body: not JSON"], "{", 400)


async def test_waiting_for_requests_ends_with_them_or_with_the_time(client: aiohttp.ClientSession) -> None:
    waiting = asyncio.ensure_future(control(client, "GET", "requests/wait?count=2&path=base-prices&timeout=20"))
    await client.post(PRICES, json=price_rows("AC-1000"))
    await client.post(PRICES, json=price_rows("AC-1001"))

    assert [entry["skus"] for entry in (await waiting)["items"]] == [["AC-1000"], ["AC-1001"]]
    async with client.get("/_sandbox/requests/wait?count=3&timeout=0.01") as response:
        assert response.status == 408


async def test_a_catalogue_is_loaded_shown_and_emptied(client: aiohttp.ClientSession) -> None:
    async with client.post(
        "/_sandbox/catalogue?replace=1", data=b"sku,price,quantity\nX/1,2.50,4\nX 2,3,\n"
    ) as response:
        assert await response.json() == {"loaded": 2, "total": 2}

    product = await control(client, "GET", "products/X%2F1")
    assert (product["prices"], product["sources"]) == (
        {"0": 2.5},
        {"default": {"quantity": 4, "status": 1}},
    )
    listed = await control(client, "GET", "catalogue?sku=X%202&sku=none")
    assert [item["sku"] for item in listed["items"]] == ["X 2"]
    assert await control(client, "DELETE", "catalogue") == {"total": 0}


async def test_a_catalogue_that_cannot_be_read_changes_nothing(client: aiohttp.ClientSession) -> None:
    async with client.post("/_sandbox/catalogue?replace=1", data=b'[{"price": 1}]') as response:
        assert response.status == 400
        assert "row 1" in (await response.json())["error"]

    assert (await control(client, "GET", "catalogue"))["total"] == 34


async def test_the_shops_configuration_can_be_changed(client: aiohttp.ClientSession) -> None:
    await control(client, "PUT", "configuration", {"input_limits": True, "complex_array_limit": 1})

    async with client.post(PRICES, json=price_rows("AC-1000", "AC-1001")) as response:
        assert response.status == 400
        assert (await response.json())["parameters"]["max"] == 1
    async with client.put("/_sandbox/configuration", json={"price_scope": "galaxy"}) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "nosuch", 404), ("PUT", "faults", 400), ("GET", "requests?since=-1", 400), ("GET", "products/none", 404)],
)
async def test_a_wrong_control_call_says_so(client: aiohttp.ClientSession, method: str, path: str, status: int) -> None:
    async with client.request(method, f"/_sandbox/{path}", data=b"{") as response:
        assert response.status == status
        assert "error" in await response.json()


async def test_the_page_says_that_it_is_a_simulation(client: aiohttp.ClientSession) -> None:
    await client.get("/rest/all/V1/products/%3Cscript%3E")
    await control(client, "PUT", "faults", {"mode": "slow", "seconds": 0.01})
    await control(client, "PUT", "faults/reject", {"sku": "<b>"})

    async with client.get("/_sandbox/") as response:
        page = await response.text()

    assert "simulation" in page
    assert "AC-1000" in page
    assert "&lt;b&gt;" in page
    assert "<script>" not in page


async def test_it_serves_a_catalogue_of_its_own_until_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    said: list[str] = []

    def started(running: RunningSandbox) -> None:
        said.extend(announcement(running))
        stop.set()

    async with asyncio.timeout(30):
        await serve_sandbox(
            SETTINGS, host="127.0.0.1", port=0, stop=stop, catalogue=b"sku,price\nA,1\nB,2\n", started=started
        )

    assert "2 products" in said[0]
    assert any("sandbox-token" in line for line in said)
