"""A TCP proxy on the loopback address that can fail the way networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65_536
_COMMIT = b"COMMIT"


class Proxy:
    """
    Passes bytes on to *host*:*port* until it is told otherwise.

    Attributes:
        is_refusing: new connections are closed at once.
        accepted: connections so far.
        commits_to_lose: so many COMMITs from now on reach the database, and their answers get lost with the connection.
        commits_lost: how often that has happened.
        commits_between: so many COMMITs are answered before each that is lost.
    """

    def __init__(self, host: str, port: int) -> None:
        self.is_refusing = False
        self.accepted = 0
        self.commits_to_lose = 0
        self.commits_lost = 0
        self.commits_between = 0
        self._commits_passed = 0
        self._host = host
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._asking = asyncio.Event()
        self._answering = asyncio.Event()
        self.heal()

    def cut(self) -> None:
        """Reset every connection; new ones are passed on."""
        for writer in self._open:
            writer.transport.abort()

    def blackhole(self) -> None:
        """Pass nothing on any more, in either direction, and tell nobody."""
        self._asking.clear()
        self._answering.clear()

    def mute(self) -> None:
        """Pass on what clients say, and nothing of what is answered."""
        self._answering.clear()

    def heal(self) -> None:
        """Pass everything on again, held bytes included."""
        self._asking.set()
        self._answering.set()
        self.is_refusing = False
        self.commits_to_lose = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self.accepted += 1
        if self.is_refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:  # nobody listens there: as the client would have found without us
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        loses_answer = asyncio.Event()
        pipes = {
            asyncio.create_task(self._ask(reader, far_writer, loses_answer)),
            asyncio.create_task(self._answer(far_reader, writer, loses_answer)),
        }
        self._pipes |= pipes
        await asyncio.wait(pipes)
        self._pipes -= pipes
        self._open -= {writer, far_writer}

    async def close(self) -> None:
        """End every connection."""
        self.cut()
        for pipe in self._pipes:
            pipe.cancel()
        if self._pipes:
            await asyncio.wait(self._pipes)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, loses_answer: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._asking.wait()
                if self.commits_to_lose and _COMMIT in data and self._is_to_be_lost():
                    loses_answer.set()
                writer.write(data)
                await writer.drain()
        writer.close()

    def _is_to_be_lost(self) -> bool:
        if self._commits_passed < self.commits_between:
            self._commits_passed += 1
            return False
        self._commits_passed = 0
        self.commits_to_lose -= 1
        self.commits_lost += 1
        return True

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, loses_answer: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._answering.wait()
                if loses_answer.is_set():
                    # The server has done it and said so; the client will never know.
                    writer.transport.abort()
                    break
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Stand between the caller and the server of *url*; gives the proxy and the URL that leads through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 0)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    finally:
        server.close()
        await proxy.close()
