"""No act without its row: where the audit log cannot be written, nothing happens."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from queues.postgres.tokens import PostgresTokens
from tests.fakes.http_client import Client
from tests.fakes.http_stores import PRICING
from tests.integration.test_http_stores import RealWorld, add_letters, client, world

__all__ = ["client", "world"]  # fixtures

QUEUE = f"/api/v1/queues/{PRICING.name}"
SETTINGS = "/api/v1/settings/queue-processing"

ACTS: dict[str, tuple[str, str, Mapping[str, Any]]] = {
    "reprocess": ("POST", "/api/v1/dead-letters/{id}/reprocess", {}),
    "discard": ("POST", "/api/v1/dead-letters/{id}/discard", {}),
    "reprocess many": ("POST", "/api/v1/dead-letters/reprocess", {"filter": {}}),
    "discard many": ("POST", "/api/v1/dead-letters/discard", {"filter": {}}),
    "pause": ("POST", f"{QUEUE}/pause", {}),
    "run": ("POST", f"{QUEUE}/run", {}),
    "stop the intake": ("POST", "/api/v1/intake/stop", {"reason": "x"}),
    "replace settings": ("PUT", SETTINGS, {"retry_count": 9}),
    "change settings": ("PATCH", SETTINGS, {"retry_count": 9}),
    "make a token": ("POST", "/api/v1/tokens", {"name": "x", "role": "admin"}),
}


async def everything(world: RealWorld) -> list[str]:
    """Give all there is, but for the row that says that an act on many was tried."""
    tables = ("dead_letters", "ledger", "schedules", "intake_state", "settings_versions", "tokens", "audit_log")
    found = []
    async with world.engine.connect() as connection:
        for table in tables:
            rows = await connection.execute(text(f"select t::text from {table} t order by 1"))  # noqa: S608 - our tables
            found += [f"{table} {row}" for row in rows.scalars()]
    return found


@pytest.mark.parametrize("name", ACTS)
async def test_an_act_whose_row_cannot_be_written_does_not_happen(world: RealWorld, client: Client, name: str) -> None:
    method, path, document = ACTS[name]
    [letter_id] = await add_letters(world, count=1)
    async with world.engine.begin() as connection:
        await connection.execute(text("alter table audit_log add constraint closed check (false) not valid"))
    before = await everything(world)

    response = await client.request(method, path.format(id=letter_id), json=document)

    assert response.status == 503
    assert await everything(world) == before


@pytest.mark.parametrize("name", ACTS)
async def test_the_same_act_happens_with_its_row_when_it_can_be_written(
    world: RealWorld, client: Client, name: str
) -> None:
    method, path, document = ACTS[name]
    [letter_id] = await add_letters(world, count=1)
    before = await everything(world)

    response = await client.request(
        method, path.format(id=letter_id), json=document, headers={"X-Request-ID": "the-id-of-this-request"}
    )
    after = await everything(world)

    assert response.status in {200, 201, 202}
    rows = [row for row in set(after) - set(before) if row.startswith("audit_log")]
    assert rows
    assert all("the-id-of-this-request" in row and "127.0.0.1" in row and "admin" in row for row in rows)
    assert [row for row in set(after) - set(before) if not row.startswith("audit_log")]


async def test_tokens_of_the_database_are_listed(world: RealWorld, client: Client) -> None:
    assert (await client.post("/api/v1/tokens", json={"name": "x", "role": "viewer"})).status == 201

    assert [each.name for each in (await PostgresTokens(world.engine).exchange({})).tokens] == ["x"]
