"""Dead letters over HTTP: lists, one with its story, and what a person does about them."""

import base64
import csv
import json

import pytest

from queues.postgres.audit import Act
from tests.fakes.http_client import serving
from tests.fakes.http_stores import START, World

PATH = "/api/v1/dead-letters"


def world_with(*ids: int) -> World:
    world = World()
    for letter_id in ids:
        world.dead_letters.add(letter_id)
    return world


async def test_a_list_is_paged_newest_first() -> None:
    async with serving(world_with(1, 2, 3, 4, 5)) as client:
        first = await (await client.get(PATH, params={"limit": "2"})).json()
        second = await (await client.get(PATH, params={"limit": "2", "cursor": first["next_cursor"]})).json()
        third = await (await client.get(PATH, params={"limit": "2", "cursor": second["next_cursor"]})).json()

    pages = (first, second, third)
    assert [[each["id"] for each in page["items"]] for page in pages] == [[5, 4], [3, 2], [1]]
    assert third["next_cursor"] is None


async def test_a_row_has_at_least_what_the_design_names() -> None:
    async with serving(world_with(1)) as client:
        [row] = (await (await client.get(PATH)).json())["items"]

    names = "id state queue key storeview time event_id source generation attempts error_class error failed_at"
    assert set(names.split()) <= set(row)
    assert row["failed_at"] == "2026-11-21T10:01:00Z"
    assert (row["attempts"], row["generation"], row["error_class"]) == (3, 0, "validation")


async def test_every_filter_reaches_the_store_in_its_type() -> None:
    world = world_with(1)
    query = {
        "state": "failed",
        "queue": "main.to_magento.pricing",
        "key": "AC-1",
        "error_class": "validation",
        "since": "2026-11-20",
        "until": "2026-11-21T12:00:00+02:00",
        "q": "doesn't",
    }

    async with serving(world) as client:
        assert (await client.get(PATH, params=query)).status == 200

    [asked] = world.dead_letters.asked
    assert (asked.state, asked.queue, asked.key, asked.error_class) == tuple(list(query.values())[:4])
    assert asked.since is not None
    assert asked.since.isoformat() == "2026-11-20T00:00:00+00:00"
    assert asked.until == START
    assert asked.q == "doesn't"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "many"),
        ("cursor", "ä"),
        ("cursor", "bm90IG91cnM"),
        ("state", "broken"),
        ("since", "yesterday"),
        ("until", "2026-11-21T10:00:00"),
        ("stat", "failed"),
        ("q", "x" * 256),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(name: str, value: str) -> None:
    async with serving(world_with(1)) as client:
        response = await client.get(PATH, params={name: value})
        problem = await response.json()

    assert (response.status, problem["code"], problem["member"]) == (422, "invalid", name)


async def test_one_dead_letter_tells_its_whole_story() -> None:
    world = world_with()
    world.dead_letters.add(7, body=b'{"subject": "AC-7", "data": {"price": 12.50}}')
    world.audit.write(
        "dead_letter.reprocessed", "7", Act(actor="alice", reason="the product exists now", request_id="r")
    )

    async with serving(world) as client:
        shown = await (await client.get(f"{PATH}/7")).json()

    assert shown["payload"] == {"subject": "AC-7", "data": {"price": 12.50}}
    assert shown["headers"] == {"x-source": "test"}
    assert [each["number"] for each in shown["attempt_log"]] == [1, 2, 3]
    assert shown["attempt_log"][0]["answer"] == '{"message": "…"}'
    told = shown["story"]
    assert told[0].startswith("A change of AC-7")
    assert told[1] == (
        "2026-11-21 10:00:01 UTC: attempt 1, POST /rest/all/V1/products/base-prices with 25 records "
        "answered 400 after 42 ms: refused (validation): Requested product doesn't exist."
    )
    assert told[4].startswith("2026-11-21 10:07:00 UTC: Failed after 3 attempts")
    assert told[5] == "2026-11-21 11:00:00 UTC: reprocessed by alice, because: the product exists now."
    assert told[6].startswith("It is Failed")


