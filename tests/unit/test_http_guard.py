"""Connections that ask for nothing: they make way, they are ended, and nobody who asks is kept waiting by them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import ClientSession, web

from daemon.http.app import create_app
from daemon.http.guard import ConnectionGuard
from daemon.http.server import make_runner
from tests.fakes.http_stores import TOKEN, World

HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
FOR_EVER = 3600.0
PATIENCE = 60.0


class Socket:
    """A connection that only notes that it was ended."""

    def __init__(self) -> None:
        self.is_ended = False

    def abort(self) -> None:
        self.is_ended = True


async def test_the_connection_that_waited_longest_makes_way_and_those_being_answered_never() -> None:
    guard = ConnectionGuard(most=3, head_seconds=FOR_EVER)
    asked, first, second, third, fourth = (Socket() for _ in range(5))

    guard.opened(asked)
    guard.asked(asked)
    for each in (first, second, third, fourth):
        guard.opened(each)

    assert [each.is_ended for each in (asked, first, second, third, fourth)] == [False, True, True, False, False]


async def test_when_all_are_being_answered_a_newcomer_is_ended_and_afterwards_there_is_room_again() -> None:
    guard = ConnectionGuard(most=2, head_seconds=FOR_EVER)
    busy, other, late, later = (Socket() for _ in range(4))
    for each in (busy, other):
        guard.opened(each)
        guard.asked(each)

    guard.opened(late)
    guard.answered(busy)
    guard.closed(other)
    guard.opened(later)

    assert [each.is_ended for each in (busy, other, late, later)] == [False, False, True, False]


@asynccontextmanager
async def served(guard: ConnectionGuard) -> AsyncIterator[int]:
    runner = make_runner(create_app(World().dependencies()), guard)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_whoever_never_finishes_the_first_head_is_ended() -> None:
    async with served(ConnectionGuard(head_seconds=0.05)) as port:
        for sent in (b"", b"G", HEAD):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()


async def test_a_connection_that_asked_stays_for_more() -> None:
    async with served(ConnectionGuard(head_seconds=0.05)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                writer.write(HEAD + b"\r\n")
                assert b"200 OK" in await reader.readuntil(b"\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert b"live" in await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
                # Another is ended meanwhile, so the time of this one has passed as well.
                other, to_other = await asyncio.open_connection("127.0.0.1", port)
                with suppress(ConnectionResetError):
                    assert await other.read() == b""
                to_other.close()
        writer.close()


async def test_half_open_connections_beyond_every_limit_keep_nobody_waiting() -> None:
    async with served(ConnectionGuard(most=20, head_seconds=FOR_EVER)) as port:
        half_open = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]
        for number, (_, writer) in enumerate(half_open):
            writer.write(HEAD[: number % len(HEAD)])

        async with ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            for _ in range(5):
                async with client.get(f"http://127.0.0.1:{port}/api/v1/queues") as response:
                    assert response.status == 200

        for _, writer in half_open:
            writer.close()
