"""
A target that costs almost nothing: answers every POST with 200 and `[]` at once, and remembers what it was sent.

Run as `python -m bench.sink`. It tells its port as one JSON line; afterwards `wait N` on standard input is answered
when N records have come, `report` with what came. Bodies are kept as they are and only read for the report.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Mapping
from typing import Final, cast

import msgspec
import uvloop
from typing_extensions import override

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_RECORD: Final = b'"sku":'


class Received:
    """What came so far."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._bodies: list[bytes] = []
        self._records = 0
        self._last_at = 0.0
        self._awaited = 0
        self._enough = asyncio.Event()

    def add(self, body: bytes) -> None:
        """Note one request."""
        self._bodies.append(body)
        self._records += body.count(_RECORD)
        self._last_at = time.monotonic()
        if self._records >= self._awaited:
            self._enough.set()

    async def wait_for(self, records: int) -> None:
        """Return when that many *records* have come."""
        self._awaited = records
        if self._records < records:
            self._enough.clear()
            await self._enough.wait()

    def report(self) -> dict[str, float]:
        """Count requests, records and distinct records; `last_at` is the monotonic time of the last request."""
        keys = [row["sku"] for body in self._bodies for row in msgspec.json.decode(body)["prices"]]
        return {
            "requests": len(self._bodies),
            "records": len(keys),
            "distinct": len(set(keys)),
            "last_at": self._last_at,
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
        match line.decode().split():
            case ["wait", records]:
                await received.wait_for(int(records))
                _tell({"came": int(records)})
            case ["report"]:
                _tell(received.report())
            case other:
                _tell({"error": f"unknown command {other}"})
    server.close()


def _tell(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())
