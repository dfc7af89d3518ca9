"""What operators and `/health/ready` want to know of the broker."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection

_PATIENCE_SECONDS: Final = 2.0


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
    """Tell how the two connections are; one that is not there is tried, for at most two seconds."""
    await asyncio.gather(_try(consume), _try(publish))
    return BrokerHealth(
        is_connected=consume.is_connected and publish.is_connected,
        is_blocked=await publish.is_blocked(),
        version=consume.version or publish.version,
    )


async def _try(connection: BrokerConnection) -> None:
    with suppress(BrokerUnavailable, TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await connection.ensure()
