"""The listening socket, which can be closed and opened again so that the port really refuses connections."""

import asyncio
from collections.abc import Awaitable, Callable


class ListenerError(RuntimeError):
    """The sandbox has no socket of its own to close."""


class Listener:
    """Owns the listening sockets of a served sandbox; without `open` there are none."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._protocol_factory: Callable[[], asyncio.BaseProtocol] | None = None
        self._server: asyncio.Server | None = None
        self._control: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._host = ""
        self.port = 0
        self.control_port: int | None = None

    async def open(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *,
        host: str,
        port: int,
        control_port: int | None = None,
    ) -> None:
        """
        Listen.

        Args:
            protocol_factory: makes the protocol of each connection.
            host: the address to bind.
            port: 0 picks a free one, which is kept from then on.
            control_port: a second port that is never closed, for the switches; 0 picks a free one.
        """
        self._protocol_factory, self._host, self.port = protocol_factory, host, port
        await self._listen()
        if control_port is not None:
            self._control = await asyncio.get_running_loop().create_server(protocol_factory, host, control_port)
            self.control_port = _port_of(self._control)

    async def close(self) -> None:
        """Stop listening for good."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.wait({self._reopening})
            self._reopening = None
        for server in (self._server, self._control):
            if server is not None:
                server.close()
        self._server = self._control = None

    def refuse(self, seconds: float | None, then: Callable[[], None]) -> None:
        """
        Close the socket; new connections are refused by the kernel.

        Args:
            seconds: open it again after that time; None leaves it closed, which needs a control port.
            then: called when it is open again.

        Raises:
            ListenerError: there is no socket, or nothing could ever open it again.
        """
        if self._protocol_factory is None:
            raise ListenerError("this sandbox runs inside another server and has no port of its own to close")
        if seconds is None and self._control is None:
            raise ListenerError("refuse needs seconds, or a sandbox started with a control port")
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        if seconds is not None:
            self._reopening = asyncio.get_running_loop().create_task(
                self._reopen_after(seconds, then), name="sandbox-reopen"
            )

    async def reopen(self) -> None:
        """Listen again, if the port is closed."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        await self._listen()

    async def _reopen_after(self, seconds: float, then: Callable[[], None]) -> None:
        await self._sleep(seconds)
        self._reopening = None
        await self._listen()
        then()

    async def _listen(self) -> None:
        if self._server is None and self._protocol_factory is not None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._protocol_factory, self._host, self.port)
            self.port = _port_of(self._server)


def _port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
