"""A store on a real socket that answers by a script and remembers every request."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from daemon.magento.authentication import Authentication, BearerToken
from daemon.magento.client import MAX_ANSWER_BYTES, MagentoClient
from daemon.magento.session import Timeouts, open_session
from daemon.secret import Secret
from daemon.settings.document.routing import Routing
from queues.ports import Clock
from tests.fakes.clock import FakeClock
from tests.magento_contract import contract_errors

TOKEN = "sentinel-token-4711"

_CHECKED = ("products/base-prices", "products/cost", "products/special-price", "inventory/source-items")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAnswer:
    """What the store answers; *drop*: it closes the connection instead."""

    status: int = 200
    body: bytes = b"[]"
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came."""

    method: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, still encoded."""
        return self.target.partition("?")[0]

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        """The body, numbers with a fraction as Decimals."""
        return json.loads(self.body, parse_float=Decimal)


Script = Callable[[Received], StoreAnswer]


def answer(document: object, *, status: int = 200) -> StoreAnswer:
    return StoreAnswer(status=status, body=json.dumps(document).encode())


@dataclass(slots=True, kw_only=True)
class ScriptedStore:
    """The running store."""

    base_url: str
    client: MagentoClient
    clock: FakeClock
    requests: list[Received]

    def posts(self, tail: str) -> list[Received]:
        """The writes whose path ends in *tail*."""
        return [each for each in self.requests if each.method != "GET" and each.path.endswith(tail)]


@asynccontextmanager
async def scripted_store(
    script: Script,
    *,
    prefix: str = "",
    authentication: Authentication | None = None,
    timeouts: Timeouts | None = None,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
    routing: Routing | None = None,
) -> AsyncIterator[ScriptedStore]:
    """Run a store whose every answer *script* gives; each body it gets is checked against the contract."""
    requests: list[Received] = []
    faults: list[str] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        received = Received(
            method=request.method,
            target=request.raw_path,
            query=dict(request.query),
            headers=request.headers,
            body=await request.read(),
        )
        requests.append(received)
        faults.extend(_contract_faults(received))
        said = script(received)
        if said.drop and request.transport is not None:
            request.transport.abort()
        return web.Response(
            status=said.status, body=said.body, headers={"Content-Type": said.content_type, **said.headers}
        )

    clock = FakeClock()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(RawTestServer(handle, host="127.0.0.1"))
        session = await stack.enter_async_context(open_session(timeouts or Timeouts()))
        base_url = str(server.make_url(prefix or "/"))
        client = MagentoClient(
            base_url,
            authentication or BearerToken(Secret(TOKEN)),
            session=session,
            clock=_as_clock(clock),
            max_answer_bytes=max_answer_bytes,
            routing=routing,
        )
        yield ScriptedStore(base_url=base_url, client=client, clock=clock, requests=requests)
    assert faults == []


def _as_clock(clock: FakeClock) -> Clock:
    return clock


def _contract_faults(received: Received) -> list[str]:
    if received.method == "GET":
        return []
    for tail in _CHECKED:
        if received.path.endswith(f"/V1/{tail}"):
            return contract_errors(received.method, tail, json.loads(received.body))
    if received.method == "PUT" and "/V1/products/" in received.path:
        return contract_errors("PUT", "products/{sku}", json.loads(received.body))
    return []