@pytest.mark.parametrize("body", [b"\x00\xff<script>alert(1)</script>", "not json \u202e evil".encode(), b"\x1b[31m"])
async def test_bytes_that_are_no_json_are_shown_escaped_and_exactly(body: bytes) -> None:
    world = world_with()
    world.dead_letters.add(1, body=body)

    async with serving(world) as client:
        shown = await (await client.get(f"{PATH}/1")).json()

    assert shown["payload"] is None
    assert base64.b64decode(shown["payload_base64"]) == body
    assert shown["payload_text"].isprintable()


async def test_reprocessing_is_accepted_once_and_then_conflicts_with_the_live_state() -> None:
    world = world_with(1)

    async with serving(world) as client:
        accepted = await client.post(f"{PATH}/1/reprocess", json={"reason": "fixed"}, headers={"X-Actor": "alice"})
        letter = await accepted.json()
        refused = await client.post(f"{PATH}/1/reprocess")
        problem = await refused.json()

    assert (accepted.status, letter["state"], letter["generation"]) == (202, "reprocessing", 1)
    assert (refused.status, problem["code"], problem["state"]) == (409, "state_conflict", "reprocessing")
    [(action, target, act)] = world.audit.rows
    assert (action, target, act.actor, act.reason) == ("dead_letter.reprocessing", "1", "alice", "fixed")
    assert act.request_id


async def test_without_a_name_the_token_acts() -> None:
    world = world_with(1)

    async with serving(world) as client:
        assert (await client.post(f"{PATH}/1/discard")).status == 202

    assert world.audit.rows[0][2].actor == "admin"


@pytest.mark.parametrize("letter_id", ["2", "0", "-1", "x", "9" * 30, "1%2F2"])
async def test_what_does_not_exist_is_404(letter_id: str) -> None:
    async with serving(world_with(1)) as client:
        for act in ("reprocess", "discard"):
            assert (await client.post(f"{PATH}/{letter_id}/{act}")).status == 404
        assert (await client.get(f"{PATH}/{letter_id}")).status == 404


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"reason": "a", "reason": "b"}'])
async def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    world = world_with(1)

    async with serving(world) as client:
        response = await client.post(f"{PATH}/1/discard", data=body, headers={"Content-Type": "application/json"})

    assert response.status in {400, 422}
    assert world.audit.rows == []


async def test_a_form_cannot_act_through_the_api() -> None:
    async with serving(world_with(1)) as client:
        response = await client.post(f"{PATH}/1/discard", data={"reason": "x"})

    assert response.status == 415


async def test_everything_that_matches_is_exported_across_pages() -> None:
    world = world_with(*range(1, 1203))
    world.dead_letters.add(2000, state="discarded")

    async with serving(world) as client:
        response = await client.get(f"{PATH}/export", params={"state": "failed"})
        lines = [json.loads(line) for line in (await response.text()).splitlines()]

    assert response.content_type == "application/x-ndjson"
    assert [line["id"] for line in lines] == list(range(1202, 0, -1))


async def test_a_spreadsheet_takes_no_cell_of_an_export_for_a_formula() -> None:
    world = world_with()
    world.dead_letters.add(1, source='=HYPERLINK("http://evil","click")')

    async with serving(world) as client:
        response = await client.get(f"{PATH}/export", params={"format": "csv"})
        row = next(csv.DictReader((await response.text()).splitlines()))

    assert response.headers["Content-Disposition"] == 'attachment; filename="dead-letters.csv"'
    assert row["source"] == '\'=HYPERLINK("http://evil","click")'
    assert (row["id"], row["state"], row["key"], row["storeview"]) == ("1", "failed", "AC-1", "")


async def test_an_unknown_format_is_refused() -> None:
    async with serving(world_with()) as client:
        assert (await client.get(f"{PATH}/export", params={"format": "xml"})).status == 422
