"""What every operating verb begins with: the daemon's address, its client, one event loop."""

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from daemon.cli.access import read_access
from daemon.cli.api_client import PAGE_SIZE, Answer, ApiClient, Page, open_api

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiSession:
    """
    The API for work that is mostly not asynchronous, such as reading a pipe for hours.

    The loop runs only while a request is made, so that Ctrl-C ends a read that blocks.
    """

    runner: asyncio.Runner
    api: ApiClient

    def do(self, work: Callable[[ApiClient], Awaitable[T]]) -> T:
        """Do *work* with the client."""

        async def do() -> T:
            return await work(self.api)

        return self.runner.run(do())

    def post(self, *path: str, document: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Do what is at *path*; the document of the answer."""
        return self.do(functools.partial(_post, path=path, document=document)).document

    def get(self, *path: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        """Read what is at *path*."""
        return self.do(functools.partial(_get, path=path, parameters=parameters)).document

    def pages(self, *path: str, **parameters: object) -> Iterator[list[dict[str, Any]]]:
        """Read a list to its end, one page in hand at a time."""
        cursor: str | None = None
        while True:
            page = self.do(functools.partial(_read_page, path=path, cursor=cursor, parameters=parameters))
            yield page.items
            if page.next_cursor is None:
                return
            cursor = page.next_cursor


@contextmanager
def api_session(url: str | None) -> Iterator[ApiSession]:
    """
    Open the API of the running daemon, at *url* or where the environment says.

    Raises:
        ConfigurationError, UsageError: address or token are wrong.
    """
    access = read_access(os.environ, url=url)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        api = runner.run(stack.enter_async_context(open_api(access)))
        try:
            yield ApiSession(runner, api)
        finally:
            runner.run(stack.aclose())


def over_api(url: str | None, work: Callable[[ApiClient], Awaitable[T]]) -> T:
    """
    Do one piece of *work* with the API of the running daemon.

    Raises:
        ConfigurationError, UsageError: address or token are wrong.
        NotReachable, ApiProblem: as the client raises them.
    """
    with api_session(url) as session:
        return session.do(work)


async def _read_page(
    api: ApiClient, *, path: tuple[str, ...], cursor: str | None, parameters: Mapping[str, object]
) -> Page:
    return await api.page(*path, size=PAGE_SIZE, cursor=cursor, **parameters)


async def _get(api: ApiClient, *, path: tuple[str, ...], parameters: Mapping[str, object]) -> Answer:
    return await api.get(*path, **parameters)


async def _post(api: ApiClient, *, path: tuple[str, ...], document: Mapping[str, object] | None) -> Answer:
    return await api.post(*path, document=document)
