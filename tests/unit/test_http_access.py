"""Nothing is open by omission: every route asks for a token but those that are public by name."""

import re
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from daemon.http.app import ALL_ROUTES
from queues.postgres.audit import Act
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World

PUBLIC = {"/health/live", "/health/ready", "/metrics"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
WRONG_TOKENS = ["", "wrong", TOKEN[:-1], TOKEN + "x", "ünïcödé", "x" * 5000]


def path_of(pattern: str) -> str:
    values = {
        "queue": "main.to_magento.pricing",
        "id": "1",
        "name": "magento",
        "act": "stop",
        "sync": "product",
        "kind": "warehouses",
        "entity": "category",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)


def test_only_health_and_metrics_are_public_in_the_api() -> None:
    assert {route.path for route in ALL_ROUTES if route.access == "public" and not route.is_page} == PUBLIC


@pytest.mark.parametrize("path", sorted({route.path for route in ALL_ROUTES if route.access != "public"}))
async def test_no_method_of_a_path_is_open_without_a_right_token_or_changes_anything(path: str) -> None:
    world = World()
    world.dead_letters.add(1)
    gone = await fallen_tokens(world)
    before = state_of(world)

    async with serving(world, token=None) as client:
        for method in METHODS:
            answers = set()
            await world.tokens.refresh()
            for token in (None, *WRONG_TOKENS, *gone):
                await world.clock.advance(2)  # so that it is never too many wrong tokens that refuse
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                response = await client.request(
                    method,
                    path_of(path),
                    headers={"X-Request-ID": "the-same-id", **headers},
                    json={"reason": "x"},
                    allow_redirects=False,
                )
                if token is None and response.status == 303:
                    assert response.headers["Location"] == "/login"  # a page, asked for by a browser
                    continue
                assert response.status == 401, (method, token)
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
                answers.add(await response.read())
            assert len(answers) == 1, method

    assert state_of(world) == before


async def fallen_tokens(world: World) -> list[str]:
    """Make tokens that were right once: one that has ended by itself, one that was revoked."""
    act = Act(actor="tests")
    ending = world.clock.now() + timedelta(seconds=1)
    _, ended = await world.tokens.create(name="one", role="admin", expires_at=ending, act=act)
    record, revoked = await world.tokens.create(name="two", role="admin", expires_at=None, act=act)
    await world.tokens.revoke(record.id, act)
    await world.clock.advance(1)
    await world.tokens.refresh()
    return [ended.reveal(), revoked.reveal(), revoked.reveal()[:-1]]


def state_of(world: World) -> tuple[object, ...]:
    return (
        dict(world.dead_letters.stories),
        dict(world.queues.rows),
        world.intake.now,
        tuple(world.settings.versions),
        tuple(world.audit.rows),
        tuple(world.audit.refused),
        tuple(world.intake.published),
        world.magento.tests,
        dict(world.token_store.records_by_id),
    )


async def test_paths_that_do_not_exist_are_told_only_to_those_with_a_token() -> None:
    async with serving(World(), token=None) as client:
        assert (await client.get("/api/v1/nothing")).status == 401
        assert (await client.delete("/api/v1/queues")).status == 401
    async with serving(World()) as client:
        missing = await client.get("/api/v1/nothing")
        not_allowed = await client.delete("/api/v1/settings/queue-processing")

        assert (missing.status, (await missing.json())["code"]) == (404, "no_such_path")
        assert (not_allowed.status, (await not_allowed.json())["code"]) == (405, "method_not_allowed")
        assert not_allowed.headers["Allow"] == "GET, HEAD, PATCH, PUT"


async def test_a_token_may_be_spelled_with_any_case_of_bearer() -> None:
    async with serving(World(), token=None) as client:
        response = await client.get("/api/v1/queues", headers={"Authorization": f"bEaReR {TOKEN}"})

        assert response.status == 200


async def test_a_request_is_logged_once_without_its_query_or_token() -> None:
    async with serving(World()) as client:
        with capture_logs() as logs:
            await client.get("/api/v1/dead-letters?q=a-secret-thing")

    assert [entry["event"] for entry in logs] == ["http.answered"]
    assert logs[0]["route"] == "/api/v1/dead-letters"
    assert logs[0]["status"] == 200
    assert logs[0]["duration_ms"] >= 0
    assert "secret" not in str(logs)
    assert TOKEN not in str(logs)


@pytest.mark.parametrize("sent", ["a b", "x" * 65, "short"])
async def test_a_request_id_that_is_not_fit_is_replaced(sent: str) -> None:
    async with serving(World()) as client:
        response = await client.get("/health/live", headers={"X-Request-ID": sent})

    assert response.headers["X-Request-ID"] != sent
