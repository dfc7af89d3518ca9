"""Syncs and the ERP's webhook over HTTP: noted durably, once, and by whom."""

from datetime import timedelta

import pytest

from daemon.settings.document.scopes import SettingsDocument
from daemon.watch.clocks import ClockReading
from queues.postgres.audit import Act
from queues.postgres.skipped_records import PassedOver
from tests.fakes.capture_stores import NOTED_AT
from tests.fakes.http_client import serving
from tests.fakes.http_stores import World
from tests.unit.test_push_notifications import body

PRODUCT, PRICING = "to_magento.product", "to_magento.pricing"
JSON = {"Content-Type": "application/json"}
LATER = NOTED_AT + timedelta(hours=5)


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


ON = {"enabled": True, "individual": True}
SWITCHED_ON = {"syncs": {"product": ON, "inventory_price": {**ON, "auto_cron": True}}}


async def switch_on(world: World, settings: dict[str, object] | None = None) -> None:
    current = await world.documents.current()
    document = SettingsDocument.from_document(SWITCHED_ON if settings is None else settings)
    await world.documents.replace(document, current.queue, Act(actor="Dana"), based_on=None)


async def test_syncs_are_listed_with_their_last_run_next_start_and_what_waits() -> None:
    world = World()
    await switch_on(world)
    await world.sync_schedules.set("product", "comparison", rule="cron 0 3 * * * (UTC)", next_run_at=LATER)
    await world.sync_schedules.set("product", "catch_up", rule="every 15 minutes", next_run_at=NOTED_AT)

    async with serving(world) as client:
        ran = await client.post("/api/v1/syncs/product/run", json={"kind": "complete", "reason": "new catalogue"})
        noted = await client.post("/api/v1/syncs/pricing/records", json={"keys": ["A", " B ", "A"]})
        listed = {each["sync"]: each for each in (await (await client.get("/api/v1/syncs")).json())["items"]}
        answers = [await ran.json(), await noted.json()]

    assert (ran.status, noted.status) == (202, 202)
    assert (answers[0]["kind"], answers[0]["state"], answers[0]["reason"]) == ("complete", "waiting", "new catalogue")
    assert answers[1] == {"sync": PRICING, "noted": 2}
    product, prices = listed["product"], listed["inventory_price"]
    assert (product["status"], product["last_run"]["id"]) == ("waiting", answers[0]["id"])
    assert [each["purpose"] for each in product["next_runs"]] == ["catch_up", "comparison"]
    assert product["next_run_at"] == "2026-11-21T10:00:00Z"
    assert (prices["status"], prices["records_waiting"], prices["auto_cron"]) == ("not_sync", 2, True)
    assert [each["kind"] for each in prices["kinds"]] == [PRICING]


async def test_the_list_holds_what_is_enabled_and_on_request_all_eleven() -> None:
    world = World()
    await switch_on(world)

    async with serving(world) as client:
        enabled = (await (await client.get("/api/v1/syncs")).json())["items"]
        everything = (await (await client.get("/api/v1/syncs?show=all")).json())["items"]

    assert [each["sync"] for each in enabled] == ["product", "inventory_price"]
    assert len(everything) == 11
    category = next(each for each in everything if each["sync"] == "category")
    assert (category["enabled"], category["direction"], category["individual"]) == (False, "both", False)
    assert "syncs.category.enabled" in category["runs_not_because"]


@pytest.mark.parametrize(
    ("settings", "call", "code", "setting"),
    [
        ({}, "product/run", "sync_disabled", "syncs.product.enabled"),
        ({}, "to_magento.pricing/run", "sync_disabled", "syncs.inventory_price.enabled"),
        ({}, "product/import", "sync_disabled", "syncs.product.enabled"),
        (
            {"syncs": {"product": {"enabled": True}}},
            "product/records",
            "individual_not_allowed",
            "syncs.product.individual",
        ),
        (
            {"syncs": {"product": {"enabled": True, "direction": "to_acumatica"}}},
            "product/run",
            "wrong_direction",
            "syncs.product.direction",
        ),
        (
            {"syncs": {"inventory_price": {"enabled": True, "what": "inventory"}}},
            "pricing/run",
            "sync_disabled",
            "syncs.inventory_price.what",
        ),
        ({"syncs": {"product_image": {"enabled": True}}}, "product_image/run", "nothing_carried", None),
    ],
)
async def test_what_the_settings_do_not_allow_is_refused_by_the_setting(
    settings: dict[str, object], call: str, code: str, setting: str | None
) -> None:
    world = World()
    await switch_on(world, settings)
    body = {} if call.endswith("run") else {"keys": ["A"]}

    async with serving(world) as client:
        response = await client.post(f"/api/v1/syncs/{call}", json=body)
        problem = await response.json()

    assert (response.status, problem["code"], problem["setting"]) == (409, code, setting)
    assert not world.sync_runs.runs
    assert not world.changed_keys.due


