"""The operators' pages: signing in, hostile text, forms that only our own pages can send, and what they do."""

import re

import pytest
from aiohttp import ClientResponse

from daemon.http.app import ALL_ROUTES
from daemon.http.routes import Route
from daemon.http.session_cookies import SESSION_SECONDS
from daemon.http.sessions import COOKIE
from daemon.http.throttle import TRIES
from daemon.http.tokens import Principal
from daemon.secret import Secret
from queues.postgres.audit import Act
from queues.postgres.tokens import TokenRole
from tests.fakes.http_client import Client, serving
from tests.fakes.http_stores import PRICING, TOKEN, World

PAGES = [route for route in ALL_ROUTES if route.is_page]
FORMS = [route for route in PAGES if route.method == "POST" and route.access != "public"]


def origin(client: Client) -> dict[str, str]:
    return {"Origin": f"http://{client.host}:{client.port}"}


async def sign_in(client: Client, token: str = TOKEN) -> None:
    response = await client.post("/login", data={"token": token}, headers=origin(client), allow_redirects=False)
    assert response.status == 303


async def form_token(client: Client, path: str = "/") -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', await (await client.get(path)).text())
    assert found
    return found[1]


async def send(client: Client, path: str, **fields: str) -> ClientResponse:
    """Send a form as a page of ours would."""
    data = {"form_token": await form_token(client), **fields}
    return await client.post(path, data=data, headers=origin(client), allow_redirects=False)


def path_of(path: str) -> str:
    chosen = {"queue": PRICING.name, "id": "1", "name": "magento", "sync": "product"}
    return re.sub(r"\{(\w+)\}", lambda match: chosen.get(match[1], "run"), path)


async def test_pages_send_strangers_to_the_login() -> None:
    async with serving(World(), token=None) as client:
        for path in ("/", "/dead-letters", "/dead-letters/1", "/syncs", "/syncs/runs/1", "/settings"):
            response = await client.get(path, allow_redirects=False)
            assert (response.status, response.headers["Location"]) == (303, "/login")


async def test_signing_in_opens_a_session_that_scripts_and_other_sites_cannot_use() -> None:
    async with serving(World(), token=None) as client:
        login = await client.post("/login", data={"token": f" {TOKEN} "}, headers=origin(client), allow_redirects=False)
        page = await client.get("/")

    cookie = login.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SESSION_SECONDS}"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert page.status == 200


async def test_behind_tls_the_cookie_belongs_to_the_host_alone() -> None:
    async with serving(World(), token=None) as client:
        tls = {"Origin": f"https://{client.host}:{client.port}"}
        login = await client.post("/login", data={"token": TOKEN}, headers=tls, allow_redirects=False)

    assert login.headers["Set-Cookie"].startswith("__Host-connector_session=")
    assert "Secure" in login.headers["Set-Cookie"].split("; ")


async def test_a_session_ends_by_itself() -> None:
    world = World()
    async with serving(world, token=None) as client:
        await sign_in(client)
        await world.clock.advance(SESSION_SECONDS + 1)

        assert (await client.get("/", allow_redirects=False)).status == 303


async def test_a_session_ends_with_the_token_it_was_opened_with() -> None:
    async with serving(World(), token=None) as client:
        await sign_in(client)
        cookie = client.session.cookie_jar.filter_cookies(client.make_url("/"))[COOKIE].value
    async with serving(World([Principal.of("admin", Secret("another-token-of-them"))]), token=None) as client:
        response = await client.get("/", cookies={COOKIE: cookie}, allow_redirects=False)

        assert response.status == 303


@pytest.mark.parametrize("change", ["x", ".", "", "é", "A" * 600])
async def test_a_forged_cookie_opens_nothing(change: str) -> None:
    async with serving(World(), token=None) as client:
        await sign_in(client)
        cookie = client.session.cookie_jar.filter_cookies(client.make_url("/"))[COOKIE].value
        forged = cookie[:-5] + change if change else cookie.split(".")[0]
        client.session.cookie_jar.clear()

        assert (await client.get("/", headers={"Cookie": f"{COOKIE}={forged}"}, allow_redirects=False)).status == 303


