"""The client over the simulated Acumatica: sessions, tokens, limits, every form of error."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from daemon.acumatica.client import Answered, Call, NotDone
from daemon.acumatica.connection import test_connection as check_connection
from daemon.acumatica.endpoints import Endpoint
from daemon.acumatica.opening import ClientSettings, open_client
from daemon.acumatica.tokens import MemoryTokenStore
from queues.verdicts import Refused, Unreachable
from tests.acumatica_client import FAST, cookies, oauth, pair, speaking
from tests.acumatica_site import LOGIN, SMALL, site
from tests.fakes.clock import FakeClock

READ = Call(method="GET", segments=("TaxCategory",), query=(("$select", "TaxCategoryID"),))


async def test_a_session_is_opened_by_the_first_call_used_again_and_signed_out() -> None:
    async with site(sign_in=False) as bare:
        async with speaking(bare) as client:
            replies = [await client.call(READ) for _ in range(3)]
            during = await bare.control("GET", "sessions")
        after = await bare.control("GET", "sessions")

    assert all(isinstance(reply, Answered) for reply in replies)
    assert (during["open"], during["logins"]) == (1, 1)
    assert after["open"] == 0


async def test_oauth_signs_in_once_and_keeps_the_chain_over_a_restart() -> None:
    store = MemoryTokenStore()
    async with site(sign_in=False) as bare:
        async with speaking(bare, oauth(store)) as client:
            assert isinstance(await client.call(READ), Answered)
        kept = await store.load(f"acumatica/{SMALL.client_id}/1")
        async with speaking(bare, oauth(store)) as client:
            assert isinstance(await client.call(READ), Answered)
            sessions = await bare.control("GET", "sessions")
        after = await bare.control("GET", "sessions")

    assert kept is not None
    assert b"refresh" not in kept[0]
    assert (sessions["open"], sessions["logins"]) == (1, 1)
    assert after["open"] == 0


async def test_an_access_token_that_has_ended_is_renewed_without_the_password() -> None:
    async with pair(sign_in=oauth()) as both:
        await both.client.call(READ)
        await both.site.control("DELETE", "sessions?tokens=access")

        reply = await both.client.call(READ)

        assert isinstance(reply, Answered)
        assert (await both.site.control("GET", "sessions"))["logins"] == 1


async def test_an_access_token_is_renewed_before_its_end() -> None:
    clock = FakeClock()
    async with site(sign_in=False) as bare, speaking(bare, oauth(), clock=clock) as client:
        await client.call(READ)
        await clock.advance(3_600)
        await client.call(READ)

        tokens = await bare.control("GET", "requests?path=/connect/token")
        unauthorised = [row for row in (await bare.control("GET", "requests"))["items"] if row["status"] == 401]

    assert tokens["total"] == 2
    assert not unauthorised


async def test_a_spent_refresh_token_leads_to_the_password() -> None:
    store = MemoryTokenStore()
    async with site(sign_in=False) as bare:
        async with speaking(bare, oauth(store)) as client:
            await client.call(READ)
        await bare.control("DELETE", "sessions?tokens=all")
        clock = FakeClock()
        async with speaking(bare, oauth(store), clock=clock) as client:
            calling = asyncio.create_task(client.call(READ))
            while not calling.done():
                await clock.advance(1)
            assert isinstance(await calling, Answered)
        logins = (await bare.control("GET", "sessions"))["logins"]

    assert logins == 2


async def test_two_daemons_share_a_chain_of_tokens() -> None:
    store = MemoryTokenStore()
    async with site(sign_in=False) as bare, speaking(bare, oauth(store)) as one, speaking(bare, oauth(store)) as two:
        replies = [await one.call(READ), await two.call(READ)]
        await bare.control("DELETE", "sessions?tokens=access")
        replies += [await one.call(READ), await two.call(READ)]
        sessions = await bare.control("GET", "sessions")

    assert all(isinstance(reply, Answered) for reply in replies)
    assert (sessions["open"], sessions["logins"]) == (1, 1)


async def test_a_lost_session_is_opened_again_and_the_call_made_once_more() -> None:
    async with pair() as both:
        await both.client.call(READ)
        await both.site.control("DELETE", "sessions")

        reply = await both.client.call(READ)

        assert isinstance(reply, Answered)
        assert (await both.site.control("GET", "sessions"))["logins"] == 2


async def test_a_wrong_password_is_not_tried_again_and_again() -> None:
    async with pair(sign_in=cookies("wrong"), sessions=3) as both:
        replies = await asyncio.gather(*(both.client.call(READ) for _ in range(9)))

        verdicts = [reply.verdict for reply in replies if isinstance(reply, NotDone)]
        assert len(verdicts) == 9
        assert all(isinstance(verdict, Refused) and verdict.error_class == "auth" for verdict in verdicts)
        assert (await both.site.control("GET", "sessions"))["logins"] == 1


async def test_no_secret_shows_in_what_failed() -> None:
    for sign_in in (cookies("wrong-secret"), oauth(password="wrong-secret")):
        async with pair(sign_in=sign_in) as both:
            reply = await both.client.call(READ)

        assert isinstance(reply, NotDone)
        assert "wrong-secret" not in repr(reply)
        assert SMALL.client_secret not in repr(reply)
        assert "stackTrace" not in repr(reply)


async def test_with_fewer_sessions_than_lanes_the_open_ones_do_the_work() -> None:
    async with pair(replace(SMALL, api_users=1), sessions=3) as both:
        replies = await asyncio.gather(*(both.client.call(READ) for _ in range(6)))

    assert all(isinstance(reply, Answered) for reply in replies)


async def test_without_a_free_session_the_whole_connection_pauses() -> None:
    async with pair(replace(SMALL, api_users=1)) as both, aiohttp.ClientSession() as other:
        async with other.post(f"{both.site.running.url}/entity/auth/login", json=LOGIN) as taken:
            assert taken.status == 204

        first = await both.client.call(READ)
        second = await both.client.call(READ)

        tries = await both.site.control("GET", "requests?path=/auth/login")
    assert isinstance(first, NotDone)
    assert isinstance(second, NotDone)
    assert isinstance(first.verdict, Refused)
    assert first.verdict.error_class == "rate_limit"
    assert first.verdict.retry_after_seconds == 60
    assert tries["total"] == 2  # the other's, and ours once


async def test_after_429_no_request_is_made_until_the_pause_is_over() -> None:
    clock = FakeClock()
    async with site(sign_in=False) as bare, speaking(bare, clock=clock) as client:
        await client.call(READ)
        await bare.control("PUT", "faults", {"mode": "rate_limited", "path": "TaxCategory", "count": 1})

        replies = [await client.call(READ), await client.call(READ)]
        await clock.advance(61)
        later = await client.call(READ)

        seen = await bare.control("GET", "requests?path=TaxCategory")
    assert all(isinstance(reply, NotDone) for reply in replies)
    assert isinstance(later, Answered)
    assert seen["total"] == 3


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"mode": "error_500"}, "target_error", "Object reference"),
        ({"mode": "business_error", "text": "The document is out of balance."}, "validation", "out of balance"),
        ({"mode": "lost_race"}, "conflict", "Another process"),
        ({"mode": "html"}, "target_error", "HTTP 200"),
        ({"mode": "bad_gateway"}, "target_error", "HTTP 502"),
        ({"mode": "redirect"}, "target_error", "/ui/error"),
        ({"mode": "forbidden"}, "auth", "no right"),
        ({"mode": "down"}, "connection", "connection was lost"),
        ({"mode": "reset_before"}, "connection", "connection was lost"),
    ],
)
async def test_every_fault_has_its_class(fault: dict[str, str], kind: str, words: str) -> None:
    async with pair() as both:
        await both.client.call(READ)
        await both.site.control("PUT", "faults", {**fault, "path": "TaxCategory"})

        reply = await both.client.call(READ)

        assert isinstance(reply, NotDone)
        assert (reply.verdict.error_class, words in reply.verdict.text) == (kind, True), reply.verdict.text
        seen = await both.site.control("GET", "requests?path=TaxCategory")
    assert seen["total"] == 2


async def test_a_write_whose_connection_is_cut_is_sent_once() -> None:
    async with pair() as both:
        await both.client.call(READ)
        await both.site.control("PUT", "faults", {"mode": "reset_after", "path": "TaxCategory"})
        document = {"TaxCategoryID": {"value": "NEW"}}

        reply = await both.client.call(Call(method="PUT", segments=("TaxCategory",), document=document))

        assert isinstance(reply, NotDone)
        assert isinstance(reply.verdict, Unreachable)
        assert (await both.site.control("GET", "requests?path=TaxCategory&method=PUT"))["total"] == 1


async def test_a_refused_field_is_named_with_its_path() -> None:
    document = {"CustomerID": {"value": "C000001"}, "Details": [{"InventoryID": {"value": "NONE"}}]}
    async with pair() as both:
        reply = await both.client.call(Call(method="PUT", segments=("SalesOrder",), document=document))

    assert isinstance(reply, NotDone)
    assert reply.verdict.error_class == "validation"
    assert "Details[0].InventoryID: 'Inventory ID' cannot be found" in reply.verdict.text


async def test_keys_with_hash_blank_and_plus_are_one_segment_and_a_slash_is_refused() -> None:
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "#12 x+y", "Description": "odd"})
        found = await both.client.call(Call(method="GET", segments=("StockItem", "#12 x+y")))
        refused = await both.client.call(Call(method="GET", segments=("StockItem", "a/b")))

    assert isinstance(found, Answered)
    assert isinstance(refused, NotDone)
    assert refused.verdict.error_class == "validation"


async def test_a_site_without_the_endpoint_is_refused_by_name() -> None:
    async with pair(replace(SMALL, endpoint_versions=("20.200.001", "22.200.001"))) as both:
        reply = await both.client.call(READ)
        report = await check_connection(both.client, None)

    assert isinstance(reply, NotDone)
    assert "Default/22.200.001" in reply.verdict.text
    assert (report.ok, report.reason) == (False, "missing_endpoint")


async def test_the_best_known_version_is_chosen_and_a_configured_one_kept() -> None:
    async with pair() as both:
        assert await both.client.endpoint() == Endpoint(name="Default", version="24.200.001")
    async with site(sign_in=False) as bare:
        wanted = Endpoint.parse("Default/23.200.001")
        settings = ClientSettings(url=bare.running.url, endpoint=wanted, requests_per_minute=FAST)
        async with open_client(settings, cookies(), FakeClock()) as client:
            assert await client.endpoint() == wanted


async def test_a_connection_that_is_well_says_so_under_a_path_too() -> None:
    async with pair(replace(SMALL, site_path="/Site")) as both:
        report = await check_connection(both.client, "Shop")

    assert (report.ok, report.reason, report.endpoint) == (True, "", "Default/24.200.001")


async def test_what_stands_between_is_told_apart() -> None:
    async def reason(**change: object) -> str:
        sign_in = change.pop("sign_in", None)
        fault = change.pop("fault", None)
        async with pair(replace(SMALL, **change), sign_in=sign_in) as both:  # type: ignore[arg-type]  # each test its own change
            if fault:
                await both.site.control("PUT", "faults", {"mode": fault})
            return (await check_connection(both.client, "Shop")).reason

    assert await reason(sign_in=cookies("wrong")) == "unauthorised"
    assert await reason(sign_in=oauth(password="wrong")) == "unauthorised"
    assert await reason(sign_in=oauth(secret="wrong")) == "unauthorised"
    assert await reason(sign_in=cookies(tenant="NoSuch")) == "wrong_tenant"
    assert await reason(tenants=("Other",)) == "wrong_tenant"
    assert await reason(api_users=0) == "session_limit"
    assert await reason(fault="down") == "unreachable"
    assert await reason(fault="forbidden") == "missing_permission"


async def test_a_wrong_path_and_nobody_there_are_told_apart() -> None:
    async with site(replace(SMALL, site_path="/Site"), sign_in=False) as bare:
        origin = bare.running.url.removesuffix("/Site")
        async with open_client(ClientSettings(url=f"{origin}/Wrong"), cookies(), FakeClock()) as client:
            wrong = await check_connection(client, None)
    async with open_client(ClientSettings(url=origin), cookies(), FakeClock()) as client:
        nobody = await check_connection(client, None)

    assert wrong.reason == "wrong_path"
    assert nobody.reason == "unreachable"
