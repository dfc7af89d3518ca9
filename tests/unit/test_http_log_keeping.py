"""Cleaning and flushing the sync log over HTTP, its filters, and the notices of bulk requests."""

import pytest

from tests.fakes.http_client import serving
from tests.fakes.http_stores import PRICING, World


async def test_cleaning_is_counted_first_and_told_whose_it_was() -> None:
    world = World()

    async with serving(world) as client:
        counted = await (await client.post("/api/v1/sync-log/clean", json={"dry_run": True})).json()
        untouched = len(world.log_keeper.entries)
        done = await client.post("/api/v1/sync-log/clean", json={"reason": "disk"}, headers={"X-Actor": "ada"})
        answer = await done.json()

    assert (counted["dry_run"], counted["entries"], untouched) == (True, 2, 4)
    assert (done.status, answer["dry_run"], answer["entries"], len(world.log_keeper.entries)) == (200, False, 2, 2)
    assert [(action, act.actor, act.reason) for action, _, act in world.audit.rows] == [
        ("sync_log.cleaned", "ada", "disk")
    ]


async def test_flushing_needs_a_yes_and_deletes_what_was_there_when_it_was_counted() -> None:
    world = World()

    async with serving(world) as client:
        counted = await (await client.post("/api/v1/sync-log/flush", json={"dry_run": True})).json()
        unconfirmed = await client.post("/api/v1/sync-log/flush", json={})
        problem = await unconfirmed.json()
        left = len(world.log_keeper.entries)
        document = {"confirm": True, "until": counted["until"], "reason": "after the trial"}
        flushed = await client.post("/api/v1/sync-log/flush", json=document)
        answer = await flushed.json()

    assert (counted["entries"], left) == (4, 4)
    assert (unconfirmed.status, problem["code"]) == (409, "confirmation_needed")
    # The newest entry was written at the very moment of the count: it stays.
    assert (flushed.status, answer["entries"], len(world.log_keeper.entries)) == (200, 3, 1)
    assert [action for action, _, _ in world.audit.rows] == ["sync_log.flushed"]


async def test_an_operator_may_not_flush() -> None:
    world = World()
    world.token_store.add("ola", "operator", "token-of-ola-0123456789")

    async with serving(world, token="token-of-ola-0123456789") as client:
        answers = [
            (await client.post(f"/api/v1/sync-log/{act}", json={"confirm": True})).status
            if act == "flush"
            else (await client.post(f"/api/v1/sync-log/{act}", json={})).status
            for act in ("clean", "flush")
        ]

    assert answers == [403, 403]
    assert len(world.log_keeper.entries) == 4


async def test_the_log_is_filtered_by_entity_action_level_and_record() -> None:
    world = World()

    async with serving(world) as client:
        parameters = {"entity": "pricing", "action": "price_update", "level": "info", "key": "AC-1"}
        found = await (await client.get("/api/v1/sync-log", params=parameters)).json()
        none = await (await client.get("/api/v1/sync-log", params={"entity": "customer"})).json()

    asked = world.journal.asked[0]
    assert (asked.queues, asked.action, asked.level, asked.key) == ([PRICING.name], "price_update", "info", "AC-1")
    assert [(each["action"], each["level"]) for each in found["items"]] == [("price_update", "info")]
    assert none["items"] == []


async def test_bulk_requests_are_told_as_notices_when_the_settings_say_so() -> None:
    world = World()

    async with serving(world) as client:
        silent = await (await client.get("/api/v1/notices")).json()
        await client.patch("/api/v1/settings", json={"logging": {"bulk_notices": True}})
        told = await (await client.get("/api/v1/notices")).json()

    assert silent["items"] == []
    assert [each["text"] for each in told["items"]] == [
        "main.to_magento.pricing: 25 of 25 records delivered in one request"
    ]
    assert world.journal.asked[-1].mode == "batch"


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("clean", {"dry_run": "yes"}),
        ("clean", {"until": "2026-11-21"}),
        ("flush", {"confirm": 1}),
        ("flush", {"confirm": True, "until": "yesterday"}),
    ],
)
async def test_what_cannot_be_meant_is_refused(path: str, document: dict[str, object]) -> None:
    world = World()

    async with serving(world) as client:
        answer = await client.post(f"/api/v1/sync-log/{path}", json=document)

    assert answer.status == 422
    assert len(world.log_keeper.entries) == 4
