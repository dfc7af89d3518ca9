"""A broker of the test's own: alarms, policies, a kill."""

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from deploy.local.broker import Broker
from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.delivery_limit import SOON_SECONDS, DeliveryLimit, DeliveryLimitWatch
from queues.rabbitmq.health import read_health
from queues.rabbitmq.publisher import Publication, Publisher
from queues.rabbitmq.source import RabbitSource
from tests.broker_queues import broker_queues

QUEUE = "main.to_magento.pricing"


@pytest.fixture
async def connections(private_broker: Broker) -> AsyncIterator[tuple[BrokerConnection, BrokerConnection]]:
    consume = BrokerConnection(private_broker.url, name="consume", timeout_seconds=2.0)
    publish = BrokerConnection(private_broker.url, name="publish", timeout_seconds=2.0)
    async with broker_queues(private_broker.url) as queues:
        await queues.declare(QUEUE)
        await queues.publish(QUEUE, [b"1", b"2", b"3"])
    yield consume, publish
    await consume.close()
    await publish.close()


async def test_an_alarm_holds_publishers_back_and_consuming_goes_on(
    private_broker: Broker, connections: tuple[BrokerConnection, BrokerConnection]
) -> None:
    consume, publish = connections
    publisher, source = Publisher(publish, exchange=""), RabbitSource(consume)
    publications = [Publication(routing_key=QUEUE, body=b"4")]
    await publish.ensure()

    await asyncio.to_thread(private_broker.control, "set_vm_memory_high_watermark", "absolute", "10MB")
    first = await publisher.publish(publications)
    second = await publisher.publish(publications)
    blocked = await read_health(consume=consume, publish=publish)
    async with source.take(QUEUE, 3, window=3) as take:
        await take.acknowledge([delivery.tag async for delivery in take])
    await asyncio.to_thread(private_broker.control, "set_vm_memory_high_watermark", "0.8")
    while (await publisher.publish(publications)) != [None]:
        pass
    healthy = await read_health(consume=consume, publish=publish)

    assert isinstance(first[0], BrokerUnavailable)
    assert "alarm" in str(second[0])
    assert blocked.is_blocked
    assert blocked.is_connected
    assert not healthy.is_blocked
    # The first one timed out and landed all the same: its outcome was unknown, as it was told.
    assert await source.ready(QUEUE) == 2


async def test_a_policy_that_limits_deliveries_is_found_and_its_remedy_lifts_it(
    private_broker: Broker, connections: tuple[BrokerConnection, BrokerConnection]
) -> None:
    consume, _ = connections
    await consume.ensure()
    seconds = 0.0
    watch = DeliveryLimitWatch(consume, "main", monotonic=lambda: seconds)
    policy = ("limit", "^main[.]", '{"delivery-limit": 5}', "--apply-to", "queues")

    await asyncio.to_thread(private_broker.control, "set_policy", *policy)
    limited = await watch.look()
    assert limited is not None
    await asyncio.to_thread(private_broker.control, "clear_policy", "limit")
    await asyncio.to_thread(private_broker.control, *shlex.split(limited.remedy.partition("rabbitmqctl ")[2]))
    too_soon = await watch.look()
    seconds = SOON_SECONDS
    lifted = await watch.look()
    left = await asyncio.to_thread(private_broker.control, "list_queues", "--silent", "name")

    assert limited.bites
    assert too_soon is limited
    assert lifted == DeliveryLimit(bites=False)
    assert watch.found == "none"
    assert left.split() == [QUEUE]


async def test_a_broker_killed_during_a_take_comes_back_with_everything_unacknowledged(
    private_broker: Broker, connections: tuple[BrokerConnection, BrokerConnection]
) -> None:
    consume, _ = connections
    source = RabbitSource(consume)
    # A clean restart first: 3.10 forgets a quorum queue, messages and all, when killed within seconds of its creation.
    await asyncio.to_thread(private_broker.stop)
    await asyncio.to_thread(private_broker.start)

    async def work() -> None:
        async with source.take(QUEUE, 3, window=3) as take:
            tags = [delivery.tag async for delivery in take]
            await asyncio.to_thread(private_broker.kill)
            await take.acknowledge(tags)

    with pytest.raises(BrokerUnavailable):
        await work()
    await asyncio.to_thread(private_broker.start)
    await consume.wait_until_connected()
    bodies: list[bytes] = []
    async with asyncio.timeout(60):
        while not bodies:  # the queue has no leader for a moment after the start
            with suppress(BrokerUnavailable):
                async with source.take(QUEUE, 3, window=3) as take:
                    bodies = [delivery.body async for delivery in take]

    assert sorted(bodies) == [b"1", b"2", b"3"]
