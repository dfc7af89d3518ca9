"""Queues, settings, connections and logs over HTTP."""

from typing import Any

import pytest

from queues.settings import QueueProcessingSettings
from tests.fakes.http_client import serving
from tests.fakes.http_stores import PRICING, World

SETTINGS = "/api/v1/settings/queue-processing"
DEFAULTS = {
    "threshold_count": 25,
    "batch_count": 25,
    "retry_count": 3,
    "check_process_time": 50,
    "process_sleep_time": 5,
}


async def test_a_queue_shows_what_waits_in_both_stores() -> None:
    async with serving(World()) as client:
        listed = (await (await client.get("/api/v1/queues")).json())["items"]
        by_full_name = await (await client.get(f"/api/v1/queues/{PRICING.name}")).json()
        by_short_name = await (await client.get("/api/v1/queues/to_magento.pricing")).json()

    assert [each["queue"] for each in listed] == ["main.to_magento.pricing", "main.to_magento.product"]
    assert listed[0] == by_full_name == by_short_name
    shown = by_full_name
    assert (shown["waiting"], shown["waiting_in_ledger"], shown["ready_at_broker"]) == (52, 2, 50)
    assert (shown["state"], shown["skipped_ticks"], shown["failed"]) == ("idle", 4, 1)
    assert shown["next_run_at"] == "2026-11-21T10:01:00Z"
    assert shown["last_run"]["checks"] == [{"waiting": 50, "mode": "batch", "requests": 2}]


async def test_a_queue_whose_target_is_not_configured_says_so() -> None:
    async with serving(World()) as client:
        shown = await (await client.get("/api/v1/queues/to_magento.product")).json()

    assert shown["state"] == "not_connected"


async def test_queues_are_shown_while_the_broker_is_away() -> None:
    world = World()
    world.queues.broker_down = True

    async with serving(world) as client:
        response = await client.get(f"/api/v1/queues/{PRICING.name}")
        shown = await response.json()

    assert response.status == 200
    assert (shown["waiting"], shown["waiting_in_ledger"]) == (None, 2)
    assert shown["broker_fault"] == "the broker does not answer"


async def test_a_queue_is_paused_resumed_and_run_and_each_act_is_audited() -> None:
    world = World()
    path = f"/api/v1/queues/{PRICING.name}"

    async with serving(world) as client:
        paused = await client.post(f"{path}/pause", json={"reason": "stocktaking"}, headers={"X-Actor": "alice"})
        shown = await paused.json()
        twice = await client.post(f"{path}/pause")
        resumed = await client.post(f"{path}/resume")
        ran = await client.post(f"{path}/run")
        unknown = await client.post("/api/v1/queues/main.to_magento.nothing/run")

    assert (paused.status, shown["state"]) == (202, "paused")
    assert shown["paused"] == {"since": "2026-11-21T10:00:00Z", "by": "alice", "reason": "stocktaking"}
    assert [each.status for each in (twice, resumed, ran, unknown)] == [409, 202, 202, 404]
    assert [row[0] for row in world.audit.rows] == ["queue.paused", "queue.resumed", "queue.run_requested"]


async def test_runs_are_listed_by_queue() -> None:
    async with serving(World()) as client:
        runs = (await (await client.get("/api/v1/runs", params={"queue": PRICING.name})).json())["items"]

    assert [(each["queue"], each["requests"]) for each in runs] == [(PRICING.name, 2)]


async def test_settings_start_with_the_defaults_of_the_guide() -> None:
    async with serving(World()) as client:
        response = await client.get(SETTINGS)
        shown = await response.json()

    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS
    assert (shown["outage_policy"], shown["fail_fast"], shown["coalesce"]) == ("count", False, False)
    assert (shown["version"], response.headers["ETag"]) == (0, '"0"')


async def test_a_put_is_the_whole_document() -> None:
    world = World()

    async with serving(world) as client:
        await client.put(SETTINGS, json={"threshold_count": 10, "batch_count": 5})
        response = await client.put(
            SETTINGS, json={"batch_count": 7}, headers={"X-Actor": "alice", "X-Reason": "smaller"}
        )
        shown = await response.json()

    assert response.status == 200
    assert (shown["threshold_count"], shown["batch_count"]) == (25, 7)
    assert (shown["version"], response.headers["ETag"], shown["changed_by"]) == (2, '"2"', "alice")
    assert world.settings.versions[-1].reason == "smaller"
    assert [row[0] for row in world.audit.rows] == ["settings.changed"] * 2


async def test_a_patch_changes_what_it_names() -> None:
    world = World()

    async with serving(world) as client:
        await client.put(SETTINGS, json={"threshold_count": 10, "batch_count": 5, "max_in_flight": {"product": 8}})
        await client.patch(SETTINGS, json={"batch_count": 6, "max_in_flight": {"customer": 2}})
        await client.patch(SETTINGS, json={"threshold_count": None, "max_in_flight": {"product": None}})

    assert world.settings.versions[-1].settings == QueueProcessingSettings(
        threshold_count=25, batch_count=6, max_in_flight={"customer": 2}
    )


