from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.http_client import Client, serving
from tests.fakes.http_stores import World

PATH = "/api/v1/settings"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with serving(world) as opened:
        yield opened


async def read(client: Client) -> tuple[dict[str, Any], str]:
    answer = await client.get(PATH)
    assert answer.status == 200
    return await answer.json(), answer.headers["ETag"]


async def test_the_defaults_are_shown_group_by_group_with_the_queue_settings_among_them(client: Client) -> None:
    shown, tag = await read(client)

    assert (shown["version"], shown["queue_version"], tag) == (0, 0, '"0.0"')
    assert shown["settings"]["queue"]["threshold_count"] == 25
    assert shown["settings"]["price"] == {"source": "default_price", "sales_price_sync": False, "currency": None}
    assert shown["settings"]["scopes"] == []


async def test_what_was_read_can_be_put_back_and_then_nothing_changes(client: Client) -> None:
    shown, tag = await read(client)

    answer = await client.put(PATH, json=shown["settings"], headers={"If-Match": tag})

    assert answer.status == 200
    assert answer.headers["ETag"] == tag


async def test_a_change_of_both_parts_makes_a_version_of_each(client: Client, world: World) -> None:
    answer = await client.patch(
        PATH,
        json={"queue": {"retry_count": 5}, "inventory": {"warehouses": ["MAIN"]}},
        headers={"X-Reason": "sale week", "X-Actor": "ada"},
    )

    shown = await answer.json()
    assert (answer.status, answer.headers["ETag"]) == (200, '"1.1"')
    assert (shown["changed_by"], shown["reason"]) == ("ada", "sale week")
    assert shown["settings"]["queue"]["retry_count"] == 5
    assert shown["settings"]["inventory"]["warehouses"] == ["MAIN"]
    assert (await world.settings.current()).settings.retry_count == 5


async def test_null_takes_a_setting_or_a_group_back_to_its_default(client: Client) -> None:
    await client.patch(
        PATH, json={"price": {"currency": "EUR"}, "time": {"max_skew_seconds": 9}, "queue": {"retry_count": 5}}
    )

    answer = await client.patch(PATH, json={"price": {"currency": None}, "time": None, "queue": None})

    shown = (await answer.json())["settings"]
    assert (shown["price"]["currency"], shown["time"]["max_skew_seconds"], shown["queue"]["retry_count"]) == (
        None,
        5,
        3,
    )


async def test_all_faults_of_both_parts_are_told_at_once_and_nothing_is_changed(client: Client) -> None:
    answer = await client.put(
        PATH, json={"queue": {"batch_count": 0}, "price": {"source": "sales_price"}, "orders": {"type": "sales"}}
    )

    problem = await answer.json()
    assert (answer.status, problem["code"]) == (422, "invalid_settings")
    assert {fault["field"] for fault in problem["faults"]} == {"queue.batch_count", "price.source", "orders.type"}
    assert (await read(client))[1] == '"0.0"'


@pytest.mark.parametrize("tag", ['"0.1"', '"7.0"', '"0"', "W/x"])
async def test_a_change_based_on_a_version_that_is_not_in_force_is_refused(client: Client, tag: str) -> None:
    answer = await client.put(PATH, json={}, headers={"If-Match": tag})

    assert answer.status == 412
    assert (await answer.json())["state"] == "0.0"


async def test_the_history_tells_what_differs_and_any_version_comes_back(client: Client) -> None:
    for currency in ("EUR", "USD"):
        await client.patch(PATH, json={"price": {"currency": currency}}, headers={"X-Reason": currency})

    restored = await client.post(f"{PATH}/restore", json={"version": 1, "reason": "was right"})
    listed = await (await client.get(f"{PATH}/history?limit=2")).json()
    rest = await (await client.get(f"{PATH}/history?limit=2&cursor={listed['next_cursor']}")).json()

    assert (await restored.json())["settings"]["price"]["currency"] == "EUR"
    told = [(each["version"], each["reason"], each["changes"]) for each in (*listed["items"], *rest["items"])]
    assert told == [
        (3, "was right", {"price": {"currency": "EUR"}}),
        (2, "USD", {"price": {"currency": "USD"}}),
        (1, "EUR", {"price": {"currency": "EUR"}}),
    ]
    assert (await client.post(f"{PATH}/restore", json={"version": 9})).status == 404
    assert (await client.post(f"{PATH}/restore", json={})).status == 422
    assert (await (await client.post(f"{PATH}/restore", json={"version": 0})).json())["settings"]["price"][
        "currency"
    ] is None


async def test_what_a_change_lets_through_is_advised_on_once_and_by_every_way_of_changing(client: Client) -> None:
    on = {"syncs": {"product": {"enabled": True}}}

    patched = await (await client.patch(PATH, json=on)).json()
    shown, _ = await read(client)
    again = await (await client.put(PATH, json=on)).json()
    await client.post(f"{PATH}/restore", json={"version": 0})
    restored = await (await client.post(f"{PATH}/restore", json={"version": 1})).json()

    words = "am-connector syncs run product --complete"
    given = [any(words in advice for advice in each["advice"]) for each in (patched, shown, again, restored)]
    assert given == [True, False, False, True]


async def test_a_batch_count_above_the_shops_limit_is_advised_against(client: Client, world: World) -> None:
    world.input_limits["pricing"] = 20

    shown, _ = await read(client)

    assert any("Batch Count 25 is above the shop's input limit 20 of pricing" in each for each in shown["advice"])


async def test_the_advice_stands_beside_the_queue_settings_alone_too(client: Client, world: World) -> None:
    world.input_limits |= {"pricing": 20, "inventory": None}

    shown = await (await client.get(f"{PATH}/queue-processing")).json()
    changed = await (await client.patch(f"{PATH}/queue-processing", json={"batch_count": 20})).json()

    assert shown["advice"] == [
        "Batch Count 25 is above the shop's input limit 20 of pricing: its bulk requests are cut smaller"
    ]
    assert changed["advice"] == []
