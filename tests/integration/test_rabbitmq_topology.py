"""The exchanges and queues of an instance at a real broker."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from queues.definition import QueueDefinition
from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.delivery_limit import probe_delivery_limit
from queues.rabbitmq.publisher import Publication, Publisher
from queues.rabbitmq.source import RabbitSource
from queues.rabbitmq.topology import Topology, declare_topology, plan_topology
from tests.broker_queues import BrokerQueues, broker_queues


@pytest.fixture
async def connection(broker_url: str) -> AsyncIterator[BrokerConnection]:
    connection = BrokerConnection(broker_url, name="topology")
    yield connection
    await connection.close()


@pytest.fixture
async def queues(broker_url: str) -> AsyncIterator[BrokerQueues]:
    async with broker_queues(broker_url) as queues:
        yield queues


def topology_of(instance: str) -> Topology:
    definition = QueueDefinition(instance=instance, direction="to_magento", entity="pricing", batchable=True)
    return plan_topology(instance, [definition])


async def test_everything_missing_is_created_and_the_second_start_finds_it(
    connection: BrokerConnection, instance: str
) -> None:
    topology = topology_of(instance)

    first = await declare_topology(connection, topology)
    second = await declare_topology(connection, topology)

    assert set(first.created) == {
        f"exchange {instance}.events",
        f"exchange {instance}.unrouted",
        f"exchange {instance}.dead",
        f"queue {instance}.unrouted",
        f"queue {instance}.dead",
        f"queue {instance}.to_magento.pricing",
    }
    assert (second.created, first.differences, second.differences) == ((), (), ())


async def test_events_reach_their_queue_and_unknown_ones_the_unrouted_queue(
    connection: BrokerConnection, queues: BrokerQueues, instance: str
) -> None:
    await declare_topology(connection, topology_of(instance))
    publisher = Publisher(connection, exchange=f"{instance}.events")

    verdicts = await publisher.publish(
        [
            Publication(routing_key="to_magento.pricing", body=b"known"),
            Publication(routing_key="to_magento.nonsense", body=b"unknown"),
        ]
    )

    assert verdicts == [None, None]
    assert [each.body for each in await queues.empty(f"{instance}.to_magento.pricing")] == [b"known"]
    assert [each.body for each in await queues.empty(f"{instance}.unrouted")] == [b"unknown"]


async def test_a_queue_that_differs_is_reported_and_used_as_it_is(
    connection: BrokerConnection, queues: BrokerQueues, instance: str, queue_name: str
) -> None:
    await queues.declare(queue_name, x_max_length=1000)
    await queues.publish(queue_name, [b"kept"])

    with capture_logs() as logs:
        report = await declare_topology(connection, topology_of(instance))

    assert [difference.name for difference in report.differences] == [f"queue {queue_name}"]
    assert "x-" in report.differences[0].text
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["topology.differs"]
    assert [each.body for each in await queues.empty(queue_name)] == [b"kept"]


async def test_a_queue_that_differs_is_bound_all_the_same(
    connection: BrokerConnection, queues: BrokerQueues, instance: str, queue_name: str
) -> None:
    await queues.declare(queue_name, x_max_length=1000)
    await declare_topology(connection, topology_of(instance))

    await Publisher(connection, exchange=f"{instance}.events").publish(
        [Publication(routing_key="to_magento.pricing", body=b"1")]
    )

    assert await queues.ready(queue_name) == 1


async def test_what_the_broker_gives_up_on_reaches_the_dead_queue(
    connection: BrokerConnection, queues: BrokerQueues, instance: str, queue_name: str
) -> None:
    await declare_topology(connection, topology_of(instance))
    await queues.publish(queue_name, [b"rejected"])

    channel = await connection.channel()
    message = await (await channel.get_queue(queue_name)).get()
    await message.reject(requeue=False)
    await queues.wait_until_ready(f"{instance}.dead", 1)
    async with RabbitSource(connection).take(f"{instance}.dead", 1, window=1) as take:
        deliveries = [delivery async for delivery in take]

    assert [each.body for each in deliveries] == [b"rejected"]
    assert deliveries[0].headers["x-first-death-reason"] == "rejected"
    assert queue_name in deliveries[0].headers["x-death"]


async def test_a_limit_set_from_outside_leads_to_the_dead_queue_not_to_nothing(
    connection: BrokerConnection, queues: BrokerQueues, instance: str, queue_name: str
) -> None:
    await queues.declare(queue_name, x_delivery_limit=1, x_dead_letter_exchange=f"{instance}.dead")
    await declare_topology(connection, topology_of(instance))
    await queues.publish(queue_name, [b"returned too often"])
    source = RabbitSource(connection)

    async def crash() -> None:
        async with source.take(queue_name, 1, window=1) as take:
            async for _ in take:
                raise RuntimeError("crashed")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="crashed"):
            await crash()
    await queues.wait_until_ready(f"{instance}.dead", 1)

    assert [each.body for each in await queues.empty(f"{instance}.dead")] == [b"returned too often"]


async def test_a_topology_that_cannot_be_created_is_an_error(connection: BrokerConnection, instance: str) -> None:
    topology = plan_topology(f"amq.{instance}", [])  # names the broker keeps for itself

    with pytest.raises(BrokerUnavailable, match=r"ACCESS_REFUSED"):
        await declare_topology(connection, topology)


async def test_the_canary_tells_of_a_limit_as_the_broker_has_it_and_leaves_nothing(
    connection: BrokerConnection, instance: str
) -> None:
    limit = await probe_delivery_limit(connection, instance)

    assert connection.version is not None
    series = tuple(int(part) for part in connection.version.split(".")[:2])
    assert limit.bites == (series >= (4, 0))
    assert ("set_policy" in limit.remedy) == limit.bites
