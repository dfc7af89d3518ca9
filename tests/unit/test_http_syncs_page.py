"""The page of the syncs: what stands there, and what its buttons do."""

import re

import pytest

from daemon.http.tokens import Principal
from daemon.secret import Secret
from daemon.settings.document.scopes import SettingsDocument
from queues.postgres.audit import Act
from queues.postgres.skipped_records import PassedOver
from queues.postgres.tokens import TokenRole
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World
from tests.unit.test_http_pages import HOSTILE, send, sign_in

ON = {"enabled": True, "individual": True}


async def a_world(**syncs: object) -> World:
    world = World()
    document = SettingsDocument.from_document({"syncs": syncs})
    await world.documents.replace(document, (await world.documents.current()).queue, Act(actor="Dana"), based_on=None)
    return world


async def test_without_an_enabled_sync_the_page_says_how_to_switch_one_on() -> None:
    async with serving(World(), token=None) as client:
        await sign_in(client)
        enabled = await (await client.get("/syncs")).text()
        everything = await (await client.get("/syncs?show=all")).text()

    assert "syncs.product.enabled=true" in enabled
    assert "Product Sync" in everything


async def test_sync_now_leads_to_the_run_which_loads_itself_again_until_it_is_stopped() -> None:
    world = await a_world(product=ON)

    async with serving(world, token=None) as client:
        await sign_in(client)
        asked = await send(client, "/syncs/product/run", kind="complete")
        running = await (await client.get(asked.headers["Location"])).text()
        stopped = await send(client, f"{asked.headers['Location']}/stop", reason="wrong warehouse")
        ended = await (await client.get(stopped.headers["Location"])).text()
        listed = await (await client.get("/syncs")).text()

    assert asked.status == stopped.status == 303
    assert '<meta http-equiv="refresh"' in running
    assert "asked for by admin" in running
    assert '<meta http-equiv="refresh"' not in ended
    assert "stopped" in ended
    assert f'href="{asked.headers["Location"]}"' in listed


async def test_one_record_is_synced_where_the_settings_allow_it() -> None:
    world = await a_world(product=ON, category={"enabled": True, "individual": False})

    async with serving(world, token=None) as client:
        await sign_in(client)
        page = await (await client.get("/syncs")).text()
        asked = await send(client, "/syncs/product/record", key=" MUG-RED ")
        shown = await (await client.get(asked.headers["Location"])).text()
        not_allowed = await send(client, "/syncs/category/record", key="1")
        without = await send(client, "/syncs/product/record", key=" ")

    assert 'action="/syncs/product/record"' in page
    assert 'action="/syncs/category/record"' not in page
    assert "individual MUG-RED" in shown
    assert (not_allowed.status, without.status) == (409, 422)


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/syncs/product/run", "half", 422),
        ("/syncs/customer/run", "changes", 409),
        ("/syncs/nonsense/run", "changes", 404),
    ],
)
async def test_what_cannot_run_is_told_on_a_page(path: str, kind: str, status: int) -> None:
    world = await a_world(product=ON)

    async with serving(world, token=None) as client:
        await sign_in(client)
        response = await send(client, path, kind=kind)

        assert (response.status, response.content_type) == (status, "text/html")
    assert await world.sync_runs.list(None, before=2**63 - 1, limit=1) == []


async def test_records_that_were_passed_over_stand_there_with_the_reason_whatever_they_are_called() -> None:
    world = await a_world(product=ON)
    passed = PassedOver(key=HOSTILE[:200], reason="item_not_active: it is Inactive", origin="push")
    await world.skipped_records.write("main.to_magento.product", [passed])

    async with serving(world, token=None) as client:
        await sign_in(client)
        page = await (await client.get("/syncs")).text()

    assert "item_not_active: it is Inactive" in page
    assert "<script" not in page


@pytest.mark.parametrize(("role", "acts"), [("viewer", False), ("operator", True)])
async def test_only_who_may_operate_is_offered_to_sync(role: TokenRole, acts: bool) -> None:  # noqa: FBT001 - a parameter
    world = World([Principal.of("one", Secret(TOKEN), role)])
    document = SettingsDocument.from_document({"syncs": {"product": ON}})
    await world.documents.replace(document, (await world.documents.current()).queue, Act(actor="Dana"), based_on=None)
    run = await world.sync_runs.ask("product", "changes", Act(actor="Dana"))

    async with serving(world, token=None) as client:
        await sign_in(client)
        pages = [await (await client.get(path)).text() for path in ("/syncs", f"/syncs/runs/{run.id}")]

    forms = [form for page in pages for form in re.findall(r'action="(/syncs[^"]+)"', page)]
    assert bool(forms) == acts
