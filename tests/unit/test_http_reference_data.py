"""The ERP's lists over HTTP, and what the settings are told of them."""

from typing import Any

import pytest

from daemon.settings.document.references import KINDS, KnownCodes, advise_references
from daemon.settings.document.scopes import SettingsDocument
from queues.postgres.reference_lists import ReferenceEntry
from tests.fakes.http_client import serving
from tests.fakes.http_stores import World
from tests.fakes.instance_stores import NOW

PATH = "/api/v1/reference-data"
MAIN = ReferenceEntry(code="MAIN", description="Main Warehouse")
OLD = ReferenceEntry(code="OLD", description="Closed", is_active=False)


async def test_a_list_is_fetched_shown_with_its_age_and_kept_when_it_does_not_come_again() -> None:
    world = World()
    world.reference.comes["warehouses"] = [MAIN, OLD]

    async with serving(world) as client:
        before = await (await client.get(f"{PATH}/warehouses")).json()
        await client.post(f"{PATH}/warehouses/refresh", json={"reason": "new one opened"})
        world.reference.comes.clear()
        await client.post(f"{PATH}/warehouses/refresh")
        after = await (await client.get(f"{PATH}/warehouses")).json()

    assert (before["count"], before["fetched_at"], before["age_seconds"]) == (0, None, None)
    assert [each["code"] for each in after["entries"]] == ["MAIN", "OLD"]
    assert (after["error"], after["title"]) == ("the ERP is away", "warehouse")
    assert after["fetched_at"]
    assert [(action, target) for action, target, _ in world.audit.rows] == [
        ("reference_data.refreshed", "warehouses")
    ] * 2


async def test_all_lists_are_reloaded_at_once_or_some() -> None:
    world = World()

    async with serving(world) as client:
        some = await (await client.post(f"{PATH}/refresh", json={"kinds": ["order_types", "branches"]})).json()
        every = await (await client.post(f"{PATH}/refresh", json={})).json()
        listed = await (await client.get(PATH)).json()

    assert [each["kind"] for each in some["items"]] == ["branches", "order_types"]
    assert [each["kind"] for each in every["items"]] == list(KINDS)
    assert [each["kind"] for each in listed["items"]] == list(KINDS)
    assert all("entries" not in each for each in listed["items"])


@pytest.mark.parametrize("kinds", [[], ["customers"], ["branches", "branches"], "branches"])
async def test_lists_that_there_are_not_are_refused(kinds: Any) -> None:  # noqa: ANN401 - anything a caller may send
    async with serving(World()) as client:
        assert (await client.post(f"{PATH}/refresh", json={"kinds": kinds})).status == 422
        assert (await client.get(f"{PATH}/customers")).status == 404


async def test_settings_that_name_what_the_erp_has_not_are_taken_with_advice() -> None:
    world = World()
    world.reference.comes["warehouses"] = [MAIN, OLD]

    async with serving(world) as client:
        await client.post(f"{PATH}/warehouses/refresh")
        changed = await client.patch(
            "/api/v1/settings",
            json={"inventory": {"warehouses": ["main", "EAST", "OLD"]}, "orders": {"types_to_shop": ["SO"]}},
        )
        advice = (await changed.json())["advice"]

    assert changed.status == 200
    assert [each for each in advice if "ERP" in each and "warehouse" in each] == [
        "inventory.warehouses: the ERP has no warehouse EAST (as of 2026-11-21 10:00 UTC)",
        "inventory.warehouses: warehouse OLD is not active in the ERP (as of 2026-11-21 10:00 UTC)",
    ]
    # Of lists that never came nothing is said.
    assert not any("order type" in each for each in advice)


def test_what_a_scope_says_differently_is_advised_on_with_its_name_and_inherited_codes_once() -> None:
    document = SettingsDocument.from_document(
        {
            "inventory": {"warehouses": ["GONE"]},
            "scopes": [
                {
                    "code": "eu",
                    "kind": "website",
                    "branch": "PARIS",
                    "overrides": {"inventory": {"warehouses": ["LOST"]}},
                },
                {"code": "us", "kind": "website", "overrides": {}},
            ],
        }
    )
    known = {kind: KnownCodes(codes={"main": True}, fetched_at=NOW) for kind in ("warehouses", "branches")}

    advice = list(advise_references(document, known))

    assert [each.partition(" (as of")[0] for each in advice] == [
        "scopes.eu.branch: the ERP has no branch PARIS",
        "inventory.warehouses: the ERP has no warehouse GONE",
        "eu: inventory.warehouses: the ERP has no warehouse LOST",
    ]
