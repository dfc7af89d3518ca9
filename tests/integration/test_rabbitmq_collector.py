"""What nobody routed and what the broker gave up on is stored before it is acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from queues.rabbitmq.backoff import Backoff
from queues.rabbitmq.collector import Collector, Reason
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.source import RabbitSource
from queues.rabbitmq.topology import declare_topology, plan_topology
from tests.broker_queues import BrokerQueues, broker_queues
from tests.proxy import Proxy, proxied


@dataclass
class Shelf:
    """Keeps what is stored, after failing as often as it is told to."""

    failures: int = 0
    kept: list[tuple[bytes, Reason, str]] = field(default_factory=list)
    has_news: asyncio.Event = field(default_factory=asyncio.Event)

    async def store(self, body: bytes, headers: Mapping[str, str], reason: Reason) -> None:
        self.has_news.set()
        if self.failures > 0:
            self.failures -= 1
            raise OSError("the shelf is full")
        self.kept.append((body, reason, headers["routing_key"]))


@dataclass
class Stage:
    proxy: Proxy
    queues: BrokerQueues
    shelf: Shelf
    collector: Collector
    instance: str


@pytest.fixture
async def stage(broker_url: str, instance: str) -> AsyncIterator[Stage]:
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        queues = await stack.enter_async_context(broker_queues(broker_url))
        proxy, url = await stack.enter_async_context(proxied(broker_url))
        connection = BrokerConnection(url, name="collector", backoff=Backoff(first_seconds=0.01))
        stack.push_async_callback(connection.close)
        await declare_topology(connection, plan_topology(instance, []))
        shelf = Shelf()
        collector = Collector(
            source=RabbitSource(connection),
            instance=instance,
            store=shelf.store,
            pause_seconds=0.01,
            backoff=Backoff(first_seconds=0.001, cap_seconds=0.002),
        )
        yield Stage(proxy, queues, shelf, collector, instance)


async def test_both_queues_are_stored_with_their_reasons_and_emptied(stage: Stage) -> None:
    unrouted, dead = f"{stage.instance}.unrouted", f"{stage.instance}.dead"
    await stage.queues.publish(unrouted, [b"1", b"2"])
    await stage.queues.publish(dead, [b"3"])

    stored = await stage.collector.collect()

    assert stored == 3
    assert stage.shelf.kept == [
        (b"1", "unrouted", unrouted),
        (b"2", "unrouted", unrouted),
        (b"3", "broker_dead_lettered", dead),
    ]
    assert [await stage.queues.ready(queue) for queue in (unrouted, dead)] == [0, 0]


async def test_a_store_that_fails_is_tried_again_without_giving_the_message_back(stage: Stage) -> None:
    unrouted = f"{stage.instance}.unrouted"
    await stage.queues.publish(unrouted, [b"1"])
    stage.shelf.failures = 30

    await stage.collector.collect()

    assert [body for body, *_ in stage.shelf.kept] == [b"1"]
    assert await stage.queues.ready(unrouted) == 0


async def test_a_message_not_stored_is_there_after_a_crash(stage: Stage) -> None:
    unrouted = f"{stage.instance}.unrouted"
    await stage.queues.publish(unrouted, [b"1"])
    stage.shelf.failures = 10**9

    task = asyncio.create_task(stage.collector.run())
    await stage.shelf.has_news.wait()
    task.cancel()
    await asyncio.wait({task})
    await stage.queues.wait_until_ready(unrouted, 1)

    assert [each.body for each in await stage.queues.empty(unrouted)] == [b"1"]


async def test_a_lost_connection_is_survived(stage: Stage) -> None:
    unrouted = f"{stage.instance}.unrouted"
    task = asyncio.create_task(stage.collector.run())
    await stage.queues.publish(unrouted, [b"before"])
    await stage.shelf.has_news.wait()

    stage.proxy.cut()
    stage.shelf.has_news.clear()
    await stage.queues.publish(unrouted, [b"after"])
    while b"after" not in {body for body, *_ in stage.shelf.kept}:
        await stage.shelf.has_news.wait()
        stage.shelf.has_news.clear()
    task.cancel()
    await asyncio.wait({task})

    assert {body for body, *_ in stage.shelf.kept} == {b"before", b"after"}


async def test_a_queue_that_was_deleted_does_not_keep_the_other_from_being_drained(stage: Stage) -> None:
    await stage.queues.delete(f"{stage.instance}.unrouted")
    await stage.queues.publish(f"{stage.instance}.dead", [b"3"])

    assert await stage.collector.collect() == 1
