"""A shop that answers every record by a script, remembers every request, and knows which daemon made it."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Literal

from aiohttp import web

from tests.chaos.history import History, ShopRequest

Act = Literal[
    "ok", "slow", "hold", "refuse", "reset before", "reset after", "silent", "error", "limit", "html", "deadlock"
]
"""`hold`: it is answered when somebody asks for the same record again."""

SCRIPTS: Final[tuple[tuple[tuple[Act, ...], int], ...]] = (
    (("ok",), 60),
    (("slow", "ok"), 6),
    (("refuse",), 5),
    (("refuse", "ok"), 5),
    (("refuse", "refuse", "ok"), 3),
    (("reset before", "ok"), 3),
    (("reset after", "ok"), 4),
    (("reset after", "refuse"), 1),
    (("silent", "ok"), 1),
    (("error", "ok"), 3),
    (("limit", "ok"), 1),
    (("html", "ok"), 2),
    (("deadlock", "ok"), 3),
)
"""What a record's first, second … request comes to (the last act stays), and how often such a record is drawn."""

_WHOLE: Final[tuple[Act, ...]] = ("silent", "reset before", "reset after", "error", "limit", "html", "deadlock")
"""Acts that befall a whole request for the sake of one of its records; the first of them wins."""

_SLOW_SECONDS: Final = 0.3
_SILENT_SECONDS: Final = 4.0
_REFUSED: Final = "Invalid attribute Price = 1. Row ID: SKU = {sku}, Store ID: 0."


@dataclass(slots=True)
class Shop:
    """
    Attributes:
        urls: where each member finds it.
        is_down: it breaks every connection.
        is_closed: it answers 503 with a page, as in maintenance.
        is_healed: only what it refuses for good is still refused.
    """

    random: Random
    history: History
    urls: dict[str, str] = field(default_factory=dict)
    is_down: bool = False
    is_closed: bool = False
    is_healed: bool = False
    _scripts: dict[str, tuple[Act, ...]] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def script(self, key: str, acts: tuple[Act, ...] | None = None) -> None:
        """Decide what becomes of the requests of a record."""
        drawn = self.random.choices([acts for acts, _ in SCRIPTS], [weight for _, weight in SCRIPTS])[0]
        self._scripts[key] = acts or drawn

    async def until_requests(self, count: int) -> None:
        """Return when it was asked so often to change something."""
        while len(self.history.requests) < count:
            await self._next_request()

    async def _until_asked_again(self, keys: Sequence[str]) -> None:
        asked = {key: self._seen[key] for key in keys}
        while all(self._seen[key] == times for key, times in asked.items()):
            await self._next_request()

    async def _next_request(self) -> None:
        self._news.clear()
        await self._news.wait()

    def application(self, member: str) -> web.Application:
        """Give the shop as *member* sees it."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(member, request)

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", answer)
        return app

    async def _answer(self, member: str, request: web.Request) -> web.StreamResponse:
        document = await _document(request)
        keys = _keys(document)
        if self.is_down:
            _reset(request)
            return web.Response()
        if self.is_closed:
            return web.Response(status=503, text="<html>back soon</html>", content_type="text/html")
        if not keys:
            return _read(request)
        made = ShopRequest(
            at=time.time(),
            member=member,
            request_id=request.headers.get("X-Request-Id", ""),
            path=request.path,
            keys=keys,
        )
        self.history.requests.append(made)
        acts = {key: self._next_act(key) for key in keys}
        self._news.set()
        whole = next((act for act in _WHOLE if act in acts.values()), None)
        try:
            response = await self._serve(made, request, acts, whole)
            made.status = response.status
            return response
        finally:
            made.answered_at = time.time()

    def _next_act(self, key: str) -> Act:
        acts = self._scripts.get(key, ("ok",))
        act = acts[min(self._seen[key], len(acts) - 1)]
        self._seen[key] += 1
        return ("refuse" if act == "refuse" else "ok") if self.is_healed else act

    async def _serve(
        self, made: ShopRequest, request: web.Request, acts: Mapping[str, Act], whole: Act | None
    ) -> web.Response:
        if "slow" in acts.values():
            await asyncio.sleep(_SLOW_SECONDS)
        if "hold" in acts.values():
            await self._until_asked_again(made.keys)
        if whole in ("silent", "reset after"):
            made.applied = frozenset(made.keys)
        if whole == "silent":
            await asyncio.sleep(_SILENT_SECONDS)
        match whole:
            case "silent" | "reset after" | "reset before":
                _reset(request)
                return web.Response()
            case "deadlock":
                made.is_undetermined = len(made.keys) > 1
                return _refusal(400, "Could not save Prices.")
            case "error" | "limit" | "html":
                return _trouble(whole)
            case _:
                return self._save(made, [key for key in made.keys if acts[key] == "refuse"])

    def _save(self, made: ShopRequest, refused: Sequence[str]) -> web.Response:
        if made.path.endswith("/base-prices"):
            made.applied = frozenset(made.keys) - frozenset(refused)
            return web.json_response([{"message": _REFUSED.format(sku=key), "parameters": []} for key in refused])
        if refused:
            made.is_undetermined = len(made.keys) > 1
            return _refusal(400, "Validation Failed")
        made.applied = frozenset(made.keys)
        return web.json_response([] if len(made.keys) > 1 or made.path.endswith("/source-items") else {})


async def _document(request: web.Request) -> Any:  # noqa: ANN401 - JSON
    body = await request.read()
    return json.loads(body) if body else None


def _keys(document: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    """Give the record keys of a request that changes something."""
    if not isinstance(document, dict):
        return ()
    rows = document.get("prices") or document.get("sourceItems") or [document["product"]]
    return tuple(row["sku"] for row in rows)


def _read(request: web.Request) -> web.Response:
    """Answer a search: the shop has every SKU it is asked for."""
    wanted = [sku for name, value in request.query.items() if name.endswith("[value]") for sku in value.split(",")]
    if request.path.endswith("/products"):
        items = [{"sku": sku, "type_id": "simple"} for sku in wanted]
        return web.json_response({"items": items, "total_count": len(items)})
    return web.json_response([])


def _trouble(act: Act) -> web.Response:
    if act == "html":
        return web.Response(text="<html>a page where JSON was due</html>", content_type="text/html")
    if act == "error":
        return _refusal(500, "Internal Error")
    response = _refusal(429, "Too Many Requests")
    response.headers["Retry-After"] = "1"
    return response


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@asynccontextmanager
async def open_shop(random: Random, history: History, members: Sequence[str]) -> AsyncIterator[Shop]:
    """Have a shop for as long as the block lasts; every member has an address of its own."""
    shop = Shop(random, history)
    async with AsyncExitStack() as stack:
        for member in members:
            runner = web.AppRunner(shop.application(member), access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            shop.urls[member] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield shop
