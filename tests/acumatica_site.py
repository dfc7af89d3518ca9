"""A simulated Acumatica for tests, and a bare client of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from daemon.sandbox.acumatica.serve import RunningAcumatica, running_acumatica
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings

SMALL = AcumaticaSandboxSettings(default_items=12)
LOGIN = {"name": SMALL.username, "password": SMALL.password, "tenant": "Shop", "branch": "MAIN"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    document: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BareClient:
    """Sends what it is told, as it is told."""

    running: RunningAcumatica
    session: aiohttp.ClientSession

    async def send(self, method: str, path: str, document: object = None, **headers: str) -> Answer:
        body = document if isinstance(document, bytes | None) else msgspec.json.encode(document)
        if body is not None and not headers.get("Content-Type"):
            headers["Content-Type"] = "application/json"
        url = URL(f"{self.running.url}{path}", encoded=True)
        async with self.session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json" and raw
            return Answer(
                status=answer.status,
                document=msgspec.json.decode(raw) if is_json else raw.decode(),
                headers=dict(answer.headers),
            )

    async def endpoint(self, method: str, path: str, document: object = None, **headers: str) -> Answer:
        return await self.send(method, f"/entity/Default/24.200.001/{path}", document, **headers)

    async def control(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON
        body = None if document is None else msgspec.json.encode(document)
        async with self.session.request(method, f"{self.running.control_url}/_sandbox/{path}", data=body) as answer:
            assert answer.ok, await answer.text()
            return await answer.json()


@asynccontextmanager
async def site(settings: AcumaticaSandboxSettings = SMALL, *, sign_in: bool = True) -> AsyncIterator[BareClient]:
    async with (
        running_acumatica(settings) as running,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        client = BareClient(running=running, session=session)
        if sign_in:
            assert (await client.send("POST", "/entity/auth/login", LOGIN)).status == 204
        yield client