async def test_wrong_tokens_are_told_so_and_then_throttled() -> None:
    async with serving(World(), token=None) as client:
        statuses = [
            (await client.post("/login", data={"token": "wrong"}, headers=origin(client))).status
            for _ in range(TRIES + 1)
        ]

    assert statuses == [401] * TRIES + [429]


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
async def test_a_login_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    async with serving(World(), token=None) as client:
        response = await client.post("/login", data={"token": TOKEN}, headers=headers, allow_redirects=False)

    assert response.status == 403
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("route", [pytest.param(each, id=each.path) for each in FORMS])
async def test_a_form_of_another_site_or_without_its_token_changes_nothing(route: Route) -> None:
    world = World()
    world.dead_letters.add(1)
    fields = {"act": "process", "id": "1", "reason": "x", "retry_count": "1", "version": "0"}

    async with serving(world, token=None) as client:
        await sign_in(client)
        right = {**fields, "form_token": await form_token(client)}
        path = path_of(route.path)
        refused = [
            await client.post(path, data=fields, headers=origin(client)),
            await client.post(path, data={**fields, "form_token": "wrong"}, headers=origin(client)),
            await client.post(path, data=right, headers={"Origin": "http://evil.example"}),
            await client.post(path, data=right),
        ]

    assert [response.status for response in refused] == [403] * 4
    assert world.audit.rows == []
    assert world.magento.tests == 0


async def test_no_page_changes_anything_when_it_is_only_looked_at() -> None:
    world = World()
    world.dead_letters.add(1)
    await world.sync_runs.ask("product", "changes", Act(actor="Dana"))

    async with serving(world, token=None) as client:
        await sign_in(client)
        for route in PAGES:
            if route.method == "GET":
                assert (await client.get(path_of(route.path))).status == 200
            else:
                assert (await client.get(path_of(route.path))).status in {200, 404, 405}

    assert world.audit.rows == []


async def test_the_overview_shows_queues_settings_and_faults() -> None:
    world = World()
    world.dead_letters.add(1)
    world.checks["broker"].fault = "connection refused"

    async with serving(world, token=None) as client:
        await sign_in(client)
        page = await (await client.get("/")).text()

    assert "to_magento.pricing" in page
    assert "52" in page
    assert "connection refused" in page
    assert "bulk requests of <strong>25</strong>" in page


async def test_queues_and_intake_are_controlled_from_the_overview() -> None:
    world = World()

    async with serving(world, token=None) as client:
        await sign_in(client)
        for act in ("pause", "resume", "run"):
            assert (await send(client, f"/queues/{PRICING.name}/{act}")).status == 303
        without_reason = await send(client, "/intake/stop")
        assert (await send(client, "/intake/stop", reason="stocktaking")).status == 303
        assert "stocktaking" in await (await client.get("/")).text()
        assert (await send(client, "/intake/resume")).status == 303
        unknown = await send(client, f"/queues/{PRICING.name}/explode")

    assert (without_reason.status, unknown.status) == (422, 404)
    assert [row[0] for row in world.audit.rows] == [
        "queue.paused",
        "queue.resumed",
        "queue.run_requested",
        "intake.stopped",
        "intake.resumed",
    ]


async def test_failed_messages_are_chosen_confirmed_and_processed() -> None:
    world = World()
    for letter_id in (1, 2, 3):
        world.dead_letters.add(letter_id)

    async with serving(world, token=None) as client:
        await sign_in(client)
        confirmation = await send(client, "/dead-letters/confirm", act="process", id="2", state="failed")
        asked = await confirmation.text()
        assert world.audit.rows == []
        done = await send(client, "/dead-letters/act", act="process", id="2", state="failed", reason="fixed")
        shown = await (await client.get(done.headers["Location"])).text()

    assert (confirmation.status, done.status) == (200, 303)
    assert "Process 1 message?" in asked
    assert "1 message put back" in shown
    assert "AC-2" not in shown
    [(_, target, act)] = world.audit.rows
    assert (target, act.actor, act.reason) == ("2", "admin", "fixed")


async def test_process_all_takes_the_filter_along() -> None:
    world = World()
    for letter_id in (1, 2, 3):
        world.dead_letters.add(letter_id)

    async with serving(world, token=None) as client:
        await sign_in(client)
        asked = await send(client, "/dead-letters/confirm", act="process_all", key="AC-3", state="failed")
        page = await asked.text()
        carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        carried.pop("form_token")
        done = await send(client, "/dead-letters/act", **carried)

    assert "<dd>AC-3</dd>" in page
    assert "Process all 1 message that match?" in page
    assert carried["until"].startswith("2026-11-22")  # what fails while the question is read is not meant
    assert done.status == 303
    assert "until" not in done.headers["Location"]
    assert [row[1] for row in world.audit.rows] == ["3"]


