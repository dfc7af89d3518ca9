"""Schema Management over HTTP: the ERP's fields refreshed, ticked and preset, each act a version of the settings."""

from typing import Any

import pytest

from daemon.sync.schema.fields import ErpSchemaField
from tests.fakes.http_client import Client, serving
from tests.fakes.http_stores import World

PATH = "/api/v1/schema/product"
TOLD = [ErpSchemaField(schema=name) for name in ("InventoryID", "Description", "ItemClass", "TaxCategory", "Content")]


async def fields(client: Client) -> dict[str, dict[str, Any]]:
    shown = await (await client.get(PATH)).json()
    return {field["schema"]: {**field, "tab": tab["tab"]} for tab in shown["tabs"] for field in tab["fields"]}


async def test_a_refresh_brings_new_fields_in_inactive_and_marks_those_that_vanished() -> None:
    world = World()
    world.schema.told["product"] = [*TOLD, ErpSchemaField(schema="Attributes.COLOUR", name="Colour")]

    async with serving(world) as client:
        first = await (await client.post(f"{PATH}/refresh", json={})).json()
        again = await (await client.post(f"{PATH}/refresh", json={})).json()
        world.schema.told["product"] = [each for each in TOLD if each.schema != "TaxCategory"]
        last = await (await client.post(f"{PATH}/refresh", json={"reason": "after the upgrade"})).json()
        now = await fields(client)

    assert (first["added"], first["version"]) == (["Attributes.COLOUR", "Content"], 1)
    # Nothing was new: no version was made.
    assert (again["added"], again["version"]) == ([], 1)
    assert (last["vanished"], last["version"]) == (["TaxCategory", "Attributes.COLOUR"], 2)
    assert (now["TaxCategory"]["active"], now["TaxCategory"]["is_missing"]) == (True, True)
    assert (now["Content"]["tab"], now["Content"]["active"]) == ("eCommerce", False)
    assert [(action, act.reason) for action, _, act in world.audit.rows] == [
        ("settings.changed", "Refresh Schema of product"),
        ("settings.changed", "after the upgrade"),
    ]


async def test_while_the_fields_do_not_come_nothing_is_changed() -> None:
    world = World()

    async with serving(world) as client:
        answer = await client.post(f"{PATH}/refresh", json={})
        problem = await answer.json()

    assert (answer.status, problem["code"]) == (409, "erp_unavailable")
    assert "the ERP is away" in problem["detail"]
    assert not world.audit.rows


async def test_fields_are_ticked_by_name_all_or_none() -> None:
    world = World()
    world.schema.told["product"] = TOLD

    async with serving(world) as client:
        await client.post(f"{PATH}/refresh", json={})
        unknown = await client.patch(PATH, json={"active": {"Content": True, "Colour": True}})
        faults = (await unknown.json())["faults"]
        untouched = (await fields(client))["Content"]["active"]
        ticked = await client.patch(PATH, json={"active": {"Content": True, "TaxCategory": False}})
        now = await fields(client)
        document = await (await client.get("/api/v1/settings")).json()

    assert unknown.status == 422
    assert [fault["field"] for fault in faults] == ["Colour"]
    assert (untouched, ticked.status) == (False, 200)
    assert (now["Content"]["active"], now["TaxCategory"]["active"]) == (True, False)
    assert {row["schema"] for row in document["settings"]["schema"]["product"] if row["active"]} == {
        "InventoryID",
        "Description",
        "ItemClass",
        "Content",
    }


async def test_a_preset_switches_the_preselected_fields_on_and_leaves_the_rest() -> None:
    world = World()
    world.schema.told["product"] = TOLD

    async with serving(world) as client:
        await client.post(f"{PATH}/refresh", json={})
        await client.patch(PATH, json={"active": {"Content": True, "Description": False}})
        await client.post(f"{PATH}/preset", json={})
        now = await fields(client)

    assert all(now[name]["active"] for name in ("InventoryID", "Description", "ItemClass", "TaxCategory", "Content"))


@pytest.mark.parametrize("ticks", [None, {}, {"Content": "yes"}, ["Content"]])
async def test_what_cannot_be_meant_is_refused(ticks: object) -> None:
    async with serving(World()) as client:
        document = {} if ticks is None else {"active": ticks}

        assert (await client.patch(PATH, json=document)).status == 422
        assert (await client.get("/api/v1/schema/order")).status == 404
