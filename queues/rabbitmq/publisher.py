"""Publishing with proof: confirmed, mandatory, persistent, many at once, one verdict each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import DeliveryError

from queues.errors import BrokerUnavailable
from queues.message import ChangeEvent, encode
from queues.rabbitmq.connection import BrokerConnection

CONTENT_TYPE: Final = "application/cloudevents+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """
    What is to be published.

    Attributes:
        routing_key: `<direction>.<entity>`, the event's type.
        body: published as it is.
        headers: for people who look at the queue; nothing here trusts them.
    """

    routing_key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, event: ChangeEvent) -> Self:
        """Make the publication of *event* in its canonical bytes."""
        return cls(routing_key=event.type, body=encode(event))


class Publisher:
    """
    Publishes to one exchange.

    Args:
        connection: used for publishing only; an alarm of the broker blocks it.
        exchange: `<instance>.events`.
        window: publications under way at once, 1 or more.
    """

    def __init__(self, connection: BrokerConnection, *, exchange: str, window: int = 200) -> None:
        self._connection = connection
        self._exchange = exchange
        self._room = asyncio.Semaphore(window)
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()

    async def publish(self, publications: Sequence[Publication]) -> list[BrokerUnavailable | None]:
        """
        Publish all, many at a time; one verdict each, in order.

        Returns:
            None where the broker has it on disk. An error where it said no, or where nobody knows: such a publication
            may have arrived all the same, so it is to be repeated, and the repetition is dropped by its identity.
        """
        if await self._connection.is_blocked():
            blocked = BrokerUnavailable("an alarm of the broker (memory or disk) holds publishers back")
            return [blocked] * len(publications)
        return list(await asyncio.gather(*map(self._verdict, publications)))

    async def close(self) -> None:
        """Close the channel; the connection is its owner's."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await self._connection.close_channel(channel)

    async def _verdict(self, publication: Publication) -> BrokerUnavailable | None:
        async with self._room:
            try:
                await self._publish(publication)
            except BrokerUnavailable as error:
                return error
        return None

    async def _publish(self, publication: Publication) -> None:
        channel, exchange = await self._usable_channel()
        message = Message(
            publication.body,
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            # The publication of a returned message is found by its id: equal ids would swap verdicts.
            message_id=str(uuid4()),
            timestamp=datetime.now(UTC),
            headers=dict(publication.headers),
        )
        try:
            await self._connection.ask(
                exchange.publish(message, publication.routing_key, mandatory=True),
                f"publish to {self._exchange} as {publication.routing_key}",
            )
        except BrokerUnavailable as error:
            if not isinstance(error.__cause__, DeliveryError):  # refused or returned: a proper answer
                await self._forget(channel)
            raise

    async def _usable_channel(self) -> tuple[AbstractChannel, AbstractExchange]:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._connection.channel(publisher_confirms=True)
            # Asks the broker nothing; a missing exchange is told by the first publication.
            return self._channel, await self._channel.get_exchange(self._exchange, ensure=False)

    async def _forget(self, channel: AbstractChannel) -> None:
        if self._channel is channel and not await self._connection.is_blocked():
            self._channel = None
            await self._connection.close_channel(channel)
