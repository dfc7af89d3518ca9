"""Tokens over HTTP: made, used, revoked and read again, with nothing of them kept but a digest."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from daemon.http.tokens import LONGEST_TOKEN, PREFIX, REFRESH_SECONDS, TRUSTED_SECONDS, Principal, Tokens
from daemon.secret import Secret
from queues.errors import DatabaseUnavailable
from queues.postgres.audit import Act
from tests.fakes.clock import settle
from tests.fakes.http_client import Client, serving
from tests.fakes.http_stores import TOKEN, World

PATH = "/api/v1/tokens"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def create(client: Client, **fields: object) -> dict[str, Any]:
    response = await client.post(PATH, json={"name": "shop floor", "role": "operator", **fields})
    assert response.status == 201, await response.text()
    created: dict[str, Any] = await response.json()
    return created


async def test_a_token_is_shown_once_and_only_its_digest_is_kept() -> None:
    world = World()
    async with serving(world) as client:
        with capture_logs() as logs:
            created = await create(client, reason="a new terminal")
            listed = await (await client.get(PATH)).text()
            audit = await (await client.get("/api/v1/audit")).text()

    token = created["token"]
    assert token.startswith(PREFIX)
    assert len(token) >= len(PREFIX) + 43  # 256 bits
    assert world.token_store.digests == {1: hashlib.sha256(token.encode()).digest()}
    for text in (listed, audit, str(logs)):
        assert token not in text
        assert token.removeprefix(PREFIX)[:20] not in text
    assert [row[:2] for row in world.audit.rows] == [("token.created", "1")]
    assert world.audit.rows[0][2].reason == "a new terminal"


async def test_no_two_tokens_are_the_same() -> None:
    async with serving(World()) as client:
        made = {(await create(client))["token"] for _ in range(20)}

    assert len(made) == 20


async def test_a_new_token_is_in_force_at_once_and_a_revoked_one_no_more() -> None:
    world = World()
    async with serving(world) as client:
        created = await create(client, role="viewer")
        opened = await client.get("/api/v1/queues", headers=bearer(created["token"]))
        revoked = await client.post(f"{PATH}/{created['id']}/revoke", json={"reason": "lost"})
        closed = await client.get("/api/v1/queues", headers=bearer(created["token"]))
        again = await client.post(f"{PATH}/{created['id']}/revoke")
        nobody = await client.post(f"{PATH}/99/revoke")
        shown, conflict = await revoked.json(), await again.json()

    assert (opened.status, revoked.status, closed.status) == (200, 200, 401)
    assert (shown["state"], shown["revoked_by"]) == ("revoked", "admin")
    assert (again.status, conflict["state"]) == (409, "revoked")
    assert nobody.status == 404


async def test_what_another_replica_did_is_known_after_a_moment() -> None:
    world = World()
    async with serving(world, token=None) as client:
        token_id = world.token_store.add("other", "viewer", "made-by-another-replica")
        assert (await client.get("/api/v1/queues", headers=bearer("made-by-another-replica"))).status == 401
        await world.tokens.refresh()
        assert (await client.get("/api/v1/queues", headers=bearer("made-by-another-replica"))).status == 200
        await world.token_store.revoke(token_id, Act(actor="somebody elsewhere"))
        await world.tokens.refresh()
        assert (await client.get("/api/v1/queues", headers=bearer("made-by-another-replica"))).status == 401


async def test_tokens_are_read_again_every_two_seconds_and_after_an_outage() -> None:
    world = World()
    keeping = asyncio.create_task(world.tokens.keep_fresh())
    try:
        await settle()
        world.token_store.add("other", "viewer", "a-token-of-later")
        assert world.tokens.find(b"a-token-of-later", source="") is None
        world.token_store.away = True
        with capture_logs() as logs:
            await world.clock.advance(3 * REFRESH_SECONDS)
        world.token_store.away = False
        await world.clock.advance(REFRESH_SECONDS)

        found = world.tokens.find(b"a-token-of-later", source="")
    finally:
        keeping.cancel()

    assert found is not None
    assert (found.name, found.role) == ("other", "viewer")
    assert [entry["event"] for entry in logs] == ["tokens.not_refreshed"]


async def test_what_was_read_too_long_ago_is_not_believed_but_the_environments_token_is() -> None:
    world = World()
    async with serving(world, token=None) as client:
        token = "a-token-of-the-database"
        world.token_store.add("one", "viewer", token)
        await world.tokens.refresh()
        world.token_store.away = True
        await world.clock.advance(TRUSTED_SECONDS)
        still = await client.get("/api/v1/openapi.json", headers=bearer(token))
        await world.clock.advance(1)
        late = await client.get("/api/v1/openapi.json", headers=bearer(token))
        unknown = await client.get("/api/v1/openapi.json", headers=bearer("wrong"))
        own = await client.get("/api/v1/openapi.json", headers=bearer(TOKEN))
        told = await late.text()

    assert (still.status, late.status, unknown.status, own.status) == (200, 503, 503, 200)
    assert "secret-host" not in told


async def test_the_last_use_is_told_with_its_address() -> None:
    world = World()
    async with serving(world) as client:
        created = await create(client, role="viewer")
        await client.get("/api/v1/queues", headers=bearer(created["token"]))
        await world.tokens.refresh()
        [shown] = (await (await client.get(PATH)).json())["items"]

    assert shown["last_used_at"] == "2026-11-21T10:00:00Z"
    assert shown["last_used_from"] == "127.0.0.1"


async def test_a_use_is_not_forgotten_while_the_database_is_away() -> None:
    world = World()
    token_id = world.token_store.add("one", "viewer", "a-token")
    await world.tokens.refresh()
    world.tokens.find(b"a-token", source="192.0.2.7")
    world.token_store.away = True
    with pytest.raises(DatabaseUnavailable):
        await world.tokens.refresh()
    world.token_store.away = False

    await world.tokens.refresh()

    assert world.token_store.records_by_id[token_id].last_used_from == "192.0.2.7"


async def test_a_token_ends_by_itself_after_a_year_unless_told_otherwise() -> None:
    world = World()
    async with serving(world) as client:
        usual = await create(client)
        short = await create(client, expires_at="2026-11-22")
        endless = await create(client, expires_at=None)
        await world.clock.advance(timedelta(days=1).total_seconds())
        await world.tokens.refresh()
        closed = await client.get("/api/v1/queues", headers=bearer(short["token"]))
        live = (await (await client.get(PATH)).json())["items"]
        every = (await (await client.get(PATH, params={"state": "all"})).json())["items"]

    assert usual["expires_at"] == "2027-11-21T10:00:00Z"
    assert endless["expires_at"] is None
    assert closed.status == 401
    assert [each["id"] for each in live] == [3, 1]
    assert [each["state"] for each in every] == ["live", "expired", "live"]


@pytest.mark.parametrize(
    ("fields", "member"),
    [
        ({"role": "viewer"}, "name"),
        ({"name": "x"}, "role"),
        ({"name": "x", "role": "owner"}, "role"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "x" * 65, "role": "viewer"}, "name"),
        ({"name": "Admin", "role": "viewer"}, "name"),
        ({"name": "a\nb", "role": "viewer"}, "name"),
        ({"name": "x ", "role": "viewer"}, "name"),
        ({"name": "x", "role": "viewer", "expires_at": "2026-11-21"}, "expires_at"),
        ({"name": "x", "role": "viewer", "expires_at": "2046-11-21"}, "expires_at"),
        ({"name": "x", "role": "viewer", "expires_at": 7}, "expires_at"),
        ({"name": "x", "role": "viewer", "token": "mine-of-choice"}, "token"),
    ],
)
async def test_a_token_that_cannot_be_meant_is_refused_by_member(fields: dict[str, object], member: str) -> None:
    world = World()
    async with serving(world) as client:
        response = await client.post(PATH, json=fields)
        problem = await response.json()

    assert (response.status, problem["member"]) == (422, member)
    assert world.token_store.records_by_id == {}


async def test_tokens_are_listed_page_by_page() -> None:
    async with serving(World()) as client:
        for _ in range(3):
            await create(client)
        first = await (await client.get(PATH, params={"limit": "2"})).json()
        rest = await (await client.get(PATH, params={"limit": "2", "cursor": first["next_cursor"]})).json()

    assert [each["id"] for each in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("presented", [b"", b"\xff\xfe", "ünïcödé".encode(), b"x" * (LONGEST_TOKEN + 1), b"x" * 2**20])
async def test_odd_tokens_are_wrong_and_no_error(presented: bytes) -> None:
    world = World()
    await world.tokens.refresh()

    assert world.tokens.find(presented, source="") is None


async def test_an_audit_row_tells_the_token_beside_the_name_its_holder_gives() -> None:
    world = World()
    world.dead_letters.add(1)
    async with serving(world) as client:
        created = await create(client, name="terminal 4")
        response = await client.post(
            "/api/v1/dead-letters/1/discard", headers={**bearer(created["token"]), "X-Actor": "somebody else"}
        )
        [row, _] = (await (await client.get("/api/v1/audit")).json())["items"]

    assert response.status == 202
    assert (row["actor"], row["token"], row["source"]) == ("somebody else", "terminal 4", "127.0.0.1")


def test_two_tokens_of_one_digest_length_are_told_apart_by_every_byte() -> None:
    world = World()
    tokens = Tokens([Principal.of("one", Secret("a-secret-of-one-1"))], world.token_store, world.clock)

    assert tokens.find(b"a-secret-of-one-1", source="") is not None
    with pytest.raises(DatabaseUnavailable):  # not ours, and the database was never read
        tokens.find(b"a-secret-of-one-2", source="")
