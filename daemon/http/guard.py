"""
Connections that ask for nothing: how many there may be, and for how long.

The server of aiohttp waits for the first request of a connection as long as it takes, so a few hundred sockets that
send half a header and then nothing would use up every descriptor of the process.
"""

import asyncio
import resource
from typing import Final, Protocol

import structlog

_log = structlog.stdlib.get_logger("daemon.http")

MOST_CONNECTIONS: Final = 400
HEAD_SECONDS: Final = 10.0
"""The first request of a connection must be there, head and all, within this time; proxies send it at once."""


class Guarded(Protocol):
    """A connection that can be ended."""

    def abort(self) -> None:
        """End it at once."""


class ConnectionGuard:
    """
    Keeps room for whoever comes: the connection that has asked for nothing for longest makes way.

    Args:
        most: connections at once, those with a request in hand included; 1 or more.
        head_seconds: time for the first request of a connection.
    """

    def __init__(self, *, most: int = MOST_CONNECTIONS, head_seconds: float = HEAD_SECONDS) -> None:
        self._most = most
        self._head_seconds = head_seconds
        self._waiting: dict[Guarded, asyncio.TimerHandle | None] = {}
        self._busy: set[Guarded] = set()
        self._is_full = False

    def opened(self, connection: Guarded) -> None:
        """Take *connection* in; another makes way for it, or it is ended itself when all others are being answered."""
        if len(self._waiting) + len(self._busy) >= self._most:
            self._tell_full()
            if not self._waiting:
                connection.abort()
                return
            self._end(next(iter(self._waiting)))
        loop = asyncio.get_running_loop()
        self._waiting[connection] = loop.call_later(self._head_seconds, self._end, connection)

    def asked(self, connection: Guarded) -> None:
        """Note that a whole request head has come."""
        if connection in self._waiting:
            self._forget_timer(connection)
            del self._waiting[connection]
            self._busy.add(connection)

    def answered(self, connection: Guarded) -> None:
        """Note that the answer is on its way; the server itself ends connections that stay idle now."""
        if connection in self._busy:
            self._busy.discard(connection)
            self._waiting[connection] = None

    def closed(self, connection: Guarded) -> None:
        """Forget *connection*."""
        self._forget_timer(connection)
        self._waiting.pop(connection, None)
        self._busy.discard(connection)
        if len(self._waiting) + len(self._busy) < self._most // 2:
            self._is_full = False

    def _end(self, connection: Guarded) -> None:
        self._forget_timer(connection)
        self._waiting.pop(connection, None)
        connection.abort()

    def _forget_timer(self, connection: Guarded) -> None:
        timer = self._waiting.get(connection)
        if timer is not None:
            timer.cancel()

    def _tell_full(self) -> None:
        if not self._is_full:
            self._is_full = True
            _log.warning("http.connections_full", most=self._most, busy=len(self._busy))


def room_for_connections() -> int:
    """Tell how many connections this process can bear: no more than half of its descriptors."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if descriptors == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, descriptors // 2))
    )
