"""Nothing is open by omission: every route asks for a token but those that are public by name."""

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from daemon.http.answering import SECURITY_HEADERS
from daemon.http.app import ALL_ROUTES
from daemon.http.routes import Role, Route
from daemon.http.throttle import TRIES
from daemon.http.tokens import Principal
from daemon.secret import Secret
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World

PUBLIC = {"/health/live", "/health/ready", "/metrics"}
CLOSED = [route for route in ALL_ROUTES if route.access != "public" and not route.is_page]
WRONG_TOKENS = ["", "wrong", TOKEN[:-1], TOKEN + "x", "ünïcödé", "x" * 5000]


def path_of(route: Route) -> str:
    values = {"queue": "main.to_magento.pricing", "id": "1", "name": "magento"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], route.path)


def named(routes: list[Route]) -> list[Any]:
    return [pytest.param(route, id=f"{route.method} {route.path}") for route in routes]


def test_only_health_and_metrics_are_public_in_the_api() -> None:
    assert {route.path for route in ALL_ROUTES if route.access == "public" and not route.is_page} == PUBLIC


@pytest.mark.parametrize("route", named(CLOSED))
async def test_a_route_refuses_missing_and_wrong_tokens_and_changes_nothing(route: Route) -> None:
    world = World()
    world.dead_letters.add(1)
    before = (dict(world.dead_letters.stories), dict(world.queues.rows), world.intake.now, len(world.settings.versions))

    async with serving(world, token=None) as client:
        bodies = []
        for token in [None, *WRONG_TOKENS]:
            headers = {"X-Request-ID": "the-same-id"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
            response = await client.request(route.method, path_of(route), headers=headers, json={"reason": "x"})
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
            bodies.append(await response.json())

    assert all(body == bodies[0] for body in bodies)
    assert before == (world.dead_letters.stories, world.queues.rows, world.intake.now, len(world.settings.versions))
    assert world.audit.rows == []
    assert world.intake.published == []
    assert world.magento.tests == 0


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


@pytest.mark.parametrize("role", ["read", "publish", "operate", "configure"])
async def test_a_token_opens_only_what_its_roles_allow(role: Role) -> None:
    world = World([Principal.of("one", Secret(TOKEN), frozenset({role}))])
    world.dead_letters.add(1)

    async with serving(world) as client:
        for route in CLOSED:
            response = await client.request(route.method, path_of(route), json={"reason": "x"})
            assert (response.status == 403) == (route.access != role), (route.method, route.path)


async def test_a_token_may_be_spelled_with_any_case_of_bearer() -> None:
    async with serving(World(), token=None) as client:
        response = await client.get("/api/v1/queues", headers={"Authorization": f"bEaReR {TOKEN}"})

        assert response.status == 200


async def test_a_source_that_is_wrong_too_often_is_refused_unheard_for_a_while() -> None:
    world = World()
    async with serving(world, token=None) as client:
        wrong = {"Authorization": "Bearer wrong"}
        statuses = [(await client.get("/api/v1/queues", headers=wrong)).status for _ in range(TRIES + 1)]
        refused = await client.get("/api/v1/queues", headers={"Authorization": f"Bearer {TOKEN}"})
        await world.clock.advance(2)
        heard = await client.get("/api/v1/queues", headers={"Authorization": f"Bearer {TOKEN}"})

    assert statuses == [401] * TRIES + [429]
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert heard.status == 200


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/queues", "/nothing", "/metrics"])
@pytest.mark.parametrize("token", [None, TOKEN])
async def test_every_answer_carries_the_security_headers(path: str, token: str | None) -> None:
    async with serving(World(), token=token) as client:
        response = await client.get(path)

    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "Server" not in response.headers
    assert response.headers["X-Request-ID"]


async def test_what_nobody_expected_hides_behind_its_request_id() -> None:
    world = World()
    world.queues.at_broker.clear()  # makes the fake raise a KeyError

    async with serving(world) as client:
        with capture_logs() as logs:
            response = await client.get("/api/v1/queues", headers={"X-Request-ID": "request-7788"})
        body = await response.text()

    assert response.status == 500
    assert "request-7788" in body
    assert "KeyError" not in body
    assert [entry["event"] for entry in logs] == ["http.failed", "http.answered"]


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
