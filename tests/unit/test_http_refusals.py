"""What was refused to a holder of a token stands in the audit log; what a stranger tried does not."""

import re

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from daemon.http.app import ALL_ROUTES
from daemon.http.tokens import Principal
from daemon.secret import Secret
from queues.errors import DatabaseUnavailable
from queues.postgres.audit import Act
from tests.fakes.http_client import Client, serving
from tests.fakes.http_stores import PRICING, TOKEN, FakeAudit, World

ACTS = [route for route in ALL_ROUTES if route.act]
CHANGES_NOTHING = {"/login", "/dead-letters/confirm"}


def path_of(pattern: str) -> str:
    values = {
        "queue": "to_magento.pricing",
        "id": "1",
        "name": "magento",
        "act": "pause",
        "sync": "product",
        "kind": "warehouses",
        "entity": "category",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)


def test_every_call_that_changes_something_has_a_name_in_the_audit_log() -> None:
    writing = {(route.method, route.path) for route in ALL_ROUTES if route.method != "GET"}

    assert writing - {(route.method, route.path) for route in ACTS} == {("POST", path) for path in CHANGES_NOTHING}


@pytest.mark.parametrize("route", [pytest.param(each, id=f"{each.method} {each.path}") for each in ACTS])
async def test_an_act_beyond_a_role_is_written_down_with_who_what_and_where(route: object) -> None:
    assert route in ACTS
    world = World([Principal.of("onlooker", Secret(TOKEN), "viewer")])
    act = next(each for each in ACTS if each is route)

    async with serving(world) as client:
        response = await client.request(
            act.method, path_of(act.path), json={"reason": "x"}, headers={"X-Actor": "mallory"}, allow_redirects=False
        )

    assert response.status == 403
    assert world.audit.rows == []
    [(action, target, who, details)] = world.audit.refused
    assert action == (act.act or "").format(act="pause")
    targets = {
        "{queue}": PRICING.name,
        "{id}": "1",
        "{name}": "magento",
        "{sync}": "product",
        "{kind}": "warehouses",
        "{entity}": "category",
    }
    assert target == next((name for place, name in targets.items() if place in act.path), act.target)
    assert (who.actor, who.token, who.source) == ("mallory", "onlooker", "127.0.0.1")
    assert who.request_id
    assert (details["result"], details["status"], details["code"]) == ("refused", 403, "forbidden")


async def test_an_act_that_conflicts_is_written_down_with_the_live_state() -> None:
    world = World()
    world.dead_letters.add(1, state="discarded")

    async with serving(world) as client:
        assert (await client.post("/api/v1/dead-letters/1/reprocess")).status == 409
        assert (await client.post("/api/v1/dead-letters/9/reprocess")).status == 404
        assert (await client.get("/api/v1/dead-letters/1")).status == 200

    [(action, target, _, details)] = world.audit.refused
    assert (action, target) == ("dead_letter.reprocess", "1")
    assert (details["status"], details["code"], details["state"]) == (409, "state_conflict", "discarded")


async def test_a_change_based_on_old_settings_is_written_down() -> None:
    world = World()
    path = "/api/v1/settings/queue-processing"
    async with serving(world) as client:
        assert (await client.put(path, json={}, headers={"If-Match": '"7"'})).status == 412

    [(action, target, _, details)] = world.audit.refused
    assert (action, target, details["code"]) == ("settings.change", "queue_processing", "precondition_failed")


async def test_a_form_of_another_site_is_written_down_to_the_name_it_was_forged_in() -> None:
    world = World()
    async with serving(world, token=None) as client:
        origin = f"http://{client.host}:{client.port}"
        await client.post("/login", data={"token": TOKEN}, headers={"Origin": origin})
        forged = await client.post("/intake/stop", data={"reason": "x"}, headers={"Origin": "https://evil.example"})

    assert forged.status == 403
    [(action, target, who, _)] = world.audit.refused
    assert (action, target, who.actor) == ("intake.stop", "intake", "admin")


async def test_what_a_stranger_tries_is_not_written_down() -> None:
    world = World()
    async with serving(world, token=None) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await client.post("/api/v1/intake/stop", headers=headers)).status == 401

    assert world.audit.refused == []


async def test_a_refusal_stands_even_if_it_cannot_be_written_down() -> None:
    world = World([Principal.of("onlooker", Secret(TOKEN), "viewer")])

    class Lost(FakeAudit):
        @override
        async def write(self, act: Act, **_: object) -> None:
            raise DatabaseUnavailable("gone")

    world.audit_store = Lost(world.audit)
    async with serving(world) as client:
        with capture_logs() as logs:
            response = await _stop(client)

    assert response == 403
    assert [entry["event"] for entry in logs] == ["audit.refusal_not_written", "http.answered"]


async def _stop(client: Client) -> int:
    return (await client.post("/api/v1/intake/stop", json={"reason": "x"})).status
