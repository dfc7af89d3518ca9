"""A TCP proxy on the loopback address that can fail the way networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65_536


class Proxy:
    """
    Passes bytes on to *host*:*port* until it is told otherwise.

    Attributes:
        is_refusing: new connections are closed at once.
        accepted: connections so far.
    """

    def __init__(self, host: str, port: int) -> None:
        self.is_refusing = False
        self.accepted = 0
        self._host = host
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._passing.set()

    def cut(self) -> None:
        """Reset every connection; new ones are passed on."""
        for writer in self._open:
            writer.transport.abort()

    def blackhole(self) -> None:
        """Pass nothing on any more, in either direction, and tell nobody."""
        self._passing.clear()

    def heal(self) -> None:
        """Pass everything on again, held bytes included."""
        self._passing.set()
        self.is_refusing = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self.accepted += 1
        if self.is_refusing:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, far_writer}
        pipes = {
            asyncio.create_task(self._pipe(reader, far_writer)),
            asyncio.create_task(self._pipe(far_reader, writer)),
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

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._passing.wait()
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
