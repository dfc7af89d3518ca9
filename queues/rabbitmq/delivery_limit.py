"""
Whether the broker drops a message that is returned too often.

RabbitMQ 4.x deletes a message of a quorum queue at its 21st return unless a policy says otherwise. The connector never
returns a message on purpose, but every lost connection does. No question answers what limit is in force, policies and
all; a canary does: a message in a queue of the same name prefix, returned as often.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from uuid import uuid4

import structlog
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection

_log = structlog.get_logger()

RETURNS: Final = 25
"""Above the default limit of every series (20), with room for one that counts from zero."""

AGAIN_SECONDS: Final = 3_600.0
"""So often it is asked again, for policies come and go."""
SOON_SECONDS: Final = 300.0
"""So often while a limit bites, or nobody knows: an operator who has lifted it wants to see that."""

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


LimitFound = Literal["none", "bites", "unknown"]


class DeliveryLimitWatch:
    """
    Knows what limit is in force: asked at the start, when the broker has become another one, and from time to time.

    Args:
        connection: to the broker.
        instance: begins the name of the canary's queue, so that the policies of the instance's queues hold for it.
        monotonic: seconds of a clock that only goes forward.

    Attributes:
        limit: what was found last; None: it could not be found out.
    """

    def __init__(
        self, connection: BrokerConnection, instance: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit: DeliveryLimit | None = None
        self._connection = connection
        self._instance = instance
        self._monotonic = monotonic
        self._asked_of: str | None = None
        self._again_at = 0.0

    @property
    def found(self) -> LimitFound:
        """What was found, in a word."""
        if self.limit is None:
            return "unknown"
        return "bites" if self.limit.bites else "none"

    async def look(self) -> DeliveryLimit | None:
        """Find out if it is time to; never raises for what the broker does."""
        version = self._connection.version
        if version is not None and (version != self._asked_of or self._monotonic() >= self._again_at):
            await self._ask(version)
        return self.limit

    async def _ask(self, version: str) -> None:
        try:
            self.limit = await probe_delivery_limit(self._connection, self._instance)
        except BrokerUnavailable as error:
            # Where definitions are imported the connector may have no right to create the canary's queue.
            self.limit = None
            _log.warning("broker.delivery_limit_unknown", version=version, reason=str(error))
        else:
            _log.info("broker.delivery_limit", version=version, found=self.found, remedy=self.limit.remedy)
        self._asked_of = version
        self._again_at = self._monotonic() + (AGAIN_SECONDS if self.found == "none" else SOON_SECONDS)


async def probe_delivery_limit(connection: BrokerConnection, instance: str) -> DeliveryLimit:
    """
    Find out, with a queue of its own that is deleted afterwards; about half a second.

    Raises:
        BrokerUnavailable: no answer, or no right to create the canary's queue.
    """
    name = f"{instance}.to_magento.canary.{uuid4().hex}"
    channel = await connection.channel(publisher_confirms=True)
    try:
        queue = await connection.ask(
            # Should the daemon die in between, the broker clears up.
            channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", "x-expires": 60_000}),
            f"declare {name}",
        )
        try:
            survives = await _survives(connection, channel, queue)
        finally:
            await _delete(connection, name)
    finally:
        await connection.close_channel(channel)
    return DeliveryLimit(bites=False) if survives else DeliveryLimit(bites=True, remedy=_remedy(instance))


async def _survives(connection: BrokerConnection, channel: AbstractChannel, queue: AbstractQueue) -> bool:
    canary = Message(b"canary", delivery_mode=DeliveryMode.PERSISTENT, message_id=queue.name)
    await connection.ask(
        channel.default_exchange.publish(canary, queue.name, mandatory=True), f"publish to {queue.name}"
    )
    for _ in range(RETURNS):
        message = await _next(connection, queue)
        if message is None:
            return False
        # 4.3 no longer counts nack, but still counts this.
        await connection.ask(message.reject(requeue=True), f"return to {queue.name}")
    return await _next(connection, queue) is not None


async def _next(connection: BrokerConnection, queue: AbstractQueue) -> AbstractIncomingMessage | None:
    """Get the canary; a return is not there again at once."""
    for _ in range(_LOOKS):
        message = await connection.ask(queue.get(fail=False, timeout=None), f"get from {queue.name}")
        if message is not None:
            return message
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