async def test_process_all_stops_when_the_number_is_another_than_was_asked_about() -> None:
    world = World()
    world.dead_letters.add(1)
    world.dead_letters.add(2)

    async with serving(world, token=None) as client:
        await sign_in(client)
        done = await send(client, "/dead-letters/act", act="process_all", state="failed", expected_count="1")
        page = await done.text()
        without = await send(client, "/dead-letters/act", act="process_all", state="failed")

    assert (done.status, without.status) == (409, 422)
    assert "about 2 dead letters now" in page
    assert world.audit.rows == []


async def test_messages_are_discarded_and_what_changed_meanwhile_is_told() -> None:
    world = World()
    world.dead_letters.add(1)
    world.dead_letters.add(2, state="reprocessed")

    async with serving(world, token=None) as client:
        await sign_in(client)
        data = [("form_token", await form_token(client)), ("act", "discard"), ("id", "1"), ("id", "2"), ("id", "1")]
        done = await client.post("/dead-letters/act", data=data, headers=origin(client))
        shown = await done.text()

    assert "1 message discarded. 1 had changed meanwhile" in shown
    assert [row[:2] for row in world.audit.rows] == [("dead_letter.discarded", "1")]


@pytest.mark.parametrize("fields", [{"act": "process"}, {"act": "explode", "id": "1"}, {"act": "process", "id": "x"}])
async def test_a_confirmation_without_sense_is_refused(fields: dict[str, str]) -> None:
    async with serving(World(), token=None) as client:
        await sign_in(client)
        response = await send(client, "/dead-letters/confirm", **fields)

        assert (response.status, response.content_type) == (422, "text/html")


HOSTILE = "<script>alert(1)</script><svg onload=alert(1)></textarea>\u202egnp.exe\x1b[31m\"'{{ 7919*7919 }}"


async def test_what_strangers_wrote_is_shown_and_never_understood() -> None:
    world = World()
    world.dead_letters.add(1, source=HOSTILE, body=b'{"data": {"name": "</pre><script>alert(2)</script>"}}')
    world.dead_letters.add(2, source=HOSTILE, body=HOSTILE.encode())

    async with serving(world, token=None) as client:
        await sign_in(client)
        pages = [
            await (await client.get(path)).text() for path in ("/dead-letters/1", "/dead-letters/2", "/dead-letters")
        ]

    for page in pages:
        assert "<script" not in page
        assert "<svg" not in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert "62710561" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]
    assert "\\u202egnp.exe\\x1b[31m" in pages[0]
    assert "&lt;/pre&gt;&lt;script&gt;" in pages[0]


async def test_pages_hold_no_script_and_no_style_of_their_own() -> None:
    world = World()
    world.dead_letters.add(1)
    await world.sync_runs.ask("product", "changes", Act(actor="Dana"))

    async with serving(world, token=None) as client:
        pages = [await (await client.get("/login")).text()]
        await sign_in(client)
        pages += [
            await (await client.get(path)).text()
            for path in ("/", "/dead-letters", "/dead-letters/1", "/syncs", "/syncs/runs/1", "/settings")
        ]

    for page in pages:
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://", page)


async def test_settings_are_changed_by_a_form_and_faults_stand_beside_their_field() -> None:
    world = World()
    fields = {
        "threshold_count": "10",
        "batch_count": "5",
        "retry_count": "3",
        "check_process_time": "50",
        "process_sleep_time": "5",
        "outage_policy": "hold",
    }

    async with serving(world, token=None) as client:
        await sign_in(client)
        wrong = await send(client, "/settings", **{**fields, "batch_count": "0", "retry_count": "x"}, version="0")
        told = await wrong.text()
        saved = await send(client, "/settings", **fields, version="0", fail_fast="on")
        late = await send(client, "/settings", **fields, version="0")

    assert wrong.status == 422
    assert "must be an integer from 1 to 1000000" in told
    assert 'value="x"' in told
    assert saved.status == 303
    assert late.status == 409
    [version] = world.settings.versions
    assert (version.settings.batch_count, version.settings.outage_policy, version.settings.fail_fast) == (
        5,
        "hold",
        True,
    )


