"""The client against a store on a real socket: one request each, and every answer judged."""

import asyncio
import gzip
from base64 import b64encode
from urllib.parse import quote, unquote

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oauthlib import oauth1

from daemon.magento.authentication import OAuth1
from daemon.magento.client import Answered, Call, MagentoClient, NotDone
from daemon.magento.session import Timeouts, open_session
from daemon.secret import Secret
from queues.verdicts import Refused, Unreachable
from tests.fakes.clock import FakeClock
from tests.fakes.magento_store import TOKEN, Received, StoreAnswer, answer, scripted_store

READ = Call(method="GET", segments=("store", "storeConfigs"))
DROP = StoreAnswer(drop=True)


def put(sku: str) -> Call:
    return Call(method="PUT", segments=("products", sku), document={"product": {"sku": sku, "status": 1}})


async def test_a_request_carries_exactly_the_headers_that_magento_needs() -> None:
    async with scripted_store(lambda _: answer({"sku": "AC-1"})) as store:
        reply = await store.client.call(put("AC-1"))

        request = store.requests[0]
        assert isinstance(reply, Answered)
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["Accept"] == "application/json"
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert request.headers["X-Request-Id"] == reply.exchange.request_id
        assert request.headers["User-Agent"].startswith("am-connector/")
        assert "Cookie" not in request.headers
        assert reply.exchange.request == "PUT /rest/all/V1/products/AC-1"


async def test_a_read_has_no_content_type() -> None:
    async with scripted_store(lambda _: answer([])) as store:
        await store.client.call(READ)

        assert "Content-Type" not in store.requests[0].headers


async def test_the_session_cookie_of_the_shop_is_not_sent_back() -> None:
    with_cookie = StoreAnswer(headers={"Set-Cookie": "PHPSESSID=abc; path=/"})
    async with scripted_store(lambda _: with_cookie) as store, open_session(Timeouts()) as session:
        # By name: for bare addresses a cookie jar keeps nothing anyway.
        base_url = store.base_url.replace("127.0.0.1", "localhost")
        client = MagentoClient(base_url, None, session=session, clock=FakeClock())
        await client.call(READ)
        await client.call(READ)

        assert ["Cookie" in request.headers for request in store.requests] == [False, False]


@pytest.mark.parametrize("prefix", ["/", "/shop", "/shop/", "/a/b//"])
async def test_a_base_url_may_have_a_path_and_a_slash_at_its_end(prefix: str) -> None:
    async with scripted_store(lambda _: answer([]), prefix=prefix) as store:
        await store.client.call(READ)

        expected = "/".join(part for part in prefix.split("/") if part)
        assert store.requests[0].path == (f"/{expected}" if expected else "") + "/rest/all/V1/store/storeConfigs"


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda sku: sku not in {".", ".."}),
)
async def test_a_sku_is_one_segment_of_the_path_whatever_it_contains(sku: str) -> None:
    async with scripted_store(lambda _: answer({})) as store:
        await store.client.call(put(sku))

        segments = store.requests[0].target.split("/")
        assert segments[:5] == ["", "rest", "all", "V1", "products"]
        assert len(segments) == 6
        assert unquote(segments[5], errors="strict") == sku
        assert not set(segments[5]) & set("?#+ ")


@pytest.mark.parametrize("sku", [".", "..", "\ud800"])
async def test_what_no_address_can_hold_is_refused_without_a_request(sku: str) -> None:
    async with scripted_store(lambda _: answer({})) as store:
        reply = await store.client.call(put(sku))

        assert isinstance(reply, NotDone)
        assert isinstance(reply.verdict, Refused)
        assert reply.verdict.error_class == "validation"
        assert store.requests == []


@pytest.mark.parametrize("call", [put("AC-1"), READ, Call(method="DELETE", segments=("products", "AC-1"))])
async def test_a_dropped_connection_is_one_request_and_an_unknown_outcome(call: Call) -> None:
    async with scripted_store(lambda _: DROP) as store:
        reply = await store.client.call(call)

        assert isinstance(reply, NotDone)
        assert isinstance(reply.verdict, Unreachable)
        assert reply.verdict.error_class == "connection"
        assert "outcome is unknown" in reply.verdict.text
        assert len(store.requests) == 1


async def test_without_the_middleware_aiohttp_sends_a_put_twice() -> None:
    async with scripted_store(lambda _: DROP) as store, aiohttp.ClientSession() as plain:
        with pytest.raises(aiohttp.ClientError):
            await plain.put(f"{store.base_url}rest/all/V1/products/AC-1", json={"product": {"sku": "AC-1"}})

        assert len(store.requests) == 2


async def test_a_refused_connection_is_unreachable() -> None:
    async with scripted_store(lambda _: answer([])) as store:
        base_url = store.base_url
    async with open_session(Timeouts()) as session:
        reply = await MagentoClient(base_url, None, session=session, clock=FakeClock()).call(READ)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Unreachable)
    assert "cannot connect" in reply.verdict.text


