"""Syncs and the ERP's webhook over HTTP: noted durably, once, and by whom."""

import pytest

from tests.fakes.http_client import serving
from tests.fakes.http_stores import World
from tests.unit.test_push_notifications import body

PRODUCT, PRICING = "to_magento.product", "to_magento.pricing"
JSON = {"Content-Type": "application/json"}


async def test_a_push_is_noted_and_its_repeat_answered_the_same_way() -> None:
    world = World()

    async with serving(world) as client:
        row = {"InventoryID": "MUG-RED  "}
        first = await client.post("/webhooks/acumatica", data=body(Inserted=[row]), headers=JSON)
        again = await client.post("/webhooks/acumatica", data=body(Inserted=[row]), headers=JSON)
        answers = [await first.json(), await again.json()]

    assert (first.status, again.status) == (202, 202)
    assert answers == [{"records": 1, "noted": 1, "repeat": False}, {"records": 1, "noted": 0, "repeat": True}]
    assert list(world.changed_keys.due) == [(PRICING, "MUG-RED")]


async def test_a_push_of_an_unknown_inquiry_is_refused_by_name() -> None:
    async with serving(World()) as client:
        response = await client.post("/webhooks/acumatica", data=body(Query="AMC-Items"), headers=JSON)
        problem = await response.json()

    assert (response.status, problem["code"], problem["member"]) == (422, "unknown_query", "Query")


async def test_a_push_notes_only_what_this_instance_has_queues_for() -> None:
    world = World()

    async with serving(world) as client:
        row = {"InventoryID": "MUG-RED"}
        items = await client.post(
            "/webhooks/acumatica", data=body(Query="SYNC-StockItems", Inserted=[row]), headers=JSON
        )
        classes = await client.post(
            "/webhooks/acumatica", data=body(Query="SYNC-ItemClasses", Inserted=[{"ClassID": "MUGS"}]), headers=JSON
        )
        noted = [(await each.json())["noted"] for each in (items, classes)]

    assert noted == [2, 0]
    assert list(world.changed_keys.due) == [(PRODUCT, "MUG-RED"), (PRICING, "MUG-RED")]


async def test_a_push_without_a_token_notes_nothing() -> None:
    world = World()

    async with serving(world, token=None) as client:
        response = await client.post("/webhooks/acumatica", data=body(Inserted=[{"InventoryID": "A"}]), headers=JSON)

    assert response.status == 401
    assert not world.changed_keys.due


async def test_while_intake_is_stopped_a_push_is_to_be_sent_again() -> None:
    world = World()

    async with serving(world) as client:
        await client.post("/api/v1/intake/stop", json={"reason": "ERP is being restored"})
        response = await client.post("/webhooks/acumatica", data=body(Inserted=[{"InventoryID": "A"}]), headers=JSON)
        problem = await response.json()

    assert (response.status, problem["reason"]) == (503, "ERP is being restored")
    assert not world.changed_keys.due


async def test_syncs_are_listed_with_their_last_run_and_what_waits() -> None:
    world = World()

    async with serving(world) as client:
        ran = await client.post("/api/v1/syncs/product/run", json={"kind": "complete", "reason": "new catalogue"})
        noted = await client.post("/api/v1/syncs/pricing/records", json={"keys": ["A", " B ", "A"]})
        listed = {each["sync"]: each for each in (await (await client.get("/api/v1/syncs")).json())["items"]}
        answers = [await ran.json(), await noted.json()]

    assert (ran.status, noted.status) == (202, 202)
    assert (answers[0]["kind"], answers[0]["state"], answers[0]["reason"]) == ("complete", "waiting", "new catalogue")
    assert answers[1] == {"sync": PRICING, "noted": 2}
    assert (listed[PRODUCT]["status"], listed[PRODUCT]["last_run"]["id"]) == ("waiting", answers[0]["id"])
    assert (listed[PRICING]["status"], listed[PRICING]["records_waiting"]) == ("not_sync", 2)


async def test_one_record_is_an_individual_run_and_needs_not_wait() -> None:
    world = World()

    async with serving(world) as client:
        await client.post("/api/v1/syncs/product/run", json={})
        one = await client.post("/api/v1/syncs/product/records", json={"keys": ["AC/1 +2"]})
        second = await client.post("/api/v1/syncs/product/run", json={})
        run = await one.json()

    assert (one.status, run["kind"], run["key"]) == (202, "individual", "AC/1 +2")
    assert second.status == 409


async def test_runs_are_paged_and_one_is_stopped_once() -> None:
    world = World()

    async with serving(world) as client:
        for key in ("A", "B", "C"):
            await client.post("/api/v1/syncs/product/records", json={"keys": [key]})
        page = await (await client.get("/api/v1/sync-runs", params={"limit": "2"})).json()
        rest = await (await client.get("/api/v1/sync-runs", params={"cursor": page["next_cursor"]})).json()
        stopped = await client.post("/api/v1/sync-runs/1/stop", json={"reason": "wrong list"})
        again = await client.post("/api/v1/sync-runs/1/stop", json={})
        missing = await client.post("/api/v1/sync-runs/99/stop", json={})

    assert [each["key"] for each in (*page["items"], *rest["items"])] == ["C", "B", "A"]
    assert rest["next_cursor"] is None
    assert [stopped.status, again.status, missing.status] == [200, 409, 404]


@pytest.mark.parametrize(
    ("path", "document", "status"),
    [
        ("/api/v1/syncs/nonsense/run", {}, 404),
        ("/api/v1/syncs/product/run", {"kind": "everything"}, 422),
        ("/api/v1/syncs/product/records", {}, 422),
        ("/api/v1/syncs/product/records", {"keys": []}, 422),
        ("/api/v1/syncs/product/records", {"keys": ["A", ""]}, 422),
        ("/api/v1/syncs/product/records", {"keys": ["A\u0007"]}, 422),
        ("/api/v1/syncs/product/records", {"keys": ["A"], "extra": 1}, 422),
    ],
)
async def test_what_cannot_be_meant_is_refused(path: str, document: dict[str, object], status: int) -> None:
    world = World()

    async with serving(world) as client:
        response = await client.post(path, json=document)

    assert response.status == status
    assert not world.sync_runs.runs
    assert not world.changed_keys.due
