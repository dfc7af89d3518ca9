"""Takes from a real broker, where the broker's own ways matter."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from queues.errors import BrokerUnavailable, NotFound
from queues.ports import Take
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.source import RabbitSource
from tests.broker_queues import BrokerQueues, broker_queues
from tests.proxy import Proxy, proxied


@pytest.fixture
async def queues(broker_url: str) -> AsyncIterator[BrokerQueues]:
    async with asyncio.timeout(120), broker_queues(broker_url) as queues:
        yield queues


@pytest.fixture
async def connection(broker_url: str) -> AsyncIterator[BrokerConnection]:
    connection = BrokerConnection(broker_url, name="source")
    yield connection
    await connection.close()


@pytest.fixture
async def weak(broker_url: str) -> AsyncIterator[tuple[Proxy, BrokerConnection]]:
    """A connection through a proxy that can fail."""
    async with AsyncExitStack() as stack:
        proxy, url = await stack.enter_async_context(proxied(broker_url))
        connection = BrokerConnection(url, name="weak", timeout_seconds=1.0)
        stack.push_async_callback(connection.close)
        yield proxy, connection


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


async def receive_all(take: Take) -> list[int]:
    return [delivery.tag async for delivery in take]


async def test_a_snapshot_is_taken_exactly_while_others_go_on_publishing(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(500))
    source = RabbitSource(connection)
    wanted = await source.ready(queue_name)

    publishing = asyncio.create_task(queues.publish(queue_name, [b"later"] * 700))
    bodies = []
    async with source.take(queue_name, wanted, window=40) as take:
        async for delivery in take:
            bodies.append(delivery.body)
            await take.acknowledge([delivery.tag])
    await publishing
    rest = await queues.empty(queue_name)

    assert bodies == numbered(500)
    assert [each.body for each in rest] == [b"later"] * 700
    assert not any(each.redelivered or each.headers.get("x-delivery-count", 0) for each in rest)


@pytest.mark.parametrize("trial", range(10))
async def test_200_acknowledgements_never_come_back_whatever_their_order(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str, trial: int
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(200))
    order = random.Random(trial)

    async with RabbitSource(connection).take(queue_name, 200, window=200) as take:
        tags = await receive_all(take)
        order.shuffle(tags)
        for tag in tags:
            await take.acknowledge([tag])

    assert await queues.ready(queue_name) == 0


async def test_many_single_acknowledgements_at_the_end_are_final(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(200))

    async with RabbitSource(connection).take(queue_name, 200, window=200) as take:
        tags = await receive_all(take)
        await take.acknowledge([tag for tag in tags if tag % 2 == 0])
    await queues.wait_until_ready(queue_name, 100)

    assert {each.body for each in await queues.empty(queue_name)} == {b"%d" % tag for tag in range(0, 200, 2)}


async def test_acknowledging_can_be_cancelled_at_any_await_and_repeated(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(60))

    async with RabbitSource(connection).take(queue_name, 60, window=20) as take:
        async for delivery in take:
            attempt = asyncio.create_task(take.acknowledge([delivery.tag]))
            await asyncio.sleep(0)
            attempt.cancel()
            await asyncio.wait({attempt})
            await take.acknowledge([delivery.tag])

    assert await queues.ready(queue_name) == 0


async def test_a_task_cancelled_while_it_waits_for_a_delivery_gives_everything_back(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(5))
    has_all = asyncio.Event()

    async def work() -> None:
        async with RabbitSource(connection, idle_seconds=60).take(queue_name, 6, window=6) as take:
            async for delivery in take:
                if delivery.tag == 5:
                    has_all.set()

    task = asyncio.create_task(work())
    await has_all.wait()
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    await queues.wait_until_ready(queue_name, 5)


async def test_two_takes_of_two_queues_do_not_disturb_each_other(
    connection: BrokerConnection, queues: BrokerQueues, instance: str
) -> None:
    doomed, healthy = f"{instance}.to_magento.pricing", f"{instance}.to_magento.inventory"
    for queue in (doomed, healthy):
        await queues.declare(queue)
        await queues.publish(queue, numbered(3))
    source = RabbitSource(connection)

    async def take_doomed() -> None:
        async with source.take(doomed, 3, window=1) as take:
            async for _ in take:
                await queues.delete(doomed)

    async with source.take(healthy, 3, window=3) as take:
        tags = await receive_all(take)
        with pytest.raises(BrokerUnavailable):
            await take_doomed()
        await take.acknowledge(tags)

    assert await queues.ready(healthy) == 0
    assert connection.is_connected


async def test_errors_that_close_channels_beside_a_take_give_nothing_of_it_back(
    connection: BrokerConnection, queues: BrokerQueues, instance: str
) -> None:
    missing, healthy = f"{instance}.to_magento.pricing", f"{instance}.to_magento.inventory"
    await queues.declare(healthy)
    await queues.publish(healthy, numbered(3))
    source = RabbitSource(connection)

    async def take_missing() -> None:
        async with source.take(missing, 1, window=1) as take:
            await receive_all(take)

    async with source.take(healthy, 3, window=3) as take:
        tags = await receive_all(take)
        with pytest.raises(NotFound):
            await source.ready(missing)
        with pytest.raises(NotFound):
            await take_missing()
        # What was given back would be ready again, and its acknowledgement an error of its own.
        assert await queues.ready(healthy) == 0
        await take.acknowledge(tags)

    assert await queues.ready(healthy) == 0
    assert connection.is_connected


async def test_a_connection_that_swallows_everything_is_given_up_in_time(
    weak: tuple[Proxy, BrokerConnection], queues: BrokerQueues, queue_name: str
) -> None:
    proxy, connection = weak
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(3))
    source = RabbitSource(connection)

    async def work() -> None:
        async with source.take(queue_name, 3, window=3) as take:
            tags = await receive_all(take)
            proxy.blackhole()
            await take.acknowledge(tags)

    with pytest.raises(BrokerUnavailable, match="no answer within"):
        await work()
    proxy.heal()

    async with source.take(queue_name, 3, window=3) as take:  # over another connection
        await take.acknowledge(await receive_all(take))


async def test_a_consumer_cancelled_by_the_broker_is_told(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(1))

    async def work() -> None:
        async with RabbitSource(connection, idle_seconds=60).take(queue_name, 2, window=2) as take:
            async for _ in take:
                await queues.delete(queue_name)

    with capture_logs() as logs, pytest.raises(BrokerUnavailable, match="cancelled the consumer"):
        await work()

    assert "consumer.cancelled" in [entry["event"] for entry in logs]


async def test_a_body_of_many_frames_arrives_whole(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    body = random.Random(1).randbytes(1_000_000)
    await queues.publish(queue_name, [body, b""])

    async with RabbitSource(connection).take(queue_name, 2, window=1) as take:
        bodies = []
        async for delivery in take:
            bodies.append(delivery.body)
            await take.acknowledge([delivery.tag])

    assert bodies == [body, b""]


async def test_counting_and_taking_leave_nothing_behind_on_a_connection_that_lives_long(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    await queues.publish(queue_name, numbered(60))
    source = RabbitSource(connection)

    async def check(times: int) -> int:
        for _ in range(times):
            async with source.take(queue_name, 1, window=1) as take:
                await take.acknowledge(await receive_all(take))
            await source.ready(queue_name)
        gc.collect()
        return sum(issubclass(type(each), asyncio.Future) for each in gc.get_objects())

    warm = await check(10)
    later = await check(50)

    assert later - warm < 50  # an aio-pika channel leaves two futures each, and a check opens two channels