async def test_tls_to_a_port_without_tls_is_unreachable_and_says_so() -> None:
    async with scripted_store(lambda _: answer([])) as store, open_session(Timeouts()) as session:
        base_url = store.base_url.replace("http://", "https://")
        reply = await MagentoClient(base_url, None, session=session, clock=FakeClock()).call(READ)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Unreachable)
    assert "TLS" in reply.verdict.text


async def test_a_closed_session_is_no_exception() -> None:
    async with scripted_store(lambda _: answer([])) as store:
        client = store.client

    reply = await client.call(READ)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Unreachable)


async def test_a_store_that_never_answers_is_cut_at_the_total_time() -> None:
    silent = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    reply = await _ask_raw(serve, silent)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Unreachable)
    assert reply.verdict.error_class == "timeout"


async def test_a_body_that_never_ends_in_time_is_cut_at_the_total_time() -> None:
    silent = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[")
        await writer.drain()
        await silent.wait()
        writer.close()

    reply = await _ask_raw(serve, silent)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Unreachable)
    assert reply.verdict.error_class == "timeout"


async def test_an_answer_that_is_no_http_is_the_targets_fault() -> None:
    silent = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP ready\r\n\r\n")
        await writer.drain()
        await silent.wait()
        writer.close()

    reply = await _ask_raw(serve, silent, total_seconds=30)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Refused)
    assert reply.verdict.error_class == "target_error"


async def test_a_body_that_breaks_off_is_an_unknown_outcome() -> None:
    silent = asyncio.Event()
    silent.set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[]")
        await writer.drain()
        writer.close()

    reply = await _ask_raw(serve, silent, total_seconds=30)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Unreachable)
    assert reply.verdict.error_class == "connection"


async def _ask_raw(serve: object, silent: asyncio.Event, *, total_seconds: float = 0.2) -> object:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)  # type: ignore[arg-type]  # a coroutine function
    port = server.sockets[0].getsockname()[1]
    async with open_session(Timeouts(total_seconds=total_seconds)) as session:
        client = MagentoClient(f"http://127.0.0.1:{port}", None, session=session, clock=FakeClock())
        try:
            return await client.call(READ)
        finally:
            silent.set()
            server.close()


async def test_a_compressed_bomb_is_cut() -> None:
    bomb = gzip.compress(b" " * (16 * 1024 * 1024), compresslevel=1)
    said = StoreAnswer(body=bomb, headers={"Content-Encoding": "gzip"})
    async with scripted_store(lambda _: said) as store:
        reply = await store.client.call(READ)

    assert isinstance(reply, NotDone)
    assert isinstance(reply.verdict, Refused)
    assert reply.verdict.error_class == "target_error"
    assert "larger than 1048576 bytes" in reply.verdict.text
    assert reply.verdict.exchange is not None
    assert len(reply.verdict.exchange.answer) <= 2_000


async def test_a_redirect_is_not_followed() -> None:
    def script(request: Received) -> StoreAnswer:
        if request.path == "/canary":
            return answer([])
        return StoreAnswer(status=302, body=b"", headers={"Location": "/canary"})

    async with scripted_store(script) as store:
        reply = await store.client.call(put("AC-1"))

        assert isinstance(reply, NotDone)
        assert isinstance(reply.verdict, Refused)
        assert reply.verdict.error_class == "target_error"
        assert "/canary not followed" in reply.verdict.text
        assert len(store.requests) == 1


async def test_an_echoed_secret_is_masked_in_all_its_forms() -> None:
    forms = f"{TOKEN} {quote(TOKEN)} {b64encode(TOKEN.encode()).decode()}"
    async with scripted_store(lambda _: answer({"message": f"no {forms}"}, status=400)) as store:
        reply = await store.client.call(READ)

    assert TOKEN not in repr(reply)
    assert b64encode(TOKEN.encode()).decode() not in repr(reply)


async def test_oauth_signs_every_request_anew_and_right() -> None:
    credentials = OAuth1(
        consumer_key=Secret("the-key"),
        consumer_secret=Secret("the-secret"),
        access_token=Secret("the-token"),
        access_token_secret=Secret("the-token-secret"),
    )
    call = Call(method="GET", segments=("products", "a/b c+d"), query=(("searchCriteria[pageSize]", "1,2 3"),))
    async with scripted_store(lambda _: answer([]), authentication=credentials) as store:
        await store.client.call(call)
        await store.client.call(call)

        headers = [request.headers["Authorization"] for request in store.requests]
        fields = [_oauth_fields(header) for header in headers]
        assert fields[0]["oauth_nonce"] != fields[1]["oauth_nonce"]
        for request, each in zip(store.requests, fields, strict=True):
            verifier = oauth1.Client(
                "the-key",
                client_secret="the-secret",
                resource_owner_key="the-token",
                resource_owner_secret="the-token-secret",
                signature_method=oauth1.SIGNATURE_HMAC_SHA256,
                nonce=each["oauth_nonce"],
                timestamp=each["oauth_timestamp"],
            )
            url = store.base_url.rstrip("/") + request.target
            assert _oauth_fields(verifier.sign(url)[1]["Authorization"]) == each
            assert each["oauth_signature_method"] == "HMAC-SHA256"


def _oauth_fields(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.removeprefix("OAuth ").split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs}
