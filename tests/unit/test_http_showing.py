"""Who is shown what: a viewer sees that something failed and why, and nobody's address, telephone number or payload."""

import json
from dataclasses import replace

import pytest

from daemon.http.tokens import Principal
from daemon.secret import Secret
from queues.masking import MASK
from queues.postgres.audit import Act
from queues.postgres.tokens import TokenRole
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World

BODY = b'{"subject": "C-1", "data": {"Email": {"value": "jo@example.com"}, "Phone1": "+44 20 7946 0958", "n": 1}}'
TEXT = "A customer with jo@example.com (+44 20 7946 0958) exists"
PERSONAL = ("jo@example.com", "jo%40example.com", "7946")
PATHS = (
    "/api/v1/dead-letters",
    "/api/v1/dead-letters/1",
    "/api/v1/dead-letters/export",
    "/api/v1/dead-letters/export?format=csv",
    "/api/v1/audit",
)


def world_of(role: TokenRole) -> World:
    world = World([Principal.of("somebody", Secret(TOKEN), role)])
    world.dead_letters.add(1, body=BODY)
    story = world.dead_letters.stories[1]
    world.dead_letters.stories[1] = replace(
        story,
        letter=replace(story.letter, key="jo@example.com", error=TEXT),
        headers={"email": "jo@example.com"},
        attempts=[replace(each, error=TEXT, excerpt=TEXT) for each in story.attempts],
    )
    world.audit.write("dead_letter.reprocessed", "1", Act(actor="somebody", reason=TEXT))
    return world


async def read(role: TokenRole) -> dict[str, str]:
    async with serving(world_of(role)) as client:
        found = {}
        for path in PATHS:
            response = await client.get(path)
            assert response.status == 200
            found[path] = await response.text()
        origin = {"Origin": f"http://{client.host}:{client.port}"}
        await client.post("/login", data={"token": TOKEN}, headers=origin)
        for path in ("/dead-letters", "/dead-letters/1"):
            found[path] = await (await client.get(path)).text()
        return found


async def test_a_viewer_sees_no_personal_data_and_no_payload() -> None:
    found = await read("viewer")

    for path, text in found.items():
        assert MASK in text, path
        for each in PERSONAL:
            assert each not in text, path
    story = json.loads(found["/api/v1/dead-letters/1"])
    assert (story["payload"], story["payload_hidden"], story["payload_bytes"]) == (None, True, len(BODY))
    assert story["error"] == f"A customer with {MASK} ({MASK}) exists"
    assert story["headers"] == {"email": MASK}
    assert "Shown to those who may act on it" in found["/dead-letters/1"]


@pytest.mark.parametrize("role", ["operator", "admin"])
async def test_whoever_may_act_on_a_message_sees_what_is_in_it(role: TokenRole) -> None:
    found = await read(role)

    for path, text in found.items():
        assert "jo@example.com" in text, path
    story = json.loads(found["/api/v1/dead-letters/1"])
    assert story["payload"] == json.loads(BODY)
    assert "payload_hidden" not in story


async def test_nobody_is_shown_the_secrets_in_a_payload() -> None:
    world = World()
    world.dead_letters.add(1, body=b'{"data": {"password": "hunter2", "note": "Bearer abcdef0123456789"}}')
    world.dead_letters.add(2, body=b'{"password": "hunter2')

    async with serving(world) as client:
        whole = await (await client.get("/api/v1/dead-letters/1")).json()
        broken = await (await client.get("/api/v1/dead-letters/2")).json()

    assert whole["payload"] == {"data": {"password": MASK, "note": f"Bearer {MASK}"}}
    assert broken["payload_text"] == f'{{"password": {MASK}'
    assert broken["payload_base64"] is None
