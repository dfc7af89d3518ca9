"""
One connection to the broker, opened on need, dropped on any doubt, never silently restored.

A robust connection is not used: it re-declares what operators deleted, counts from a cache and flaps for ever when one
queue differs. Channels that come and go every few seconds, and everything received on them, are the business of
aiormq, the driver under aio-pika (docs/decisions/the-driver-under-aio-pika.md).
"""

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, TypeVar

import aio_pika
import aiormq.abc
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, ConnectionParameter
from aiormq.exceptions import (
    AuthenticationError,
    ChannelAccessRefused,
    ChannelPreconditionFailed,
    ConnectionNotAllowed,
    ProbableAuthenticationError,
)
from yarl import URL

from queues.errors import BrokerUnavailable
from queues.rabbitmq.backoff import Backoff
from queues.rabbitmq.wire import DeliveryPicker, PickingTransport, Receiver

Answer = TypeVar("Answer")

_log = structlog.get_logger()

_LONGEST_ERROR: Final = 300
_NOT_LET_IN: Final = (AuthenticationError, ProbableAuthenticationError, ConnectionNotAllowed)
"""A wrong name or password, or a virtual host that is not there or not ours."""
_REFUSED: Final = (*_NOT_LET_IN, ChannelAccessRefused, ChannelPreconditionFailed)
"""Or no right to what was asked for, or something else stands there: answers that stay the same."""
_FRAME_BUFFER: Final = 1000
"""Frames read ahead per channel; aiormq's 10 makes its two readers take turns after every third message."""


