"""What every MessageSource promises, in memory and at a real broker."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from typing import Protocol
from uuid import uuid4

import pytest
from typing_extensions import override

from queues.errors import BrokerUnavailable, NotFound
from queues.ports import Delivery, MessageSource, Take
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.source import RabbitSource
from tests.broker_queues import BrokerQueues, broker_queues
from tests.fakes.source import FakeSource
from tests.proxy import Proxy, proxied


class Stage(Protocol):
    """A source with one queue, and somebody else's hand on it."""

    source: MessageSource
    queue: str

    async def publish(self, bodies: Iterable[bytes]) -> None: ...

    async def settled(self, count: int) -> None:
        """Return when *count* messages are ready, what was given back included."""

    async def delete(self) -> None: ...

    async def lose_connection(self) -> None: ...


class FakeStage(Stage):
    def __init__(self, source: FakeSource) -> None:
        self._fake = source
        self.source = source
        self.queue = "main.to_magento.pricing"
        source.declare(self.queue)

    @override
    async def publish(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            self._fake.publish(self.queue, body)

    @override
    async def settled(self, count: int) -> None:
        assert await self._fake.ready(self.queue) == count

    @override
    async def delete(self) -> None:
        self._fake.delete(self.queue)

    @override
    async def lose_connection(self) -> None:
        self._fake.lose_connection()


class RealStage(Stage):
    def __init__(self, source: RabbitSource, queues: BrokerQueues, proxy: Proxy, queue: str) -> None:
        self.source = source
        self.queue = queue
        self._queues = queues
        self._proxy = proxy

    @override
    async def publish(self, bodies: Iterable[bytes]) -> None:
        await self._queues.publish(self.queue, bodies)

    @override
    async def settled(self, count: int) -> None:
        await self._queues.wait_until_ready(self.queue, count)

    @override
    async def delete(self) -> None:
        await self._queues.delete(self.queue)

    @override
    async def lose_connection(self) -> None:
        self._proxy.cut()


@pytest.fixture(params=["fake", "real"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        if request.param == "fake":
            yield FakeStage(FakeSource())
            return
        broker_url, queue = request.getfixturevalue("broker_url"), request.getfixturevalue("queue_name")
        queues = await stack.enter_async_context(broker_queues(broker_url))
        await queues.declare(queue)
        proxy, url = await stack.enter_async_context(proxied(broker_url))
        connection = BrokerConnection(url, name="contract")
        stack.push_async_callback(connection.close)
        yield RealStage(RabbitSource(connection, idle_seconds=0.1), queues, proxy, queue)


def numbered(first: int, last: int) -> list[bytes]:
    return [b"%d" % number for number in range(first, last + 1)]


async def receive(take: Take, count: int) -> list[Delivery]:
    received: list[Delivery] = []
    async for delivery in take:
        received.append(delivery)
        if len(received) == count:
            break
    return received


async def drain(take: Take, *, group: int = 1) -> list[Delivery]:
    received: list[Delivery] = []
    async for delivery in take:
        received.append(delivery)
        if len(received) % group == 0:
            await take.acknowledge([each.tag for each in received[-group:]])
    await take.acknowledge([each.tag for each in received])
    return received


async def test_a_take_receives_exactly_what_it_wants_in_queue_order(stage: Stage) -> None:
    await stage.publish(numbered(1, 10))

    async with stage.source.take(stage.queue, 7, window=3) as take:
        received = await drain(take)

    assert [each.body for each in received] == numbered(1, 7)
    assert [each.redelivered for each in received] == [False] * 7
    await stage.settled(3)


@pytest.mark.parametrize(("count", "window"), [(1, 1), (2, 1), (7, 7), (7, 100), (40, 4)])
async def test_any_window_lets_all_through_and_nothing_is_given_back(stage: Stage, count: int, window: int) -> None:
    await stage.publish(numbered(1, count + 5))

    async with stage.source.take(stage.queue, count, window=window) as take:
        await drain(take)
    async with stage.source.take(stage.queue, 5, window=5) as take:
        rest = await drain(take)

    assert [each.body for each in rest] == numbered(count + 1, count + 5)
    assert not any(each.redelivered for each in rest)


async def test_what_arrives_during_a_take_stays_in_the_queue(stage: Stage) -> None:
    await stage.publish(numbered(1, 4))

    async with stage.source.take(stage.queue, 4, window=2) as take:
        await stage.publish(numbered(5, 9))
        received = await drain(take)

    assert [each.body for each in received] == numbered(1, 4)
    await stage.settled(5)


async def test_iteration_ends_early_when_the_queue_holds_fewer_than_wanted(stage: Stage) -> None:
    await stage.publish(numbered(1, 3))

    async with stage.source.take(stage.queue, 10, window=10) as take:
        received = await drain(take)

    assert [each.body for each in received] == numbered(1, 3)
    await stage.settled(0)


async def test_a_group_is_received_before_anything_is_acknowledged(stage: Stage) -> None:
    await stage.publish(numbered(1, 12))

    async with stage.source.take(stage.queue, 12, window=4) as take:
        received = await drain(take, group=4)

    assert len(received) == 12
    await stage.settled(0)


async def test_one_slow_delivery_does_not_keep_the_others_from_coming(stage: Stage) -> None:
    await stage.publish(numbered(1, 30))

    async with stage.source.take(stage.queue, 30, window=4) as take:
        first, *others = await receive(take, 2)
        async for delivery in take:
            await take.acknowledge([each.tag for each in others])
            others.append(delivery)
        await take.acknowledge([each.tag for each in others])
        await take.acknowledge([first.tag])

    assert [each.body for each in others] == numbered(2, 30)
    await stage.settled(0)


async def test_what_was_not_acknowledged_comes_back_marked_and_nothing_else(stage: Stage) -> None:
    await stage.publish(numbered(1, 6))

    async with stage.source.take(stage.queue, 6, window=6) as take:
        received = await receive(take, 6)
        await take.acknowledge([received[0].tag, received[3].tag, received[4].tag])
    await stage.settled(3)
    async with stage.source.take(stage.queue, 3, window=3) as take:
        back = await drain(take)

    assert {each.body for each in back} == {b"2", b"3", b"6"}
    assert all(each.redelivered for each in back)


async def test_leaving_with_an_exception_gives_back_what_is_not_acknowledged(stage: Stage) -> None:
    await stage.publish(numbered(1, 5))

    async def work() -> None:
        async with stage.source.take(stage.queue, 5, window=5) as take:
            await receive(take, 2)
            raise RuntimeError("worker died")

    with pytest.raises(RuntimeError, match="worker died"):
        await work()

    await stage.settled(5)


async def test_after_a_stop_only_what_had_already_come_is_received(stage: Stage) -> None:
    await stage.publish(numbered(1, 20))

    async with stage.source.take(stage.queue, 20, window=5) as take:
        first = await receive(take, 1)
        await take.stop()
        rest = await drain(take)
        await take.acknowledge([first[0].tag])

    received = [each.body for each in first + rest]
    assert received == numbered(1, len(received))
    assert 1 <= len(received) <= 5
    await stage.settled(20 - len(received))


async def test_a_stop_ends_an_iteration_that_waits(stage: Stage) -> None:
    await stage.publish(numbered(1, 2))

    async with stage.source.take(stage.queue, 2, window=1) as take:
        await receive(take, 1)
        waiting = asyncio.create_task(receive(take, 1))
        await take.stop()
        received = await waiting

    assert received == []
    await stage.settled(2)


async def test_a_lost_connection_breaks_the_take_and_brings_back_exactly_the_unacknowledged(stage: Stage) -> None:
    await stage.publish(numbered(1, 20))

    async def work() -> None:
        async with stage.source.take(stage.queue, 20, window=5) as take:
            received = await receive(take, 5)
            await take.acknowledge([each.tag for each in received[:3]])
            await receive(take, 1)  # its coming shows that the broker has the acknowledgement
            await stage.lose_connection()
            await drain(take)

    with pytest.raises(BrokerUnavailable):
        await work()
    await stage.settled(17)
    async with stage.source.take(stage.queue, 17, window=17) as take:
        back = await drain(take)

    assert {each.body for each in back} == set(numbered(4, 20))
    assert {each.body for each in back if each.redelivered} <= set(numbered(4, 8))


async def test_nothing_can_be_acknowledged_after_the_connection_was_lost(stage: Stage) -> None:
    await stage.publish(numbered(1, 2))

    async def work() -> None:
        async with stage.source.take(stage.queue, 2, window=2) as take:
            received = await receive(take, 2)
            await stage.lose_connection()
            await stage.settled(2)
            await take.acknowledge([each.tag for each in received])

    with pytest.raises(BrokerUnavailable):
        await work()

    await stage.settled(2)


async def test_a_queue_deleted_during_a_take_breaks_it(stage: Stage) -> None:
    await stage.publish(numbered(1, 2))

    async def work() -> None:
        async with stage.source.take(stage.queue, 2, window=1) as take:
            await receive(take, 1)
            await stage.delete()
            await drain(take)

    with pytest.raises(BrokerUnavailable):
        await work()

    with pytest.raises(NotFound):
        await stage.source.ready(stage.queue)


async def test_a_queue_that_does_not_exist_is_named(stage: Stage) -> None:
    missing = f"{stage.queue}.{uuid4().hex}"

    with pytest.raises(NotFound, match=missing):
        await stage.source.ready(missing)
    with pytest.raises(NotFound, match=missing):
        async with stage.source.take(missing, 1, window=1):
            pass


async def test_ready_does_not_count_what_is_in_hand(stage: Stage) -> None:
    await stage.publish(numbered(1, 5))

    async with stage.source.take(stage.queue, 2, window=2) as take:
        await receive(take, 2)
        in_between = await stage.source.ready(stage.queue)

    assert in_between == 3


@pytest.mark.parametrize(("count", "window"), [(0, 1), (-1, 1), (1, 0), (1, 65_536)])
async def test_a_take_out_of_range_is_refused(stage: Stage, count: int, window: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        async with stage.source.take(stage.queue, count, window=window):
            pass