async def test_all_faults_of_a_document_are_told_at_once() -> None:
    world = World()
    document = {
        "threshold_count": -1,
        "batch_count": 0,
        "retry_count": True,
        "check_process_time": 60,
        "process_sleep_time": "5",
        "treshold": 1,
    }

    async with serving(world) as client:
        response = await client.put(SETTINGS, json=document)
        problem = await response.json()

    assert (response.status, problem["code"]) == (422, "invalid_settings")
    assert {each["field"] for each in problem["faults"]} == set(document)
    assert {"field": "batch_count", "expected": "an integer from 1 to 1000000", "value": 0} in problem["faults"]
    assert "check_process_time must be an integer from 1 to 59, got 60" in problem["detail"]
    assert world.settings.versions == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"retry_count": 1e400}', b'{"retry_count": 3.0}'])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_body_that_is_no_document_changes_nothing(body: bytes, method: str) -> None:
    world = World()

    async with serving(world) as client:
        response = await client.request(method, SETTINGS, data=body, headers={"Content-Type": "application/json"})

    assert response.status in {400, 422}
    assert world.settings.versions == []


async def test_a_change_made_on_an_older_version_is_refused() -> None:
    world = World()

    async with serving(world) as client:
        tag = (await client.get(SETTINGS)).headers["ETag"]
        first = await client.put(SETTINGS, json={"retry_count": 2}, headers={"If-Match": tag})
        second = await client.put(SETTINGS, json={"retry_count": 4}, headers={"If-Match": tag})
        problem = await second.json()
        foreign = await client.put(SETTINGS, json={"retry_count": 4}, headers={"If-Match": '"abc"'})
        anything = await client.put(SETTINGS, json={"retry_count": 5}, headers={"If-Match": "*"})

    assert [each.status for each in (first, second, foreign, anything)] == [200, 412, 412, 200]
    assert (problem["code"], problem["state"]) == ("precondition_failed", "1")
    assert [each.settings.retry_count for each in world.settings.versions] == [2, 5]


async def test_the_history_is_paged_newest_first() -> None:
    async with serving(World()) as client:
        for count in (1, 2, 3):
            await client.put(SETTINGS, json={"retry_count": count})
        first = await (await client.get(f"{SETTINGS}/history", params={"limit": "2"})).json()
        rest = await (await client.get(f"{SETTINGS}/history", params={"cursor": first["next_cursor"]})).json()

    versions = [(each["version"], each["settings"]["retry_count"]) for each in first["items"] + rest["items"]]
    assert versions == [(3, 3), (2, 2), (1, 1)]


async def test_advice_is_given_beside_what_is_allowed() -> None:
    async with serving(World()) as client:
        shown = await (await client.put(SETTINGS, json={"check_process_time": 5, "process_sleep_time": 5})).json()

    [advice] = shown["advice"]
    assert "one check only" in advice


async def test_a_connection_test_tells_what_it_found() -> None:
    world = World()

    async with serving(world) as client:
        response = await client.post("/api/v1/connections/magento/test")
        report = await response.json()
        unset = await (await client.post("/api/v1/connections/acumatica/test")).json()
        unknown = await client.post("/api/v1/connections/shopify/test")

    assert (response.status, report["ok"], report["reason"]) == (200, False, "unreachable")
    assert report["detail"] == "nobody answers at https://shop.example"
    assert (unset["ok"], unset["reason"]) == (False, "not_configured")
    assert "CONNECTOR_ACUMATICA_URL" in unset["detail"]
    assert unknown.status == 404


async def test_the_audit_log_is_shown_newest_first() -> None:
    async with serving(World()) as client:
        for count in (1, 2, 3):
            await client.put(SETTINGS, json={"retry_count": count}, headers={"X-Actor": f"person-{count}"})
        page = await (await client.get("/api/v1/audit", params={"limit": "2"})).json()

    assert [each["actor"] for each in page["items"]] == ["person-3", "person-2"]
    assert page["next_cursor"]


async def test_the_sync_log_is_filtered_by_queue() -> None:
    async with serving(World()) as client:
        rows: Any = (await (await client.get("/api/v1/sync-log", params={"queue": PRICING.name})).json())["items"]
        none: Any = (await (await client.get("/api/v1/sync-log", params={"queue": "other"})).json())["items"]

    assert [each["records"] for each in rows] == [25]
    assert none == []


@pytest.mark.parametrize("actor", ["x" * 101, "a\tb"])
async def test_a_name_that_cannot_be_shown_is_refused(actor: str) -> None:
    world = World()

    async with serving(world) as client:
        response = await client.post(f"/api/v1/queues/{PRICING.name}/run", headers={"X-Actor": actor})

        assert (response.status, (await response.json())["member"]) == (422, "X-Actor")
    assert world.audit.rows == []
