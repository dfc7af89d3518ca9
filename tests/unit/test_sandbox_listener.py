"""The port of the sandbox store, which can refuse connections for a while."""

import asyncio

import pytest

from daemon.sandbox.listener import Listener, ListenerError


async def knock(port: int) -> bool:
    """Whether somebody answers at the port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_refused_port_opens_again_by_itself_on_the_same_number() -> None:
    over, opened = asyncio.Event(), asyncio.Event()
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await over.wait()

    listener = Listener(sleep=sleep)
    await listener.open(asyncio.Protocol, host="127.0.0.1", port=0)
    port = listener.port
    assert await knock(port)

    listener.refuse(30, opened.set)
    assert not await knock(port)

    over.set()
    async with asyncio.timeout(10):
        await opened.wait()
    assert await knock(port)
    assert (listener.port, asked) == (port, [30])
    await listener.close()


async def test_a_refused_port_can_be_opened_before_its_time() -> None:
    listener = Listener()
    await listener.open(asyncio.Protocol, host="127.0.0.1", port=0)
    listener.refuse(3_600, lambda: None)

    await listener.reopen()

    assert await knock(listener.port)
    await listener.close()
    assert not await knock(listener.port)


async def test_a_sandbox_inside_another_server_has_no_port_to_close() -> None:
    with pytest.raises(ListenerError):
        Listener().refuse(1, lambda: None)


async def test_only_a_control_port_allows_to_refuse_without_an_end() -> None:
    listener = Listener()
    await listener.open(asyncio.Protocol, host="127.0.0.1", port=0)
    with pytest.raises(ListenerError):
        listener.refuse(None, lambda: None)
    await listener.close()

    listener = Listener()
    await listener.open(asyncio.Protocol, host="127.0.0.1", port=0, control_port=0)
    listener.refuse(None, lambda: None)

    assert listener.control_port is not None
    assert await knock(listener.control_port)
    assert not await knock(listener.port)
    await listener.close()
