"""Every answer, whatever it is about, carries the security headers and tells nothing of what runs here."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.parser import BytesParser

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from daemon import __version__
from daemon.http.answering import SECURITY_HEADERS
from daemon.http.app import ALL_ROUTES, create_app
from daemon.http.server import make_runner
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World

TELLTALE = re.compile(rf"aiohttp|python|traceback|\.py|{re.escape(__version__)}", re.IGNORECASE)


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[int]:
    """Serve *world* the way the daemon does; gives the port."""
    await world.tokens.refresh()
    runner = make_runner(create_app(world.dependencies()))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def exchange(port: int, sent: bytes) -> tuple[int, dict[str, str], str]:
    """Send bytes, read the answer to its end: status, headers, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, _, fields = head.partition(b"\r\n")
    headers = dict(BytesParser().parsebytes(fields).items())
    return int(status_line.split()[1]), headers, body.decode()


def http(line: str, *fields: str, body: bytes = b"", token: str | None = TOKEN) -> bytes:
    given = ["Host: x", "Connection: close", *fields]
    if token is not None:
        given.append(f"Authorization: Bearer {token}")
    return "\r\n".join([line, *given, "", ""]).encode() + body


CHUNKED = "Transfer-Encoding: chunked"
JSON = "Content-Type: application/json"
TOO_LONG = 16 * 1024 * 1024 + 1
REQUESTS = {
    "200": (200, http("GET /api/v1/queues HTTP/1.1")),
    "200 page": (200, http("GET /settings HTTP/1.1")),
    "200 style": (200, http("GET /style.css HTTP/1.1")),
    "200 export": (200, http("GET /api/v1/dead-letters/export HTTP/1.1")),
    "303": (303, http("GET / HTTP/1.1", token=None)),
    "400 body": (400, http("POST /api/v1/events HTTP/1.1", JSON, "Content-Length: 1", body=b"{")),
    "401": (401, http("GET /api/v1/queues HTTP/1.1", token=None)),
    "403": (403, http("POST /intake/stop HTTP/1.1", "Content-Length: 0")),
    "404": (404, http("GET /nothing HTTP/1.1")),
    "404 page": (404, http("GET /dead-letters/99 HTTP/1.1")),
    "404 thing": (404, http("GET /api/v1/dead-letters/99 HTTP/1.1")),
    "405": (405, http("DELETE /api/v1/queues HTTP/1.1")),
    "409": (409, http("POST /api/v1/intake/resume HTTP/1.1")),
    "413": (413, http("POST /api/v1/events HTTP/1.1", JSON, f"Content-Length: {TOO_LONG}")),
    "415": (415, http("POST /api/v1/events HTTP/1.1", "Content-Length: 1", body=b"x")),
    "417": (417, http("POST /api/v1/events HTTP/1.1", "Expect: a miracle", "Content-Length: 1", body=b"x")),
    "422": (422, http("GET /api/v1/dead-letters?limit=0 HTTP/1.1")),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "two lengths": (400, http("POST / HTTP/1.1", "Content-Length: 1", "Content-Length: 2", body=b"xx")),
    "length and chunks": (400, http("POST / HTTP/1.1", "Content-Length: 3", CHUNKED, body=b"0\r\n\r\n")),
    "a long line": (400, http(f"GET /{'x' * 20_000} HTTP/1.1")),
    "a long header": (400, http("GET / HTTP/1.1", f"X-Long: {'x' * 20_000}")),
    "a header with a control character": (400, http("GET / HTTP/1.1", "X-Odd: a\x00b")),
    "a path that cannot be decoded": (404, http("GET /%ff%00 HTTP/1.1")),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
async def test_an_answer_carries_every_header_and_names_no_software(name: str) -> None:
    status, sent = REQUESTS[name]

    async with listening(World()) as port:
        answered, headers, body = await exchange(port, sent)

    assert answered == status
    expected = dict(SECURITY_HEADERS)
    if name == "200 style":
        expected["Cache-Control"] = "max-age=300"
    assert {each: headers.get(each) for each in expected} == expected
    assert headers["X-Request-ID"]
    assert not {"Server", "X-Powered-By", "Via"} & set(headers)
    if status >= 400:
        assert not TELLTALE.search(body.replace(f"am-connector {__version__}", "")), body


@pytest.mark.parametrize("path", ["/api/v1/queues", "/"])
async def test_what_nobody_expected_hides_behind_its_request_id(path: str) -> None:
    world = World()
    world.queues.at_broker.clear()  # makes the fake raise a KeyError
    request = http(f"GET {path} HTTP/1.1", "X-Request-ID: request-7788")

    async with listening(world) as port:
        with capture_logs() as logs:
            status, headers, body = await exchange(port, request)

    assert status == 500
    assert {each: headers.get(each) for each in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "request-7788" in body
    assert "KeyError" not in body
    assert not TELLTALE.search(body.replace(f"am-connector {__version__}", ""))
    assert [entry["event"] for entry in logs] == ["http.failed", "http.answered"]


async def test_what_is_no_http_is_told_in_one_quiet_line_without_its_bytes() -> None:
    async with listening(World()) as port:
        with capture_logs() as logs:
            _, _, body = await exchange(port, b"EVIL-WORDS\r\n\r\n")

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("http.not_understood", "info")]
    assert "EVIL" not in body + str(logs)


@pytest.mark.parametrize("path", sorted({route.path for route in ALL_ROUTES}))
async def test_no_page_of_another_site_is_let_near(path: str) -> None:
    """No route answers a cross-origin preflight, or lets another site read."""
    async with serving(World()) as client:
        response = await client.options(
            re.sub(r"\{\w+\}", "1", path),
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        )

    assert response.status == 405
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]
