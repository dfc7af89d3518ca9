"""The one client of the daemon's HTTP API: requests made once, JSON answers, problems as errors."""

import asyncio
import getpass
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from daemon import __version__
from daemon.cli.access import Access
from daemon.cli.errors import AnswerLost, ApiProblem, NotReachable
from daemon.cli.output import from_json, to_json
from daemon.cli.problem_lines import problem_of

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 120.0
"""Reprocessing thousands, or testing a connection to a slow store, takes its time."""
PAGE_SIZE: Final = 500
"""The most the API gives in one page."""
REPEATS: Final = 3
"""Calls whose answer was lost are made so often again, a second apart."""
PASSING_SECONDS: Final = 60
"""So long a call waits for one that is under way."""
_PASSING: Final = frozenset({"idempotency_under_way", "bulk_under_way"})
_LONGEST_ACTOR: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the daemon answered with a status below 400."""

    document: Any
    etag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list; *next_cursor* is None on the last one."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class ConnectionLost(aiohttp.ClientError):
    """The connection broke before an answer came; the outcome is unknown."""


class ApiClient:
    """
    Speaks to a running daemon; made by `open_api`.

    Every method raises NotReachable when the daemon does not answer, and ApiProblem when it says no.
    """

    def __init__(self, session: aiohttp.ClientSession, access: Access) -> None:
        self._session = session
        self._access = access

    @property
    def url(self) -> str:
        """Where the daemon is."""
        return self._access.url

    async def get(self, *path: str, **parameters: object) -> Answer:
        """Read what is at *path*; parameters that are None are left out."""
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        return await self._request("GET", path, parameters=given)

    async def post(self, *path: str, document: Mapping[str, object] | None = None) -> Answer:
        """Do what is at *path*, once, whatever becomes of the first answers."""
        body = None if document is None else to_json(document).encode()
        return await self._act("POST", path, body=body, headers={})

    async def post_batch(self, body: bytes) -> Answer:
        """Bring a batch of CloudEvents in."""
        return await self._request("POST", ("events",), body=body, media_type="application/cloudevents-batch+json")

    async def patch(self, *path: str, document: Mapping[str, object], if_match: str | None, reason: str) -> Answer:
        """Change what is at *path*, if it still is what *if_match* says; X-Reason is for the history."""
        headers = {"X-Reason": reason} if reason else {}
        if if_match is not None:
            headers["If-Match"] = if_match
        return await self._act("PATCH", path, body=to_json(document).encode(), headers=headers)

    async def page(self, *path: str, size: int, cursor: str | None, **parameters: object) -> Page:
        """Read one page of a list, from *cursor* on."""
        document = (await self.get(*path, **parameters, limit=size, cursor=cursor)).document
        return Page(items=document["items"], next_cursor=document.get("next_cursor"))

    async def first_items(self, *path: str, limit: int, **parameters: object) -> list[dict[str, Any]]:
        """Read up to *limit* rows of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = None
        while len(items) < limit:
            page = await self.page(*path, size=min(limit - len(items), PAGE_SIZE), cursor=cursor, **parameters)
            items += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return items

    async def _act(
        self, method: str, path: tuple[str, ...], *, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Make a call that changes something; it is repeated under one key while nobody knows what became of it."""
        keyed = {**headers, "Idempotency-Key": uuid.uuid4().hex}
        lost = waited = 0
        while True:
            try:
                return await self._request(method, path, body=body, headers=keyed)
            except AnswerLost:
                lost += 1
                if lost > REPEATS:
                    raise
            except ApiProblem as problem:
                waited += 1
                if problem.code not in _PASSING or waited > PASSING_SECONDS:
                    raise
            await asyncio.sleep(1)

    async def _request(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        url = "/".join((f"{self._access.url}/api/v1", *(quote(part, safe="") for part in path)))
        sent = {"Content-Type": media_type} if body is not None else {}
        try:
            async with self._session.request(
                method, url, params=parameters, data=body, headers={**sent, **(headers or {})}, allow_redirects=False
            ) as response:
                content = await response.read()
        except aiohttp.ConnectionTimeoutError as error:
            raise NotReachable(f"the daemon at {self.url} cannot be reached: no connection in time") from error
        except TimeoutError as error:
            raise AnswerLost(f"the daemon at {self.url} did not answer in time") from error
        except ConnectionLost as error:
            raise AnswerLost(f"the daemon at {self.url} cannot be reached: {_why(error)}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotReachable(f"the daemon at {self.url} cannot be reached: {_why(error)}") from error
        return self._read(response, content)

    def _read(self, response: aiohttp.ClientResponse, content: bytes) -> Answer:
        kind = response.content_type
        if not (kind == "application/json" or kind.endswith("+json")):
            raise self._no_daemon(response)
        try:
            document = from_json(content)
        except ValueError as error:
            raise self._no_daemon(response) from error
        if response.status < 400:  # noqa: PLR2004 - the class of HTTP statuses
            return Answer(document=document, etag=response.headers.get("ETag"))
        problem = document if isinstance(document, dict) else {}
        raise problem_of(problem, status=response.status, url=self.url, token_given=self._access.token is not None)

    def _no_daemon(self, response: aiohttp.ClientResponse) -> NotReachable:
        return NotReachable(
            f"what answers at {self.url} is not the connector's API: "
            f"{response.status} {response.content_type} for {response.url.path}"
        )


@asynccontextmanager
async def open_api(access: Access) -> AsyncIterator[ApiClient]:
    """Open the client; no connection is made before the first request."""
    headers = {"Accept": "application/json", "User-Agent": f"am-connector/{__version__}"}
    if access.token is not None:
        headers["Authorization"] = f"Bearer {access.token.reveal()}"
    actor = _actor()
    if actor:
        headers["X-Actor"] = actor
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
    async with aiohttp.ClientSession(
        headers=headers, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_send_once,)
    ) as session:
        yield ApiClient(session, access)


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from silently repeating a request whose connection broke (RELIABILITY.md, finding 4)."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost(f"the connection broke, the outcome is unknown ({error})") from error


def _actor() -> str:
    """Name the user of this machine, for the audit log; empty when nobody knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return ""
    return name if name.isascii() and name.isprintable() and len(name) <= _LONGEST_ACTOR else ""


def _why(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its host name is not known"
        case aiohttp.ClientConnectorError():
            return "nobody listens there" if isinstance(error.os_error, ConnectionRefusedError) else str(error.os_error)
        case _:
            return str(error) or type(error).__name__
