"""
One connection to the broker, opened on need, dropped on any doubt, never silently restored.

A robust connection is not used: it re-declares what operators deleted, counts from a cache and flaps for ever when one
queue differs. The driver under aio-pika, aiormq, is used directly, for it adds least to every delivery.
"""

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, TypeVar, cast

import aiormq
import structlog
from aiormq.abc import AbstractChannel, AbstractConnection
from yarl import URL

from queues.errors import BrokerUnavailable
from queues.rabbitmq.backoff import Backoff

Answer = TypeVar("Answer")

_log = structlog.get_logger()

_LONGEST_ERROR: Final = 300
_FRAME_BUFFER: Final = 1000
"""Frames read ahead per channel; aiormq's 10 makes its two readers take turns after every third message."""


class BrokerConnection:
    """
    A connection that is there when it is needed.

    Args:
        url: `amqp://` or `amqps://` with the credentials; certificates are always verified.
        name: shown by the broker's own tools, `main consume`.
        context: TLS context of an `amqps` connection, None for the system's.
        heartbeat_seconds: a dead peer is noticed after three times this, and one second more each.
        timeout_seconds: the longest wait for any single answer of the broker.
        backoff: the pauses between tries while the broker is away.
        draw: gives the jitter, a number from 0 to 1.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        context: ssl.SSLContext | None = None,
        heartbeat_seconds: int = 10,
        timeout_seconds: float = 10.0,
        backoff: Backoff | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        parsed = URL(url)
        if "no_verify_ssl" in parsed.query:
            raise ValueError("the broker's certificate is always verified: remove no_verify_ssl from its URL")
        self.name = name
        self._url = parsed.update_query({"heartbeat": str(heartbeat_seconds), "name": name})
        self._context = context
        self._timeout_seconds = timeout_seconds
        self._backoff = backoff or Backoff()
        self._draw = draw
        self._open: AbstractConnection | None = None
        self._opening = asyncio.Lock()
        self._failures = 0
        self._not_before = 0.0
        self._last_error = ""
        self._lost_at: float | None = None
        self._is_closed = False
        self._probe_seconds = timeout_seconds / 2
        self._probing: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def is_connected(self) -> bool:
        """Tell whether the connection stands, as far as is known here."""
        return self._open is not None and not self._open.is_closed

    @property
    def version(self) -> str | None:
        """The broker's version, None while there is no connection."""
        if self._open is None or self._open.is_closed:
            return None
        version = self._open.server_properties.get("version")
        return version.decode() if isinstance(version, bytes) else str(version)

    async def is_blocked(self) -> bool:
        """Tell whether an alarm of the broker (memory, disk) holds back what this connection publishes."""
        if self._open is None or self._open.is_closed:
            return False
        try:
            # The driver shows its state only as something to wait for; unblocked, it returns without waiting.
            async with asyncio.timeout(0.01):
                await self._open.ready()
        except TimeoutError:
            return True
        return False

    async def ensure(self) -> AbstractConnection:
        """
        Give the connection, opening it if there is none.

        Raises:
            BrokerUnavailable: it could not be opened, or the pause after the last failure is not over.
        """
        async with self._opening:
            if self._open is not None and not self._open.is_closed:
                return self._open
            if self._is_closed:
                raise BrokerUnavailable(f"{self.name}: the connection was closed for good")
            wait = self._not_before - time.monotonic()
            if wait > 0:
                raise BrokerUnavailable(f"{self._last_error} (next try in {wait:.1f} s)")
            try:
                self._open = await self._connect()
            except BrokerUnavailable as error:
                self._note_failure(str(error))
                raise
            self._note_success()
            return self._open

    async def wait_until_connected(self) -> None:
        """Try until the connection stands; for the start, when the broker may come up later."""
        while True:
            try:
                await self.ensure()
            except BrokerUnavailable:
                if self._is_closed:
                    raise
                await asyncio.sleep(max(self._not_before - time.monotonic(), 0.0))
            else:
                return

    async def channel(self, *, publisher_confirms: bool = False) -> aiormq.Channel:
        """
        Open a channel; the caller closes it with `close_channel`.

        Raises:
            BrokerUnavailable: no connection, or no channel in time.
        """
        connection = await self.ensure()
        channel = await self.ask(
            connection.channel(
                publisher_confirms=publisher_confirms, on_return_raises=True, frame_buffer_size=_FRAME_BUFFER
            ),
            "open a channel",
        )
        # What it really is; the driver's abstract class lacks the `wait` of `basic_publish`.
        return cast("aiormq.Channel", channel)

    async def ask(self, work: Awaitable[Answer], what: str) -> Answer:
        """
        Await *work* of the broker, in time.

        An answer that does not come makes the connection suspect: it is dropped unless the broker still answers on it,
        for then one queue is stuck (without a leader, say), and the others need not suffer.

        Raises:
            BrokerUnavailable: *what* was refused, not answered, or cut off; the driver's own error is its cause.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await work
        except TimeoutError as error:
            text = f"{what}: no answer within {self._timeout_seconds:g} s"
            self._suspect(text)
            raise BrokerUnavailable(text) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled us: the driver ends what waits on a lost connection this way.
            raise BrokerUnavailable(f"{what}: the connection was lost") from error
        except BrokerUnavailable:
            raise
        except Exception as error:  # aiormq raises RuntimeError and bare Exception for a lost connection as well
            raise BrokerUnavailable(f"{what}: {describe(error)}") from error

    async def close_channel(self, channel: AbstractChannel) -> None:
        """
        Close *channel*, so that the broker takes back what is unacknowledged on it.

        Goes on to the end when the caller is cancelled; a channel that cannot be closed takes the connection with it.
        """
        await asyncio.shield(self._start_chore(self._close_channel(channel), "close channel"))

    def drop(self, reason: str) -> None:
        """Give the connection up; the next need opens another."""
        connection, self._open = self._open, None
        if connection is not None:
            self._note_lost(reason)
            self._give_up(connection)

    async def close(self) -> None:
        """Close for good."""
        self._is_closed = True
        connection, self._open = self._open, None
        if connection is not None:
            self._give_up(connection)
        while self._chores:
            await asyncio.wait(self._chores)

    async def _connect(self) -> AbstractConnection:
        connection = aiormq.Connection(self._url, context=self._context)
        try:
            await self.ask(connection.connect(), f"connect to {self._url.host}:{self._url.port}")
        except BaseException:
            self._give_up(connection)
            raise
        connection.closing.add_done_callback(lambda closing: self._on_closed(connection, closing))
        return connection

    def _on_closed(self, connection: AbstractConnection, closing: asyncio.Future[object]) -> None:
        error = None if closing.cancelled() else closing.exception()
        if self._open is connection:
            self._open = None
            self._note_lost("closed" if error is None else describe(error))

    async def _close_connection(self, connection: AbstractConnection) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await connection.close()
        except Exception as error:  # noqa: BLE001 - it is given up either way
            _log.debug("broker.close_failed", connection=self.name, error=describe(error))

    async def _close_channel(self, channel: AbstractChannel) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await channel.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the channel may still hold messages
            self._suspect(f"close a channel: {describe(error)}")

    def _suspect(self, reason: str) -> None:
        if self._open is not None and self._probing is None:
            self._probing = self._start_chore(self._probe(self._open, reason), "probe")

    async def _probe(self, connection: AbstractConnection, reason: str) -> None:
        """Drop *connection* unless a new channel can be opened on it, which needs no queue."""
        try:
            if await self.is_blocked():  # alive, but it answers nothing; another would be blocked as well
                return
            async with asyncio.timeout(self._probe_seconds):
                channel = await connection.channel(publisher_confirms=False)
                await channel.close()
        except Exception:  # noqa: BLE001 - no answer, whatever the driver makes of it
            if self._open is connection:
                self.drop(reason)
        finally:
            self._probing = None

    def _give_up(self, connection: AbstractConnection) -> None:
        _ = self._start_chore(self._close_connection(connection), "close connection")

    def _start_chore(self, work: Coroutine[None, None, None], what: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{self.name}: {what}")
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task

    def _note_failure(self, error: str) -> None:
        self._failures += 1
        self._last_error = error
        self._not_before = time.monotonic() + self._backoff.delay(failures=self._failures, draw=self._draw())
        self._note_lost(error)

    def _note_lost(self, reason: str) -> None:
        if self._lost_at is None and not self._is_closed:
            self._lost_at = time.monotonic()
            _log.warning("broker.lost", connection=self.name, reason=reason)

    def _note_success(self) -> None:
        outage = 0.0 if self._lost_at is None else time.monotonic() - self._lost_at
        _log.info(
            "broker.connected",
            connection=self.name,
            version=self.version,
            failures=self._failures,
            outage_seconds=round(outage, 3),
        )
        self._failures, self._not_before, self._lost_at = 0, 0.0, None


def describe(error: BaseException) -> str:
    """Tell an error of the driver in one bounded line; some of them have no text at all."""
    text = str(error)
    name = type(error).__name__
    return f"{name}: {text}"[:_LONGEST_ERROR] if text else name