async def test_with_its_entities_switched_off_a_sync_is_run_for_nothing_and_says_so() -> None:
    world = World()
    await switch_on(world, {**SWITCHED_ON, "entities": {"product": {"active": False}}})

    async with serving(world) as client:
        ran = await client.post("/api/v1/syncs/product/run", json={})
        listed = (await (await client.get("/api/v1/syncs")).json())["items"]

    assert ran.status == 202
    assert (listed[0]["runs"], "entities.product.active" in listed[0]["runs_not_because"]) == (True, True)


async def test_one_record_is_an_individual_run_and_needs_not_wait() -> None:
    world = World()
    await switch_on(world)

    async with serving(world) as client:
        await client.post("/api/v1/syncs/product/run", json={})
        one = await client.post("/api/v1/syncs/product/records", json={"keys": ["AC/1 +2"]})
        second = await client.post("/api/v1/syncs/product/run", json={})
        run = await one.json()

    assert (one.status, run["kind"], run["key"]) == (202, "individual", "AC/1 +2")
    assert second.status == 409


async def test_a_file_of_keys_needs_no_leave_for_single_records() -> None:
    world = World()
    await switch_on(world, {"syncs": {"inventory_price": {"enabled": True}}})

    async with serving(world) as client:
        response = await client.post("/api/v1/syncs/inventory_price/import", json={"keys": ["A", "B"]})
        answer = await response.json()

    assert (response.status, answer) == (202, {"sync": "inventory_price", "noted": 2})
    assert {key: due.origin for (_, key), due in world.changed_keys.due.items()} == {"A": "file", "B": "file"}
    assert [action for action, *_ in world.audit.refused] == ["sync.imported"]


async def test_what_a_run_tells_is_read_while_it_runs() -> None:
    world = World()
    await switch_on(world)

    async with serving(world) as client:
        run = await (await client.post("/api/v1/syncs/product/run", json={})).json()
        for text in ("StockItem: 500 to be looked at", "NonStockItem: 2 to be looked at"):
            await world.sync_runs.tell(run["id"], text)
        whole = await (await client.get(f"/api/v1/sync-runs/{run['id']}/log")).json()
        rest = await (await client.get(f"/api/v1/sync-runs/{run['id']}/log?after={whole['items'][0]['id']}")).json()
        shown = await (await client.get(f"/api/v1/sync-runs/{run['id']}")).json()
        missing = [await client.get(f"/api/v1/sync-runs/99{tail}") for tail in ("", "/log")]

    assert [line["text"] for line in whole["items"]][1:] == [line["text"] for line in rest["items"]]
    assert shown["state"] == "waiting"
    assert [each.status for each in missing] == [404, 404]


async def test_records_passed_over_are_listed_by_reason_and_key() -> None:
    world = World()
    queue = f"main.{PRICING}"
    for key, reason in (("A", "sync_disabled: off"), ("B", "not_found: no B"), ("A", "not_found: no A")):
        await world.skipped_records.write(queue, [PassedOver(key=key, reason=reason, origin="push")])

    async with serving(world) as client:
        by_reason = await (await client.get("/api/v1/skipped-records?reason=not_found")).json()
        by_key = await (await client.get("/api/v1/skipped-records?key=A&limit=1")).json()
        wrong = await client.get("/api/v1/skipped-records?since=yesterday")

    assert [each["key"] for each in by_reason["items"]] == ["A", "B"]
    assert by_key["items"] == [
        {
            "at": "2026-11-21T10:00:00Z",
            "queue": queue,
            "key": "A",
            "storeview": None,
            "stage": "look",
            "reason": "not_found: no A",
            "origin": "push",
        }
    ]
    assert by_key["next_cursor"]
    assert wrong.status == 422


async def test_clocks_that_are_apart_are_told() -> None:
    world = World()
    world.clocks.readings = [
        ClockReading(system="magento", ahead_seconds=0.2, uncertain_seconds=0.5, limit_seconds=5),
        ClockReading(system="acumatica", ahead_seconds=-9.0, uncertain_seconds=0.5, limit_seconds=5),
    ]

    async with serving(world) as client:
        report = await (await client.post("/api/v1/time/verify")).json()

    assert (report["ok"], [each["ok"] for each in report["clocks"]]) == (False, [True, False])
    assert "9.0 s behind ours" in report["clocks"][1]["detail"]


async def test_runs_are_paged_and_one_is_stopped_once() -> None:
    world = World()
    await switch_on(world)

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
    await switch_on(world)

    async with serving(world) as client:
        response = await client.post(path, json=document)

    assert response.status == status
    assert not world.sync_runs.runs
    assert not world.changed_keys.due
