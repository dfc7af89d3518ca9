"""The two connections to the broker and what works on them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from daemon.config import Config
from daemon.http.ports import BrokerReport
from queues.definition import QueueDefinition
from queues.failpoints import hit
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.delivery_limit import DeliveryLimit, DeliveryLimitWatch
from queues.rabbitmq.health import BrokerHealth, read_health
from queues.rabbitmq.inspection import Inspection, Inspector
from queues.rabbitmq.publisher import Publisher
from queues.rabbitmq.source import RabbitSource
from queues.rabbitmq.topology import declare_topology, events_exchange, plan_topology

_log = structlog.stdlib.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The two connections: an alarm that blocks the one never holds up the other. What a `Watch` asks."""

    consume: BrokerConnection
    publish: BrokerConnection
    inspector: Inspector
    limit: DeliveryLimitWatch
    source: RabbitSource
    publisher: Publisher

    async def health(self) -> BrokerHealth:
        """Read how both connections are."""
        return await read_health(consume=self.consume, publish=self.publish)

    async def inspect(self) -> Inspection:
        """Look whether every queue is there as declared."""
        return await self.inspector.inspect()

    async def delivery_limit(self) -> DeliveryLimit | None:
        """Find out whether a delivery limit could bite."""
        return await self.limit.look()

    def report(self) -> BrokerReport:
        """Tell version and delivery limit as last seen."""
        return BrokerReport(version=self.consume.version, delivery_limit=self.limit.found)

    async def ready(self, queue: str) -> int:
        """Count the messages that wait in *queue*."""
        return await self.source.ready(queue)

    def cancelled(self, queue: str) -> int:
        """Count how often the broker cancelled our consumer of *queue*."""
        return self.source.cancelled(queue)


async def open_broker(stack: AsyncExitStack, config: Config, definitions: Sequence[QueueDefinition]) -> Broker:
    """
    Connect, waiting as long as it takes, and declare what is missing; *stack* closes the connections.

    Raises:
        BrokerUnavailable: it does not let us in or refuses a declaration, which waiting does not mend.
    """
    url, instance = config.broker_url.reveal(), config.instance
    topology = plan_topology(instance, definitions)
    consume = BrokerConnection(url, name=f"{instance} consume")
    publish = BrokerConnection(url, name=f"{instance} publish")
    broker = Broker(
        consume=consume,
        publish=publish,
        inspector=Inspector(consume, topology),
        limit=DeliveryLimitWatch(consume, instance),
        source=RabbitSource(consume),
        publisher=Publisher(publish, exchange=events_exchange(instance)),
    )
    for connection in (broker.consume, broker.publish):
        stack.push_async_callback(connection.close)
        await connection.wait_until_connected()
    stack.push_async_callback(broker.publisher.close)
    hit("start.connected")
    report = await declare_topology(broker.consume, topology)
    for difference in report.differences:
        _log.warning("topology.differs", name=difference.name, difference=difference.text)
    _log.info("broker.ready", version=broker.consume.version, created=list(report.created))
    return broker
