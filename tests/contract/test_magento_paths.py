"""What stands in an address: whatever a SKU is called, the store sees the same number of segments."""

import asyncio
from collections.abc import Sequence
from urllib.parse import unquote

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.acumatica.address import InstanceAddress
from daemon.clock import SystemClock
from daemon.magento.client import Call, MagentoClient, NotDone
from daemon.magento.session import Timeouts, open_session

NASTY = (
    "a/../../orders?x=1",
    "..%2f..%2forders",
    "AC 1+1&b=#frag",
    "a\\b",
    "%2e%2e",
    "%00",
    "a\r\nX-Injected: 1",
    "ümläut-日本-😀",
    ";v=1",
    "//evil.example/",
    "@evil.example",
    "a:b",
    "*",
    "?",
    "\u202e",
)
SHAPES: tuple[tuple[str, ...], ...] = (
    ("products", "{}"),
    ("products", "{}", "media", "1"),
    ("categories", "1", "products", "{}"),
    ("configurable-products", "{}", "options", "2"),
    ("products", "attributes", "{}"),
)
SKUS = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=64).filter(lambda sku: sku not in {".", ".."}),
    min_size=20,
    max_size=20,
)


async def asked_for(skus: Sequence[str]) -> list[tuple[tuple[str, ...], str, str]]:
    """Make a call of each shape for each SKU; gives shape, SKU and the raw path that came."""
    came: list[str] = []

    async def note(request: web.BaseRequest) -> web.Response:
        came.append(request.raw_path if isinstance(request, web.Request) else request.path_qs)
        return web.json_response([])

    server = await asyncio.get_running_loop().create_server(web.Server(note), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sent = []
    async with open_session(Timeouts()) as session:
        client = MagentoClient(url, None, session=session, clock=SystemClock())
        for sku in skus:
            for shape in SHAPES:
                await client.call(Call(method="GET", segments=[each.format(sku) for each in shape]))
                sent.append((shape, sku))
    server.close()
    assert len(came) == len(sent)
    return [(shape, sku, path) for (shape, sku), path in zip(sent, came, strict=True)]


def check(skus: Sequence[str]) -> None:
    for shape, sku, path in asyncio.run(asked_for(skus)):
        segments = path.split("/")
        assert segments[:4] == ["", "rest", "all", "V1"]
        assert [unquote(each) for each in segments[4:]] == [each.format(sku) for each in shape]
        assert not set(path) & set("?#\\ \r\n@;")


@settings(max_examples=5)
@given(SKUS)
def test_a_sku_is_one_segment_of_every_path_that_holds_one(skus: list[str]) -> None:
    check(skus)


def test_skus_that_look_like_addresses_are_one_segment_as_well() -> None:
    check(NASTY)


@pytest.mark.parametrize("sku", [".", "..", ""])
async def test_what_servers_resolve_before_they_look_is_never_sent(sku: str) -> None:
    async with open_session(Timeouts()) as session:
        client = MagentoClient("http://127.0.0.1:9", None, session=session, clock=SystemClock())

        reply = await client.call(Call(method="GET", segments=("products", sku)))

    assert isinstance(reply, NotDone)
    assert "cannot stand in an address" in reply.verdict.text


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64))
def test_a_key_of_the_erp_is_one_segment_or_refused(key: str) -> None:
    address = InstanceAddress.parse("https://erp.example/Site")
    if key in {".", ".."} or "/" in key or "\\" in key:
        with pytest.raises(ValueError, match="cannot stand"):
            address.path(("entity", "Default", "24.200.001", "StockItem", key))
        return

    path = address.path(("entity", "Default", "24.200.001", "StockItem", key))

    assert path.count("/") == 6
    assert unquote(path.rpartition("/")[2]) == key
