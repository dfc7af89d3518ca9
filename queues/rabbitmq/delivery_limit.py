"""
Whether the broker drops a message that is returned too often.

RabbitMQ 4.x deletes a message of a quorum queue at its 21st return unless a policy says otherwise. The connector never
returns a message on purpose, but every lost connection does. No question answers what limit is in force, policies and
all; a canary does: a message in a queue of the same name prefix, returned as often.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import aiormq
from pamqp import commands

from queues.rabbitmq.connection import BrokerConnection

RETURNS: Final = 25
"""Above the default limit of every series (20), with room for one that counts from zero."""

_LOOKS: Final = 40
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLimit:
    """
    What the canary found.

    Attributes:
        bites: a message was dropped within `RETURNS` returns.
        remedy: what an operator should do about it, empty if nothing.
    """

    bites: bool
    remedy: str = ""


async def probe_delivery_limit(connection: BrokerConnection, instance: str) -> DeliveryLimit:
    """
    Find out, with a queue of its own that is deleted afterwards; about half a second.

    Raises:
        BrokerUnavailable: no answer, or no right to create the canary's queue.
    """
    queue = f"{instance}.to_magento.canary.{uuid4().hex}"
    channel = await connection.channel(publisher_confirms=True)
    try:
        await connection.ask(
            # Should the daemon die in between, the broker clears up.
            channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum", "x-expires": 60_000}),
            f"declare {queue}",
        )
        try:
            survives = await _survives(connection, channel, queue)
        finally:
            await _delete(connection, queue)
    finally:
        await connection.close_channel(channel)
    return DeliveryLimit(bites=False) if survives else DeliveryLimit(bites=True, remedy=_remedy(instance))


async def _survives(connection: BrokerConnection, channel: aiormq.Channel, queue: str) -> bool:
    properties = commands.Basic.Properties(delivery_mode=2, message_id=queue)
    await connection.ask(
        channel.basic_publish(b"canary", routing_key=queue, properties=properties, mandatory=True),
        f"publish to {queue}",
    )
    for _ in range(RETURNS):
        tag = await _next(connection, channel, queue)
        if tag is None:
            return False
        # 4.3 no longer counts nack, but still counts this.
        await connection.ask(channel.basic_reject(tag, requeue=True), f"return to {queue}")
    return await _next(connection, channel, queue) is not None


async def _next(connection: BrokerConnection, channel: aiormq.Channel, queue: str) -> int | None:
    """Get the canary; a return is not there again at once."""
    for _ in range(_LOOKS):
        message = await connection.ask(channel.basic_get(queue), f"get from {queue}")
        if isinstance(message.delivery, commands.Basic.GetOk):
            return message.delivery.delivery_tag
        await asyncio.sleep(_LOOK_SECONDS)
    return None


async def _delete(connection: BrokerConnection, queue: str) -> None:
    channel = await connection.channel()
    try:
        await connection.ask(channel.queue_delete(queue), f"delete {queue}")
    finally:
        await connection.close_channel(channel)


def _remedy(instance: str) -> str:
    pattern = f"^{instance.replace('.', '[.]')}[.]"
    policy = f"""{instance}-delivery-limit '{pattern}' '{{"delivery-limit": 1000000}}' --apply-to queues"""
    return f"the broker drops messages that are returned too often; lift the limit: rabbitmqctl set_policy {policy}"