class _Connection(aio_pika.Connection):
    """A connection of aio-pika whose driver gets its stream through a picker of deliveries."""

    PARAMETERS = (
        *aio_pika.Connection.PARAMETERS,
        ConnectionParameter(name="transport_factory", parser=lambda factory: factory, is_kwarg=True),
    )

    def __init__(self, url: URL, *, context: ssl.SSLContext | None) -> None:
        self.deliveries = DeliveryPicker()
        super().__init__(url, ssl_context=context, transport_factory=PickingTransport(self.deliveries))


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
        self._open: _Connection | None = None
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
        return self._driver is not None

    @property
    def version(self) -> str | None:
        """The broker's version, None while there is no connection."""
        if self._driver is None:
            return None
        version = self._driver.server_properties.get("version")
        return version.decode() if isinstance(version, bytes) else str(version)

    async def is_blocked(self) -> bool:
        """Tell whether an alarm of the broker (memory, disk) holds back what this connection publishes."""
        if self._driver is None:
            return False
        try:
            # The state is shown only as something to wait for; unblocked, it returns without waiting.
            async with asyncio.timeout(0.01):
                await self._driver.ready()
        except TimeoutError:
            return True
        return False

    async def ensure(self) -> _Connection:
        """
        Give the connection, opening it if there is none.

        Raises:
            BrokerUnavailable: it could not be opened, or the pause after the last failure is not over.
        """
        async with self._opening:
            if self._open is not None and _driver_of(self._open) is not None:
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
        """
        Try until the connection stands; for the start, when the broker may come up later.

        Raises:
            BrokerUnavailable: it answers and does not let us in, which waiting does not mend; or closed meanwhile.
        """
        while True:
            try:
                await self.ensure()
            except BrokerUnavailable as error:
                if self._is_closed or not is_passing(error):
                    raise
                await asyncio.sleep(max(self._not_before - time.monotonic(), 0.0))
            else:
                return

    async def channel(self, *, publisher_confirms: bool = False) -> AbstractChannel:
        """
        Open a channel; the caller closes it with `close_channel`. With confirms, what is returned raises.

        Meant to be kept, or for the start: the connection remembers every one of them (4 KB) until it is closed.

        Raises:
            BrokerUnavailable: no connection, or no channel in time.
        """
        connection = await self.ensure()
        return await self.ask(_open_channel(connection, publisher_confirms=publisher_confirms), "open a channel")

    async def driver_channel(self) -> aiormq.abc.AbstractChannel:
        """
        Open a channel of the driver on the same connection; the caller closes it with `close_channel`.

        Leaves nothing behind when it is closed, and reads ahead as far as consuming needs.

        Raises:
            BrokerUnavailable: no connection, or no channel in time.
        """
        connection = await self.ensure()
        return await self.ask(_open_driver_channel(connection), "open a channel")

    def deliver_to(self, channel: aiormq.abc.AbstractChannel, receiver: Receiver) -> None:
        """
        Hand the deliveries of *channel* to *receiver*, straight off the wire, until it is closed.

        Unusual ones, and all of them once there was one, go to the channel's consumer, as without a receiver.
        """
        if self._open is not None and channel.connection is self._driver:
            picker, number = self._open.deliveries, channel.number
            picker.deliver_to(number, receiver)
            channel.closing.add_done_callback(lambda _: picker.forget(number, receiver))

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

    async def close_channel(self, channel: AbstractChannel | aiormq.abc.AbstractChannel) -> None:
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

    @property
    def _driver(self) -> aiormq.abc.AbstractConnection | None:
        return None if self._open is None else _driver_of(self._open)

    async def _connect(self) -> _Connection:
        # Not `aio_pika.connect`: what it leaves of a failed try closes itself in a task that nobody owns.
        connection = _Connection(self._url, context=self._context)
        connection.close_callbacks.add(self._on_closed)
        try:
            await self.ask(_establish(connection), f"connect to {self._url.host}:{self._url.port}")
        except BaseException:
            self._give_up(connection)
            raise
        return connection

    def _on_closed(self, connection: AbstractConnection | None, error: BaseException | None) -> None:
        if self._open is not None and self._open is connection:
            self._give_up(self._open)
            self._open = None
            self._note_lost("closed" if error is None or isinstance(error, asyncio.CancelledError) else describe(error))

    async def _close_connection(self, connection: aio_pika.Connection) -> None:
        closing = asyncio.create_task(connection.close(), name=f"{self.name}: say goodbye")
        closing.add_done_callback(self._on_goodbye)
        # Left alone when late: the driver, cancelled, still waits for a peer that takes nothing to empty its outbox.
        await asyncio.wait({closing}, timeout=self._timeout_seconds)
        closing.cancel()

    def _on_goodbye(self, closing: asyncio.Task[None]) -> None:
        error = None if closing.cancelled() else closing.exception()
        if error is not None:  # it is given up either way
            _log.debug("broker.close_failed", connection=self.name, error=describe(error))

    async def _close_channel(self, channel: AbstractChannel | aiormq.abc.AbstractChannel) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await channel.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the channel may still hold messages
            self._suspect(f"close a channel: {describe(error)}")

    def _suspect(self, reason: str) -> None:
        if self._open is not None and self._probing is None:
            self._probing = self._start_chore(self._probe(self._open, reason), "probe")

    async def _probe(self, connection: aio_pika.Connection, reason: str) -> None:
        """Drop *connection* unless a new channel can be opened on it, which needs no queue."""
        try:
            if await self.is_blocked():  # alive, but it answers nothing; another would be blocked as well
                return
            async with asyncio.timeout(self._probe_seconds):
                channel = await _open_driver_channel(connection)
                await channel.close()
        except Exception:  # noqa: BLE001 - no answer, whatever the driver makes of it
            if self._open is connection:
                self.drop(reason)
        finally:
            self._probing = None

    def _give_up(self, connection: aio_pika.Connection) -> None:
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


def _driver_of(connection: aio_pika.Connection) -> aiormq.abc.AbstractConnection | None:
    """Give the driver's part of *connection* while it stands; `is_closed` tells only of our own closing."""
    transport = connection.transport
    return None if transport is None or transport.connection.is_closed else transport.connection


async def _establish(connection: aio_pika.Connection) -> None:
    await connection.connect()
    if _driver_of(connection) is None:  # too early for `_on_closed` to have noticed
        raise BrokerUnavailable("the connection was lost at once")


async def _open_channel(connection: aio_pika.Connection, *, publisher_confirms: bool) -> AbstractChannel:
    return await connection.channel(publisher_confirms=publisher_confirms, on_return_raises=publisher_confirms)


async def _open_driver_channel(connection: aio_pika.Connection) -> aiormq.abc.AbstractChannel:
    driver = _driver_of(connection)
    if driver is None:
        raise BrokerUnavailable("the connection was lost")
    return await driver.channel(publisher_confirms=False, frame_buffer_size=_FRAME_BUFFER)


def is_passing(error: BrokerUnavailable) -> bool:
    """Tell whether waiting may mend it: the broker could not be reached or is in trouble, and did not refuse us."""
    return not isinstance(error.__cause__, _REFUSED)


def describe(error: BaseException) -> str:
    """Tell an error of the driver in one bounded line; some of them have no text at all."""
    text = str(error)
    name = type(error).__name__
    return f"{name}: {text}"[:_LONGEST_ERROR] if text else name
