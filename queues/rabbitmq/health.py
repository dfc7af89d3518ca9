"""What operators and `/health/ready` want to know of the broker."""

from dataclasses import dataclass

from queues.rabbitmq.connection import BrokerConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerHealth:
    """
    The state of both connections.

    Attributes:
        is_connected: both stand.
        is_blocked: an alarm of the broker (memory, disk) holds publishers back; consuming goes on.
        version: the broker's, None while there is no connection.
    """

    is_connected: bool
    is_blocked: bool
    version: str | None


async def read_health(*, consume: BrokerConnection, publish: BrokerConnection) -> BrokerHealth:
    """Tell how the two connections are, without asking the broker; a lost one is not opened."""
    return BrokerHealth(
        is_connected=consume.is_connected and publish.is_connected,
        is_blocked=await publish.is_blocked(),
        version=consume.version or publish.version,
    )
