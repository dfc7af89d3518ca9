"""Taking an instance away from the broker: its queues with what they hold, then its exchanges."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiormq.exceptions import ChannelNotFoundEntity

from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.topology import Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerQueue:
    """A queue that stands there, the messages ready in it, and who consumes it."""

    name: str
    messages: int
    consumers: int


async def find_queues(connection: BrokerConnection, topology: Topology) -> Sequence[BrokerQueue]:
    """
    Give the queues of *topology* that stand there.

    Raises:
        BrokerUnavailable: no answer.
    """
    found = []
    for declaration in topology.queues:
        channel = await connection.driver_channel()
        try:
            told = await connection.ask(
                channel.queue_declare(declaration.name, passive=True), f"look for {declaration.name}"
            )
            found.append(
                BrokerQueue(
                    name=declaration.name,
                    messages=told.message_count or 0,
                    consumers=told.consumer_count or 0,
                )
            )
        except BrokerUnavailable as error:
            if not isinstance(error.__cause__, ChannelNotFoundEntity):
                raise
        finally:
            await connection.close_channel(channel)
    return found


async def remove_topology(connection: BrokerConnection, topology: Topology) -> None:
    """
    Delete every queue and exchange of *topology*; what is not there is none to delete.

    Raises:
        BrokerUnavailable: no answer, or no right to delete; some may be gone then.
    """
    channel = await connection.driver_channel()
    try:
        for queue in topology.queues:
            await connection.ask(channel.queue_delete(queue.name), f"delete {queue.name}")
        for exchange in reversed(topology.exchanges):
            await connection.ask(channel.exchange_delete(exchange.name), f"delete {exchange.name}")
    finally:
        await connection.close_channel(channel)
