"""
A target that costs almost nothing: answers every POST with 200 and `[]` at once, and remembers what it was sent.

Run as `python -m bench.sink`. It tells its port as one JSON line; afterwards every line `report` on standard input is
answered with what came. Bodies are kept as they are and only read for the report.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Final, cast

import msgspec
import uvloop
from typing_extensions import override

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class Received:
    """What came so far."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._bodies: list[bytes] = []

    def add(self, body: bytes) -> None:
        """Note one request."""
        self._bodies.append(body)

    def report(self) -> dict[str, int]:
        """Count requests, records and distinct records."""
        keys = [row["sku"] for body in self._bodies for row in msgspec.json.decode(body)["prices"]]
        return {
            "requests": len(self._bodies),
            "records": len(keys),
            "distinct": len(set(keys)),
        }


class Connection(asyncio.Protocol):
    """One kept-alive connection of a client that sends bodies with a Content-Length."""

    def __init__(self, received: Received) -> None:
        """Report to *received*."""
        self._received = received
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.WriteTransport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            body_at = end + len(_HEAD_END)
            whole = body_at + _content_length(self._buffer[:end])
            if len(self._buffer) < whole:
                return
            self._received.add(self._buffer[body_at:whole])
            self._buffer = self._buffer[whole:]
            if self._transport is not None:
                self._transport.write(_ANSWER)


def _content_length(head: bytes) -> int:
    head = head.lower()
    at = head.find(_LENGTH)
    if at < 0:
        return 0
    end = head.find(b"\r\n", at)
    return int(head[at + len(_LENGTH) : end if end >= 0 else None])


async def serve() -> None:
    """Serve until standard input ends."""
    received = Received()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(received), "127.0.0.1", 0)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    _tell({"port": server.sockets[0].getsockname()[1]})
    while line := await commands.readline():
        _tell(received.report() if line.strip() == b"report" else {"error": f"unknown command {line!r}"})
    server.close()


def _tell(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())
