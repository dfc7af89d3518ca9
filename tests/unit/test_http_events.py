"""Change events in: a verdict for each, and only after the broker confirmed."""

import json
from io import BytesIO
from typing import Any

import pytest

from queues.message import MAX_EVENT_BYTES, decode
from tests.fakes.http_client import price_event, serving
from tests.fakes.http_stores import World

PATH = "/api/v1/events"
SINGLE = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


async def test_an_event_is_published_and_then_answered_as_accepted() -> None:
    world = World()

    async with serving(world) as client:
        response = await client.post(PATH, data=json.dumps(price_event()), headers=SINGLE)
        answer = await response.json()

    assert response.status == 202
    assert (answer["accepted"], answer["refused"]) == (1, 0)
    assert answer["events"] == [{"index": 0, "verdict": "accepted", "id": "01JD", "source": "acumatica/REVISION"}]
    [message] = world.intake.published
    assert message.routing_key == "to_magento.pricing"
    assert decode(message.body).event.id == "01JD"
    assert list(world.intake.taken.values()) == [("acumatica/REVISION", "01JD")]


async def test_a_known_event_is_answered_as_accepted_and_not_published_again() -> None:
    world = World()

    async with serving(world) as client:
        await client.post(PATH, json=price_event())
        response = await client.post(PATH, json=price_event())
        answer = await response.json()

    assert response.status == 202
    assert answer["events"][0]["verdict"] == "duplicate"
    assert len(world.intake.published) == 1
    assert "connector_intake_reused_ids_total 0.0" in world.metrics.render().decode()


async def test_another_event_under_a_known_id_is_not_swallowed() -> None:
    world = World()

    async with serving(world) as client:
        await client.post(PATH, json=price_event())
        response = await client.post(PATH, json=price_event(data={"price": "99"}))
        answer = await response.json()

    assert answer["events"][0]["verdict"] == "accepted"
    assert len(world.intake.published) == 2
    assert "connector_intake_reused_ids_total 1.0" in world.metrics.render().decode()


@pytest.mark.parametrize("headers", [BATCH, {"Content-Type": "application/json"}])
async def test_a_batch_has_a_verdict_for_each_event(headers: dict[str, str]) -> None:
    world = World()
    batch = [
        price_event("one"),
        price_event("two", data={"cost": "1"}),
        price_event("one"),
        price_event("three", type="to_magento.nothing"),
        "not an event",
    ]

    async with serving(world) as client:
        response = await client.post(PATH, data=json.dumps(batch), headers=headers)
        answer = await response.json()

    assert response.status == 202
    assert [each["verdict"] for each in answer["events"]] == ["accepted", "refused", "duplicate", "refused", "refused"]
    assert [each["index"] for each in answer["events"]] == [0, 1, 2, 3, 4]
    assert answer["events"][1]["problem"]["member"] == "data.price"
    assert answer["events"][3]["problem"]["code"] == "unknown_type"
    assert (answer["accepted"], answer["duplicate"], answer["refused"], answer["unavailable"]) == (1, 1, 3, 0)
    assert [decode(each.body).event.id for each in world.intake.published] == ["one"]


async def test_a_batch_of_which_every_event_is_refused_is_refused() -> None:
    async with serving(World()) as client:
        response = await client.post(PATH, json=[price_event(subject=" "), price_event(id=7)])
        answer = await response.json()

    assert response.status == 422
    assert answer["code"] == "all_refused"
    assert [each["problem"]["member"] for each in answer["events"]] == ["subject", "id"]


async def test_an_empty_batch_is_accepted() -> None:
    async with serving(World()) as client:
        response = await client.post(PATH, data="[]", headers=BATCH)

        assert (response.status, (await response.json())["events"]) == (202, [])


DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000
BAD_BODIES: list[Any] = [
    pytest.param(b"", 400, "not_json", None, id="nothing"),
    pytest.param(b"not json", 400, "not_json", None, id="not-json"),
    pytest.param(b'{"id": "\xff"}', 400, "not_utf8", None, id="not-utf8"),
    pytest.param(b'{"specversion": NaN}', 400, "not_json", None, id="nan"),
    pytest.param(b'{"a": 1, "a": 2}', 422, "invalid", "a", id="twice"),
    pytest.param(DEEP.encode()[: MAX_EVENT_BYTES - 1], 422, "invalid", None, id="deep"),
    pytest.param(b'{"n": ' + b"9" * 5000 + b"}", 422, "invalid", None, id="huge-number"),
    pytest.param(
        json.dumps(price_event(specversion="2.0")).encode(), 422, "unsupported_version", "specversion", id="v2"
    ),
    pytest.param(json.dumps(price_event(type=None)).encode(), 422, "missing", "type", id="no-type"),
    pytest.param(json.dumps(price_event(type="x.y")).encode(), 422, "unknown_type", "type", id="unknown-type"),
    pytest.param(json.dumps(price_event(subject=None)).encode(), 422, "missing", "subject", id="no-key"),
    pytest.param(json.dumps(price_event(time="today")).encode(), 422, "invalid", "time", id="time"),
    pytest.param(json.dumps(price_event(subject="a\x00b")).encode(), 422, "invalid", "subject", id="nul"),
    pytest.param(json.dumps(price_event(subject="\ud800")).encode(), 422, "invalid", "subject", id="surrogate"),
    pytest.param(json.dumps(price_event(data={})).encode(), 422, "missing", "data.price", id="data"),
    pytest.param(
        json.dumps(price_event(data={"price": "1", "x": "x" * 300_000})).encode(), 413, "too_large", None, id="300KiB"
    ),
]


