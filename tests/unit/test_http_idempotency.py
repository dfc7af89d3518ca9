"""A call with an Idempotency-Key is carried out once, however often it is sent."""

import asyncio

import pytest
from typing_extensions import override

from daemon.http.app import ALL_ROUTES
from daemon.http.openapi import build_document
from daemon.http.tokens import Principal
from daemon.secret import Secret
from queues.errors import DatabaseUnavailable
from queues.postgres.audit import Act
from queues.postgres.letters import DeadLetter
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, FakeDeadLetters, World

REPROCESS = "/api/v1/dead-letters/1/reprocess"
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def world_with(*ids: int) -> World:
    world = World()
    for letter_id in ids:
        world.dead_letters.add(letter_id)
    return world


async def test_a_repeat_gets_the_same_answer_and_nothing_is_done_twice() -> None:
    world = world_with(1)
    async with serving(world) as client:
        first = await client.post(REPROCESS, json={"reason": "fixed"}, headers=KEY)
        second = await client.post(REPROCESS, json={"reason": "fixed"}, headers=KEY)
        bodies = [await first.read(), await second.read()]

    assert (first.status, second.status) == (202, 202)
    assert bodies[0] == bodies[1]
    assert first.content_type == second.content_type == "application/json"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(world.audit.rows) == 1
    assert world.audit.refused == []


async def test_a_refusal_is_repeated_too_and_written_down_once() -> None:
    world = world_with(1)
    async with serving(world) as client:
        await client.post(REPROCESS)
        answers = [await client.post(REPROCESS, headers=KEY) for _ in range(2)]
        problems = [await each.json() for each in answers]

    assert [each.status for each in answers] == [409, 409]
    assert problems[0] == problems[1]
    assert len(world.audit.refused) == 1


async def test_settings_are_answered_again_with_their_etag() -> None:
    world = World()
    path = "/api/v1/settings/queue-processing"
    async with serving(world) as client:
        answers = [
            await client.patch(path, json={"retry_count": 5}, headers={**KEY, "If-Match": '"0"'}) for _ in range(2)
        ]

    assert [(each.status, each.headers["ETag"]) for each in answers] == [(200, '"1"')] * 2
    assert len(world.settings.versions) == 1


@pytest.mark.parametrize(
    ("path", "document", "headers"),
    [
        (REPROCESS, {"reason": "another"}, {}),
        ("/api/v1/dead-letters/2/reprocess", {"reason": "fixed"}, {}),
        ("/api/v1/dead-letters/1/discard", {"reason": "fixed"}, {}),
        (f"{REPROCESS}?x=1", {"reason": "fixed"}, {}),
        (REPROCESS, {"reason": "fixed"}, {"X-Reason": "y"}),
    ],
)
async def test_a_key_that_came_with_another_call_is_refused(
    path: str, document: dict[str, str], headers: dict[str, str]
) -> None:
    world = world_with(1, 2)
    async with serving(world) as client:
        assert (await client.post(REPROCESS, json={"reason": "fixed"}, headers=KEY)).status == 202
        other = await client.post(path, json=document, headers={**KEY, **headers})
        problem = await other.json()

    assert (other.status, problem["code"]) == (422, "idempotency_key_reused")
    assert len(world.audit.rows) == 1


class SlowLetters(FakeDeadLetters):
    """Reprocesses only after `go`."""

    entered: asyncio.Event
    go: asyncio.Event

    @override
    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        self.entered.set()
        await self.go.wait()
        return await super().reprocess(letter_id, act)


async def test_a_repeat_that_comes_while_the_first_is_under_way_is_told_to_wait() -> None:
    world = World()
    letters = world.dead_letters = SlowLetters(world.audit)
    letters.entered, letters.go = asyncio.Event(), asyncio.Event()
    letters.add(1)
    async with serving(world) as client:
        first = asyncio.create_task(client.post(REPROCESS, headers=KEY))
        await letters.entered.wait()
        second = await client.post(REPROCESS, headers=KEY)
        problem = await second.json()
        letters.go.set()
        third_status = (await first).status
        third = await client.post(REPROCESS, headers=KEY)

    assert (second.status, problem["code"], second.headers["Retry-After"]) == (409, "idempotency_under_way", "1")
    assert (third_status, third.status, len(world.audit.rows)) == (202, 202, 1)
    assert world.audit.refused == []


async def test_each_token_has_its_own_keys() -> None:
    world = World([Principal.of("one", Secret(TOKEN)), Principal.of("two", Secret("another-token-of-tests"))])
    world.dead_letters.add(1)
    async with serving(world) as client:
        first = await client.post(REPROCESS, headers=KEY)
        second = await client.post(REPROCESS, headers={**KEY, "Authorization": "Bearer another-token-of-tests"})

    assert (first.status, second.status) == (202, 409)


class FailingLetters(FakeDeadLetters):
    """Has no database for the first call."""

    calls = 0

    @override
    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        self.calls += 1
        if self.calls == 1:
            raise DatabaseUnavailable("gone")
        return await super().reprocess(letter_id, act)


async def test_a_call_that_came_to_nothing_is_tried_again_with_the_same_key() -> None:
    world = World()
    world.dead_letters = FailingLetters(world.audit)
    world.dead_letters.add(1)
    async with serving(world) as client:
        statuses = [(await client.post(REPROCESS, headers=KEY)).status for _ in range(3)]

    assert statuses == [503, 202, 202]
    assert len(world.audit.rows) == 1


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same() -> None:
    world = world_with(1)
    world.idempotent_calls.away = True
    async with serving(world) as client:
        assert (await client.post(REPROCESS, headers=KEY)).status == 202


async def test_the_secret_of_a_token_is_not_kept_for_a_repeat() -> None:
    world = World()
    document = {"name": "terminal", "role": "viewer"}
    async with serving(world) as client:
        first = await client.post("/api/v1/tokens", json=document, headers=KEY)
        token = (await first.json())["token"]
        second = await client.post("/api/v1/tokens", json=document, headers=KEY)
        problem = await second.json()

    assert (first.status, second.status, problem["code"]) == (201, 409, "idempotency_answer_not_kept")
    assert token not in str(world.idempotent_calls.answers)
    assert len(world.token_store.records_by_id) == 1


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256])
async def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    world = world_with(1)
    async with serving(world) as client:
        response = await client.post(REPROCESS, headers={"Idempotency-Key": key})
        problem = await response.json()

    assert (response.status, problem["member"]) == (422, "Idempotency-Key")
    assert world.audit.rows == []


async def test_a_key_changes_nothing_about_what_only_looks_or_who_may() -> None:
    world = world_with(1)
    async with serving(world, token=None) as client:
        looked = await client.get("/api/v1/queues", headers={**KEY, "Authorization": f"Bearer {TOKEN}"})
        strange = await client.post(REPROCESS, headers=KEY)

    assert (looked.status, strange.status) == (200, 401)
    assert world.idempotent_calls.calls == {}


def test_every_act_of_the_contract_takes_a_key() -> None:
    paths = build_document(ALL_ROUTES)["paths"]
    missing = [
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "get" and "Idempotency-Key" not in {each["name"] for each in operation.get("parameters", [])}
    ]

    assert missing == ["post /api/v1/events", "post /webhooks/acumatica"]  # these carry their own ids
