"""
One take: a consumer on a channel of its own, which receives exactly what is wanted.

    open ── deliveries come, acknowledgements go as far as they fetch nothing extra ──► all there, no more, or stopped
         ── consumer cancelled at the broker ── the acknowledgements held back go ──► left: flushed, channel closed

Channel, connection or consumer lost at any point: the take is broken, everything raises, nothing is said elsewhere.

Consuming and acknowledging go through the driver: an aio-pika IncomingMessage for each costs up to half the speed.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog
from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp import commands

from queues.errors import BrokerUnavailable, ConsumerCancelled
from queues.ports import Delivery
from queues.rabbitmq.acknowledgements import AckFrame, Acknowledgements, Phase
from queues.rabbitmq.connection import BrokerConnection, describe
from queues.rabbitmq.headers import DeferredHeaders, read_headers
from queues.rabbitmq.wire import PickedDelivery

Answer = TypeVar("Answer")

_log = structlog.get_logger()

_GROUP: Final = 25
"""
Acknowledgement frames that may be under way in a quorum queue when the channel closes.

Above 32 the broker's own client buffers them and forgets the buffer with the channel: measured, 200 single ones and a
close at once brought up to 167 messages back; 25 never lost any, and neither did 200 after a pause of 0.3 s.
"""
_GROUP_SECONDS: Final = 0.3


class RabbitTake:
    """
    The broker's part of one check's snapshot. Made by `RabbitSource.take`.

    Args:
        connection: the connection *channel* belongs to.
        channel: used by this take alone.
        queue: its full name.
        wanted: deliveries in all, 1 or more.
        prefetch: deliveries in hand at once, 1 to the smaller of *wanted* and 65,535.
        idle_seconds: a wait without a delivery after which the queue is asked whether it holds any more.
        ready: counts what the queue holds, over another channel.
        on_cancelled: told when the broker cancels the consumer.
    """

    def __init__(
        self,
        *,
        connection: BrokerConnection,
        channel: AbstractChannel,
        queue: str,
        wanted: int,
        prefetch: int,
        idle_seconds: float,
        ready: Callable[[], Awaitable[int]],
        on_cancelled: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._queue = queue
        self._wanted = wanted
        self._prefetch = prefetch
        self._idle_seconds = idle_seconds
        self._ready = ready
        self._on_cancelled = on_cancelled
        self._consumer = ""
        self._arrived: deque[Delivery] = deque()
        self._received = 0
        self._news = asyncio.Event()
        self._acknowledgements = Acknowledgements(wanted=wanted, prefetch=prefetch)
        self._cancelling: asyncio.Task[None] | None = None
        self._phase: Phase = "filling"
        self._lost = ""
        self._lost_as: type[BrokerUnavailable] = BrokerUnavailable
        self._frames_sent_at: deque[float] = deque(maxlen=_GROUP)

    async def open(self) -> None:
        """Start the consumer. Raises BrokerUnavailable, whose cause tells a queue that does not exist."""
        self._channel.on_consumer_cancel_callbacks.add(self._on_cancelled_by_broker)
        self._channel.closing.add_done_callback(self._on_closed)
        await self._ask(self._channel.basic_qos(prefetch_count=self._prefetch), "limit the window")
        self._connection.deliver_to(self._channel, self._on_picked)
        answer = await self._ask(self._channel.basic_consume(self._queue, self._on_delivery), "consume")
        self._consumer = answer.consumer_tag or ""

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        """Iterate over the deliveries, in the order of the queue."""
        while await self._has_next():
            yield self._arrived.popleft()

    async def acknowledge(self, tags: Sequence[int]) -> None:
        """Note that the fate of these deliveries is durable, and tell the broker what it may know now."""
        self._check()
        self._acknowledgements.settle(tags)
        if self._received == self._wanted and self._phase == "filling":
            await self._cancel()
        for frame in self._acknowledgements.frames(self._phase):
            await self._send(frame)

    async def stop(self) -> None:
        """Cancel the consumer; iteration goes on with what had already come, then ends."""
        self._check()
        await self._cancel()

    async def finish(self) -> None:
        """
        Make the acknowledgements final; everything else comes back when the channel is closed.

        Raises:
            BrokerUnavailable: the broker may not have got all of them.
        """
        self._check()
        await self._cancel()
        self._phase = "leaving"
        for frame in self._acknowledgements.frames(self._phase):
            await self._pause_if_crowded()
            await self._send(frame)
        await self._pause_if_crowded()
        # Any answer proves that the channel has seen the frames before it.
        await self._ask(self._channel.basic_qos(prefetch_count=self._prefetch), "flush acknowledgements")

    async def _has_next(self) -> bool:
        while True:
            self._check()
            if self._received == self._wanted:
                await self._cancel()
            if self._arrived:
                return True
            if self._phase != "filling":
                return False
            self._news.clear()
            try:
                async with asyncio.timeout(self._idle_seconds):
                    await self._news.wait()
            except TimeoutError:
                await self._end_if_empty()

    async def _end_if_empty(self) -> None:
        """Stop waiting for what somebody else took; while the window is full, it is the caller we wait for."""
        is_window_full = self._received - self._acknowledgements.told >= self._prefetch
        if not is_window_full and await self._ready() == 0:
            await self._cancel()

    async def _cancel(self) -> None:
        """Cancel the consumer once; whoever asks waits for the same answer, and may be cancelled while it does."""
        if self._cancelling is None:
            self._cancelling = asyncio.create_task(self._cancel_consumer(), name=f"cancel consumer of {self._queue}")
            self._cancelling.add_done_callback(_look_at)
        await asyncio.shield(self._cancelling)

    async def _cancel_consumer(self) -> None:
        await self._ask(self._channel.basic_cancel(self._consumer), "cancel the consumer")
        self._phase = "cancelled"
        self._news.set()

    async def _send(self, frame: AckFrame) -> None:
        try:
            # Waits for nothing but room in the connection's outbox.
            await self._ask(
                self._channel.basic_ack(frame.tag, multiple=frame.multiple, wait=False), "acknowledge a delivery"
            )
        except BaseException:
            # It already counts as told: the channel is of no more use.
            self._break(f"the acknowledgement of delivery {frame.tag} was cut off")
            raise
        self._frames_sent_at.append(time.monotonic())

    async def _pause_if_crowded(self) -> None:
        """Wait until fewer than a group of frames is as young as the pause."""
        if len(self._frames_sent_at) == _GROUP:
            await asyncio.sleep(max(self._frames_sent_at[0] + _GROUP_SECONDS - time.monotonic(), 0.0))

    async def _ask(self, work: Awaitable[Answer], what: str) -> Answer:
        return await self._connection.ask(work, f"{self._queue}: {what}")

    def _check(self) -> None:
        if self._lost:
            raise self._lost_as(f"{self._queue}: {self._lost}")

    def _break(self, reason: str) -> None:
        if not self._lost:
            self._lost = reason
            self._arrived.clear()
        self._news.set()

    def _on_picked(self, picked: PickedDelivery) -> None:
        headers = DeferredHeaders(picked.method, picked.header)
        self._note(Delivery(tag=picked.tag, body=picked.body, redelivered=picked.redelivered, headers=headers))

    async def _on_delivery(self, message: DeliveredMessage) -> None:
        deliver = message.delivery
        if isinstance(deliver, commands.Basic.Deliver):
            headers = read_headers(deliver, message.header.properties)
            redelivered = bool(deliver.redelivered)
            self._note(
                Delivery(tag=deliver.delivery_tag or 0, body=message.body, redelivered=redelivered, headers=headers)
            )

    def _note(self, delivery: Delivery) -> None:
        self._arrived.append(delivery)
        self._received += 1
        self._news.set()

    def _on_cancelled_by_broker(self, _: commands.Basic.Cancel) -> None:
        _log.warning("consumer.cancelled", queue=self._queue)
        self._on_cancelled()
        if not self._lost:
            self._lost_as = ConsumerCancelled
        self._break("the broker cancelled the consumer; was the queue deleted?")

    def _on_closed(self, closing: asyncio.Future[object]) -> None:
        error = None if closing.cancelled() else closing.exception()
        self._break("the channel was lost" + (f": {describe(error)}" if error else ""))


def _look_at(task: asyncio.Task[None]) -> None:
    """Read the error of *task*: when all who waited were cancelled themselves, nobody else will."""
    if not task.cancelled():
        task.exception()