@pytest.mark.parametrize("media_type", ["application/cloudevents+json", "application/json"])
@pytest.mark.parametrize(("body", "status", "code", "member"), BAD_BODIES)
async def test_bad_input_is_a_problem_that_names_the_member(
    body: bytes, status: int, code: str, member: str | None, media_type: str
) -> None:
    world = World()

    async with serving(world) as client:
        response = await client.post(PATH, data=body, headers={"Content-Type": media_type})
        answer = await response.json()

    assert response.content_type == "application/problem+json"
    assert (response.status, answer["status"], answer["code"]) == (status, status, code)
    assert answer.get("member") == member
    assert world.intake.published == []


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
async def test_another_media_type_is_refused(media_type: str) -> None:
    async with serving(World()) as client:
        response = await client.post(PATH, data=json.dumps(price_event()), headers={"Content-Type": media_type})

        assert (response.status, (await response.json())["code"]) == (415, "unsupported_media_type")


async def test_a_single_event_body_has_a_limit_of_its_own_and_a_batch_another() -> None:
    async with serving(World()) as client:
        single = await client.post(PATH, data=BytesIO(b" " * (1024 * 1024 + 1)), headers=SINGLE)
        batch = await client.post(PATH, data=BytesIO(b" " * (16 * 1024 * 1024 + 1)), headers=BATCH)

        assert (single.status, batch.status) == (413, 413)


async def test_nothing_confirmed_is_503_and_nothing_is_remembered() -> None:
    world = World()
    world.intake.refuses = lambda _: "not confirmed"

    async with serving(world) as client:
        response = await client.post(PATH, json=[price_event("one"), price_event("two")])
        answer = await response.json()

    assert (response.status, answer["code"]) == (503, "broker_unavailable")
    assert response.headers["Retry-After"]
    assert not world.intake.taken


async def test_a_broker_that_is_away_is_503_without_telling_its_address() -> None:
    world = World()

    world.intake.refuses = lambda _: "cannot connect to amqp://user:sesame@broker"

    async with serving(world) as client:
        response = await client.post(PATH, json=price_event())
        answer = await response.text()

    assert response.status == 503
    assert "sesame" not in answer


async def test_a_batch_confirmed_in_part_says_which_events_are_to_be_repeated() -> None:
    world = World()
    world.intake.refuses = lambda message: "not confirmed" if b'"two"' in message.body else None

    async with serving(world) as client:
        response = await client.post(PATH, json=[price_event("one"), price_event("two")])
        answer = await response.json()
        world.intake.refuses = lambda _: None
        again = await (await client.post(PATH, json=[price_event("one"), price_event("two")])).json()

    assert response.status == 202
    assert [each["verdict"] for each in answer["events"]] == ["accepted", "unavailable"]
    assert [each["verdict"] for each in again["events"]] == ["duplicate", "accepted"]


async def test_a_stopped_intake_says_why_and_an_open_one_takes_events_again() -> None:
    world = World()

    async with serving(world) as client:
        without_reason = await client.post("/api/v1/intake/stop")
        missing = (await without_reason.json())["member"]
        await client.post("/api/v1/intake/stop", json={"reason": "stocktaking"}, headers={"X-Actor": "alice"})
        stopped = await client.post(PATH, json=price_event())
        problem = await stopped.json()
        state = await (await client.get("/api/v1/intake")).json()
        twice = await client.post("/api/v1/intake/stop", json={"reason": "again"})
        conflict = await twice.json()
        await client.post("/api/v1/intake/resume")
        opened = await client.post(PATH, json=price_event())

    assert (without_reason.status, missing) == (422, "reason")
    assert (stopped.status, problem["code"], problem["reason"]) == (503, "intake_stopped", "stocktaking")
    assert (problem["stopped_by"], "stocktaking" in problem["detail"]) == ("alice", True)
    assert (state["state"], state["by"]) == ("stopped", "alice")
    assert (twice.status, conflict["state"]) == (409, "stopped")
    assert opened.status == 202
    assert [row[0] for row in world.audit.rows] == ["intake.stopped", "intake.resumed"]
