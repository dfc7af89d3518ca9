"""Certificates of a test's own, and servers that end TLS with them in front of the real ones."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

import trustme

Kind = Literal["good", "wrong_authority", "expired", "wrong_host"]

_CHUNK = 65_536
_SSL_REQUEST_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """
    Who signs, and whom clients are to trust.

    Attributes:
        roots: file with the authority's own certificate.
    """

    signer: trustme.CA
    stranger: trustme.CA
    roots: Path

    @classmethod
    def at(cls, directory: Path) -> Self:
        """Make one whose certificate lies in *directory*."""
        signer, roots = trustme.CA(), directory / "roots.pem"
        signer.cert_pem.write_to_path(str(roots))
        return cls(signer=signer, stranger=trustme.CA(), roots=roots)

    def context(self, kind: Kind) -> ssl.SSLContext:
        """Give the server side of TLS with a certificate that is good, or wrong in one way."""
        match kind:
            case "good":
                certificate = self.signer.issue_cert("127.0.0.1", "localhost")
            case "wrong_authority":
                certificate = self.stranger.issue_cert("127.0.0.1", "localhost")
            case "expired":
                past = datetime.now(UTC) - timedelta(days=1)
                certificate = self.signer.issue_cert("127.0.0.1", not_before=past - timedelta(days=1), not_after=past)
            case "wrong_host":
                certificate = self.signer.issue_cert("shop.example", "127.0.0.2")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


@asynccontextmanager
async def behind_tls(url: str, context: ssl.SSLContext, *, scheme: str) -> AsyncIterator[str]:
    """Stand in front of the server of *url* and end TLS for it; gives the URL, of *scheme*, that leads through."""
    parts = urlsplit(url)
    is_database = parts.scheme.startswith("postgres")
    pipes: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        # A client that does not believe the certificate goes away in the middle.
        with suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            if is_database:
                await reader.readexactly(_SSL_REQUEST_BYTES)
                writer.write(b"S")
                await writer.start_tls(context)
            both = {asyncio.create_task(_pass(reader, far_writer)), asyncio.create_task(_pass(far_reader, writer))}
            pipes.update(both)
            await asyncio.wait(both)
            pipes.difference_update(both)
        for each in (writer, far_writer):
            each.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if is_database else context)
    port = server.sockets[0].getsockname()[1]
    before, _, _ = parts.netloc.rpartition("@")
    place = f"{before}@127.0.0.1:{port}" if before else f"127.0.0.1:{port}"
    try:
        yield urlunsplit(parts._replace(scheme=scheme, netloc=place))
    finally:
        server.close()
        for pipe in pipes:
            pipe.cancel()
        if pipes:
            await asyncio.wait(pipes)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
