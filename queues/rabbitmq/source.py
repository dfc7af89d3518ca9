"""The queues at the broker, as the worker sees them (port: MessageSource)."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.abc import AbstractChannel

from queues.errors import BrokerUnavailable, NotFound
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.take import RabbitTake

HIGHEST_PREFETCH: Final = 65_535
"""Prefetch is a 16 bit number in AMQP, and 0 would mean without limit."""


class RabbitSource:
    """
    Takes deliveries from the queues of one broker.

    Args:
        connection: used for consuming only, so that an alarm of the broker, which blocks publishers, never holds back
            acknowledgements.
        idle_seconds: a wait without a delivery after which a take asks whether the queue holds any more.
    """

    def __init__(self, connection: BrokerConnection, *, idle_seconds: float = 0.5) -> None:
        self._connection = connection
        self._idle_seconds = idle_seconds
        self._cancelled: Counter[str] = Counter()

    def cancelled(self, queue: str) -> int:
        """Count the consumers of *queue* that the broker has cancelled so far."""
        return self._cancelled[queue]

    async def ready(self, queue: str) -> int:
        """
        Count the messages ready in *queue*, not those unacknowledged.

        Raises:
            NotFound: there is no such queue.
            BrokerUnavailable: no answer, or a refusal.
        """
        # On a channel of its own, for the broker answers a missing queue by closing the channel; of the driver's, for
        # every check opens one, and aio-pika's connection would remember them all.
        channel = await self._connection.driver_channel()
        try:
            answer = await self._connection.ask(
                channel.queue_declare(queue, passive=True), f"count what is ready in {queue}"
            )
        except BrokerUnavailable as error:
            _raise_if_missing(error, queue)
            raise
        finally:
            await self._connection.close_channel(channel)
        return answer.message_count or 0

    @asynccontextmanager
    async def take(self, queue: str, count: int, *, window: int) -> AsyncIterator[RabbitTake]:
        """
        Take exactly *count* messages of *queue*, fewer only if there are no more; an exception gives them back.

        Args:
            queue: its full name.
            count: deliveries wanted, 1 or more.
            window: unacknowledged deliveries in hand at once, 1 to 65,535.

        Raises:
            ValueError: *count* or *window* is out of range.
            NotFound: there is no such queue.
            BrokerUnavailable: connection, channel or consumer was lost; what is not acknowledged comes back.
        """
        if count < 1:
            raise ValueError(f"count must be >= 1, got {count}")
        if not 1 <= window <= HIGHEST_PREFETCH:
            raise ValueError(f"window must be 1 to {HIGHEST_PREFETCH}, got {window}")
        channel = await self._connection.driver_channel()
        try:
            take = await self._open(channel, queue, count, window)
            yield take
            await take.finish()
        finally:
            await self._connection.close_channel(channel)

    async def _open(self, channel: AbstractChannel, queue: str, count: int, window: int) -> RabbitTake:
        take = RabbitTake(
            connection=self._connection,
            channel=channel,
            queue=queue,
            wanted=count,
            prefetch=min(count, window),
            idle_seconds=self._idle_seconds,
            ready=lambda: self.ready(queue),
            on_cancelled=lambda: self._cancelled.update([queue]),
        )
        try:
            await take.open()
        except BrokerUnavailable as error:
            _raise_if_missing(error, queue)
            raise
        return take


def _raise_if_missing(error: BrokerUnavailable, queue: str) -> None:
    if isinstance(error.__cause__, ChannelNotFoundEntity):
        raise NotFound("queue", queue) from error
