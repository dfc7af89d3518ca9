"""Nothing unknown is accepted anywhere: neither in a body nor in a query."""

import re
from typing import Any

import pytest

from daemon.http.app import ALL_ROUTES
from daemon.http.routes import Route
from tests.fakes.http_client import serving
from tests.fakes.http_stores import World

OWN_FORMATS = {"/api/v1/events", "/webhooks/acumatica"}
"""CloudEvents and the ERP's pushes may carry members we do not know."""
WRITING = [route for route in ALL_ROUTES if route.method != "GET" and route.operation and route.path not in OWN_FORMATS]
LISTS = [route for route in ALL_ROUTES if route.method == "GET" and route.operation and route.operation.parameters]


def path_of(route: Route) -> str:
    values = {
        "queue": "to_magento.pricing",
        "id": "1",
        "name": "magento",
        "sync": "product",
        "kind": "warehouses",
        "entity": "category",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], route.path)


def named(routes: list[Route]) -> list[Any]:
    return [pytest.param(route, id=f"{route.method} {route.path}") for route in routes]


@pytest.mark.parametrize("route", named(WRITING))
async def test_an_unknown_field_is_refused_by_name_and_changes_nothing(route: Route) -> None:
    world = World()
    world.dead_letters.add(1)
    async with serving(world) as client:
        response = await client.request(route.method, path_of(route), json={"reason": "x", "actor_is": "root"})
        text = await response.text()

    assert response.status == 422
    assert "actor_is" in text
    assert world.audit.rows == []
    assert world.magento.tests == 0


@pytest.mark.parametrize("route", named(LISTS))
async def test_an_unknown_parameter_is_refused_by_name(route: Route) -> None:
    async with serving(World()) as client:
        response = await client.get(path_of(route), params={"stat": "failed"})
        problem = await response.json()

    assert (response.status, problem["member"]) == (422, "stat")


async def test_reprocessing_takes_no_other_body_for_the_message() -> None:
    world = World()
    world.dead_letters.add(1)
    async with serving(world) as client:
        for name in ("body", "payload", "data", "headers", "queue", "generation"):
            response = await client.post("/api/v1/dead-letters/1/reprocess", json={name: {}})
            assert response.status == 422, name

    assert world.dead_letters.stories[1].letter.state == "failed"