async def test_a_page_that_cannot_be_shown_is_a_page_too() -> None:
    async with serving(World(), token=None) as client:
        await sign_in(client)
        response = await client.get("/dead-letters/99")
        page = await response.text()

    assert (response.status, response.content_type) == (404, "text/html")
    assert "There is no dead letter 99" in page


async def test_a_mistyped_address_is_answered_with_a_page_in_a_browser_alone() -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with serving(World(), token=None) as client:
        await sign_in(client)
        kinds = [
            (response.status, response.content_type)
            for path, headers in (("/sync", browser), ("/sync", {}), ("/api/v1/sync", browser))
            for response in [await client.get(path, headers=headers)]
        ]

    assert kinds == [(404, "text/html"), (404, "application/problem+json"), (404, "application/problem+json")]


async def test_signing_out_ends_the_session_in_the_browser_and_for_whoever_copied_its_cookie() -> None:
    world = World()
    async with serving(world, token=None) as client:
        await sign_in(client)
        copied = client.session.cookie_jar.filter_cookies(client.make_url("/"))[COOKIE].value
        assert (await send(client, "/logout")).status == 303

        assert (await client.get("/", allow_redirects=False)).status == 303
        cookie = {"Cookie": f"{COOKIE}={copied}"}
        assert (await client.get("/", headers=cookie, allow_redirects=False)).status == 303


async def test_a_session_ends_when_its_token_is_revoked() -> None:
    world = World()
    token_id = world.token_store.add("alice", "operator", "the-token-of-alice")
    async with serving(world, token=None) as client:
        await sign_in(client, "the-token-of-alice")
        opened = await client.get("/")
        await world.tokens.revoke(token_id, Act(actor="tests"))
        closed = await client.get("/", allow_redirects=False)

    assert (opened.status, closed.status) == (200, 303)


async def test_each_sign_in_makes_another_session() -> None:
    async with serving(World(), token=None) as client:
        cookies = set()
        for _ in range(3):
            await sign_in(client)
            cookies.add(client.session.cookie_jar.filter_cookies(client.make_url("/"))[COOKIE].value)

    assert len(cookies) == 3


async def test_a_token_that_only_publishes_opens_no_pages() -> None:
    world = World([Principal.of("feed", Secret(TOKEN), "publisher")])
    async with serving(world, token=None) as client:
        response = await client.post("/login", data={"token": TOKEN}, headers=origin(client), allow_redirects=False)
        page = await response.text()

    assert response.status == 403
    assert "does not open these pages" in page
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(("role", "acts"), [("viewer", False), ("operator", True), ("admin", True)])
async def test_pages_offer_only_what_a_role_may_do(role: TokenRole, acts: bool) -> None:  # noqa: FBT001 - a parameter
    world = World([Principal.of("one", Secret(TOKEN), role)])
    world.dead_letters.add(1)
    shown = {}

    async with serving(world, token=None) as client:
        await sign_in(client)
        for path in ("/", "/dead-letters", "/dead-letters/1", "/settings"):
            shown[path] = set(
                re.findall(r'<form method="post" action="([^"]+)"', await (await client.get(path)).text())
            )
            shown[path] |= set(re.findall(r"<button[^>]*>([^<]+)<", await (await client.get(path)).text()))

    assert ("Run now" in shown["/"], "Pause" in shown["/"], "Stop" in shown["/"]) == (acts, acts, acts)
    assert ("Test connection" in shown["/"]) == acts
    assert ("Process All" in shown["/dead-letters"], "Discard" in shown["/dead-letters"]) == (acts, acts)
    assert ("Process" in shown["/dead-letters/1"]) == acts
    assert ("Save" in shown["/settings"]) == (role == "admin")


async def test_a_token_that_may_only_read_sees_pages_and_changes_nothing() -> None:
    world = World([Principal.of("reader", Secret(TOKEN), "viewer")])

    async with serving(world, token=None) as client:
        await sign_in(client)
        assert (await client.get("/")).status == 200
        response = await send(client, f"/queues/{PRICING.name}/pause")

    assert response.status == 403
    assert world.audit.rows == []
