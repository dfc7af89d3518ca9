"""Acts on many dead letters over HTTP: counted, confirmed, refused while another runs, ended when nobody waits."""

import asyncio
from typing import Any

import pytest
from typing_extensions import override

from queues.postgres.bulk_orders import (
    MOST_AT_ONCE,
    AnotherRuns,
    BulkDone,
    BulkOrder,
    BulkRefusal,
    Choice,
    CountDiffers,
    Interruption,
    NotConfirmed,
    TooMany,
)
from queues.postgres.letters import DeadLetterFilter
from tests.fakes.http_client import serving
from tests.fakes.http_stores import START, FakeDeadLetters, World

PATH = "/api/v1/dead-letters"


def world_with(*ids: int) -> World:
    world = World()
    for letter_id in ids:
        world.dead_letters.add(letter_id)
    return world


@pytest.mark.parametrize(("action", "counted"), [("reprocess", "requeued"), ("discard", "discarded")])
async def test_those_listed_are_acted_upon_and_the_skipped_are_named(action: str, counted: str) -> None:
    world = world_with(1, 2, 3)
    world.dead_letters.add(4, state="reprocessed")

    async with serving(world) as client:
        response = await client.post(f"{PATH}/{action}", json={"ids": [1, 2, 2, 4, 9], "reason": "fixed"})
        answer = await response.json()

    assert response.status == 202
    assert answer == {
        counted: 2,
        "skipped": [{"id": 4, "state": "reprocessed"}, {"id": 9, "state": None}],
        "skipped_count": 2,
        "matched": 2,
        "ended_by": "finished",
        "bulk_id": 1,
    }
    assert world.dead_letters.stories[3].letter.state == "failed"
    [order] = world.dead_letters.orders
    assert order.choice == Choice(ids=(1, 2, 4, 9))
    assert (order.action, order.act.actor, order.act.reason) == (action, "admin", "fixed")


async def test_those_that_match_a_filter_are_acted_upon() -> None:
    world = world_with(1, 2, 3)

    async with serving(world) as client:
        response = await client.post(
            f"{PATH}/reprocess",
            json={"filter": {"state": "failed", "key": "AC-2"}, "expected_count": 1, "limit": 10},
        )
        answer = await response.json()

    assert (response.status, answer["requeued"], answer["skipped"]) == (202, 1, [])
    [order] = world.dead_letters.orders
    assert order.choice == Choice(wanted=DeadLetterFilter(state="failed", key="AC-2"), limit=10)
    assert order.expected_count == 1


@pytest.mark.parametrize("action", ["reprocess", "discard"])
async def test_a_dry_run_tells_the_number_and_changes_nothing(action: str) -> None:
    world = world_with(1, 2, 3)
    world.dead_letters.add(4, state="discarded")

    async with serving(world) as client:
        by_filter = await client.post(f"{PATH}/{action}", json={"filter": {}, "dry_run": True})
        by_ids = await client.post(f"{PATH}/{action}", json={"ids": [1, 4], "dry_run": True})
        told = [await by_filter.json(), await by_ids.json()]

    assert (by_filter.status, by_ids.status) == (200, 200)
    assert told[0] == {"dry_run": True, "count": 3, "as_of": "2026-11-22T10:00:00Z"}
    assert told[1]["count"] == 1
    assert world.audit.rows == []
    assert world.dead_letters.orders == []


REFUSALS = [
    (AnotherRuns(action="discard", actor="bob", since=START, matched=7, done=2), "bulk_under_way", "bob"),
    (CountDiffers(41), "count_differs", "41"),
    (NotConfirmed(2000), "confirmation_needed", "2000"),
    (TooMany(), "too_many", str(MOST_AT_ONCE)),
]


