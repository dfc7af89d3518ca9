"""A hand on a real broker's queues, beside the connector's own code: fills them, looks into them, deletes them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiormq
from aiormq.abc import AbstractConnection
from pamqp import commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message found in a queue."""

    body: bytes
    redelivered: bool
    headers: Mapping[str, object]


class BrokerQueues:
    """The queues behind *connection*."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection

    async def declare(self, queue: str, **arguments: str | int) -> None:
        """Declare a durable quorum queue; underscores in the names of *arguments* stand for dashes."""
        extra = {name.replace("_", "-"): value for name, value in arguments.items()}
        channel = await self._connection.channel()
        await channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum", **extra})
        await channel.close()

    async def publish(self, queue: str, bodies: Iterable[bytes], headers: Mapping[str, str] | None = None) -> None:
        """Put *bodies* into *queue*, in order; returns when all are confirmed."""
        channel = await self._connection.channel(publisher_confirms=True)
        await asyncio.gather(
            *(
                channel.basic_publish(
                    body,
                    routing_key=queue,
                    mandatory=True,
                    properties=commands.Basic.Properties(delivery_mode=2, headers=dict(headers or {})),
                )
                for body in bodies
            )
        )
        await channel.close()

    async def ready(self, queue: str) -> int:
        """Count what is ready."""
        channel = await self._connection.channel()
        answer = await channel.queue_declare(queue, passive=True)
        await channel.close()
        return answer.message_count or 0

    async def wait_until_ready(self, queue: str, count: int) -> None:
        """Return when exactly *count* messages are ready: the broker announces returns to nobody."""
        while await self.ready(queue) != count:
            pass

    async def empty(self, queue: str) -> list[Found]:
        """Get and acknowledge everything that is ready."""
        channel = await self._connection.channel()
        found: list[Found] = []
        while True:
            message = await channel.basic_get(queue, no_ack=True)
            frame = message.delivery
            if not isinstance(frame, commands.Basic.GetOk):
                break
            headers = message.header.properties.headers or {}
            found.append(Found(body=message.body, redelivered=bool(frame.redelivered), headers=headers))
        await channel.close()
        return found

    async def delete(self, queue: str) -> None:
        """Delete *queue* and whatever it holds."""
        channel = await self._connection.channel()
        await channel.queue_delete(queue)
        await channel.close()


@asynccontextmanager
async def broker_queues(url: str) -> AsyncIterator[BrokerQueues]:
    """Connect to the broker at *url* for as long as the context lasts."""
    connection = await aiormq.connect(url)
    try:
        yield BrokerQueues(connection)
    finally:
        await connection.close()
