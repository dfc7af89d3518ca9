"""The daemon's HTTP API, spoken to as any client would."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from tests.acceptance.daemon_process import PATIENCE_SECONDS

POLL_SECONDS: Final = 0.1
"""How often a state is asked for that nobody announces."""

Document = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    document: Document
    headers: Mapping[str, str]


class Api:
    """One client of one daemon."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self.address = address

    async def call(
        self,
        method: str,
        path: str,
        *,
        document: Document = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """Make a call to *path* under `/api/v1/` (or anywhere, with a slash in front)."""
        where = path if path.startswith("/") else f"/api/v1/{path}"
        sent: dict[str, Any] = {"data": body} if body is not None else {}
        if document is not None:
            sent = {"json": document}
        async with self._session.request(
            method, f"{self.address}{where}", params=query, headers=headers, **sent
        ) as response:
            is_json = response.content_type.endswith("json")
            content = await (response.json(content_type=None) if is_json else response.text())
            return Answer(status=response.status, document=content, headers=dict(response.headers))

    async def get(self, path: str, **parameters: str | int) -> Document:
        """Read, successfully."""
        answer = await self.call("GET", path, query=parameters)
        assert answer.status == 200, answer.document
        return answer.document

    async def post(self, path: str, document: Document = None, *, actor: str = "tests") -> Document:
        """Act, successfully."""
        answer = await self.call(
            "POST", path, document={} if document is None else document, headers={"X-Actor": actor}
        )
        assert answer.status in (200, 202), answer.document
        return answer.document

    async def put_settings(self, **fields: object) -> Document:
        """Put Queue Processing Settings in force; what is left out takes its default."""
        answer = await self.call("PUT", "settings/queue-processing", document=fields)
        assert answer.status == 200, answer.document
        return answer.document

    async def until(self, path: str, claim: Callable[[Document], bool], **parameters: str | int) -> Document:
        """Read again and again until *claim* holds."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not claim(document := await self.get(path, **parameters)):  # noqa: ASYNC110 - as the comment below says
                # Nobody announces this state: it is asked for again, at a pace that leaves the machine to the others.
                await asyncio.sleep(POLL_SECONDS)
        return document

    async def wait_until_ready(self) -> None:
        """Return when the daemon calls itself ready again."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.call("GET", "/health/ready")).status != 200:  # noqa: ASYNC110 - as in `until`
                await asyncio.sleep(POLL_SECONDS)

    async def items(self, path: str, **parameters: str | int) -> Sequence[Document]:
        """Read a whole list."""
        found: list[Document] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, **{"limit": 500, **parameters, **cursor})
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}


@asynccontextmanager
async def api_client(address: str, token: str) -> AsyncIterator[Api]:
    """Open a client for as long as the block lasts."""
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"}, timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    ) as session:
        yield Api(session, address)