@pytest.mark.parametrize(("refusal", "code", "told"), REFUSALS, ids=[each[1] for each in REFUSALS])
async def test_a_refusal_is_409_with_its_own_code_and_is_written_down(
    refusal: BulkRefusal, code: str, told: str
) -> None:
    world = world_with(1)
    world.dead_letters.refusal = refusal

    async with serving(world) as client:
        response = await client.post(f"{PATH}/discard", json={"filter": {}})
        problem = await response.json()

    assert (response.status, problem["code"]) == (409, code)
    assert told in problem["detail"]
    if isinstance(refusal, AnotherRuns):
        assert (response.headers["Retry-After"], problem["done"], problem["matched"]) == ("2", 2, 7)
    assert world.audit.rows == []
    [(action, _, _, details)] = world.audit.refused
    assert (action, details["code"]) == ("dead_letters.discard", code)


async def test_a_number_that_differs_is_told() -> None:
    async with serving(world_with(1, 2)) as client:
        response = await client.post(f"{PATH}/reprocess", json={"filter": {}, "expected_count": 3})
        problem = await response.json()

    assert (response.status, problem["count"]) == (409, 2)


class EndlessLetters(FakeDeadLetters):
    """Goes on until it is interrupted."""

    entered: asyncio.Event
    ended: asyncio.Future[str]

    @override
    async def act_on_many(self, order: BulkOrder, interruption: Interruption = lambda: None) -> BulkDone | BulkRefusal:
        self.entered.set()
        while (ended_by := interruption()) is None:  # noqa: ASYNC110 - the act asks, as between two chunks
            await asyncio.sleep(0)
        self.ended.set_result(ended_by)
        return BulkDone(bulk_id=1, matched=9, done=4, skipped=[], skipped_count=0, ended_by=ended_by)


def endless(world: World) -> EndlessLetters:
    letters = EndlessLetters(world.audit)
    letters.entered, letters.ended = asyncio.Event(), asyncio.get_running_loop().create_future()
    world.dead_letters = letters
    return letters


async def test_an_act_ends_when_its_caller_goes_away() -> None:
    world = World()
    letters = endless(world)

    async with serving(world) as client, asyncio.timeout(20):
        call = asyncio.create_task(client.post(f"{PATH}/reprocess", json={"filter": {}}))
        await letters.entered.wait()
        call.cancel()

        assert await letters.ended == "left"


async def test_an_act_ends_when_the_daemon_stops_and_its_caller_is_told_how_far_it_came() -> None:
    world = World()
    letters = endless(world)

    async with serving(world) as client, asyncio.timeout(20):
        call = asyncio.create_task(client.post(f"{PATH}/reprocess", json={"filter": {}}))
        await letters.entered.wait()
        world.stopping = True
        response = await call
        answer = await response.json()

    assert (response.status, answer["ended_by"], answer["requeued"], answer["matched"]) == (202, "stopped", 4, 9)


BAD_BODIES: list[Any] = [
    {},
    {"ids": [1], "filter": {}},
    {"ids": []},
    {"ids": [True]},
    {"ids": [1.5]},
    {"ids": 1},
    {"filter": {"stat": "failed"}},
    {"filter": {"state": "broken"}},
    {"filter": []},
    {"ids": [1], "state": "failed"},
    {"ids": [1], "reason": 7},
    {"ids": [1], "reason": "x" * 1001},
    {"ids": list(range(1, 10_002))},
    {"ids": [1], "dry_run": 1},
    {"ids": [1], "limit": 1},
    {"filter": {}, "limit": 0},
    {"filter": {}, "limit": MOST_AT_ONCE + 1},
    {"filter": {}, "expected_count": -1},
    {"filter": {}, "expected_count": True},
    {"filter": {}, "body": {}},
    [1],
]


@pytest.mark.parametrize("action", ["reprocess", "discard"])
@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: str(body)[:40])
async def test_a_body_that_is_not_as_described_is_refused(body: object, action: str) -> None:
    world = world_with(1)

    async with serving(world) as client:
        response = await client.post(f"{PATH}/{action}", json=body)

        assert response.status == 422
        assert (await response.json())["detail"]
    assert world.audit.rows == []
