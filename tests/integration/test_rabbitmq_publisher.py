"""Publishing to a real broker: a verdict for everything, and never a false one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest
from structlog.testing import capture_logs

from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.publisher import CONTENT_TYPE, Publication, Publisher
from queues.rabbitmq.source import RabbitSource
from tests.broker_queues import BrokerQueues, broker_queues
from tests.proxy import Proxy, proxied


@pytest.fixture
async def queues(broker_url: str) -> AsyncIterator[BrokerQueues]:
    async with asyncio.timeout(60), broker_queues(broker_url) as queues:
        yield queues


@pytest.fixture
async def connection(broker_url: str) -> AsyncIterator[BrokerConnection]:
    connection = BrokerConnection(broker_url, name="publisher")
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


async def use_until_lost(connection: BrokerConnection) -> None:
    with suppress(BrokerUnavailable):
        while True:
            await connection.close_channel(await connection.channel())


async def test_what_is_published_carries_type_identity_and_time(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)

    verdicts = await Publisher(connection, exchange="").publish(
        [Publication(routing_key=queue_name, body=b"{}", headers={"origin": "test"})] * 2
    )
    async with RabbitSource(connection).take(queue_name, 2, window=2) as take:
        deliveries = [delivery async for delivery in take]

    assert verdicts == [None, None]
    first, second = (delivery.headers for delivery in deliveries)
    assert first["content_type"] == CONTENT_TYPE
    assert first["origin"] == "test"
    assert first["message_id"] != second["message_id"]
    assert first["timestamp"]


async def test_every_publication_of_many_gets_its_own_verdict(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name)
    publications = [
        Publication(routing_key=queue_name if number % 3 else f"{queue_name}.missing", body=b"%d" % number)
        for number in range(600)
    ]

    verdicts = await Publisher(connection, exchange="", window=100).publish(publications)

    assert [verdict is None for verdict in verdicts] == [bool(number % 3) for number in range(600)]
    assert await queues.ready(queue_name) == 400
    assert "NO_ROUTE" in str(verdicts[0])


async def test_order_is_kept(connection: BrokerConnection, queues: BrokerQueues, queue_name: str) -> None:
    await queues.declare(queue_name)

    await Publisher(connection, exchange="", window=50).publish(
        [Publication(routing_key=queue_name, body=b"%d" % number) for number in range(300)]
    )

    assert [each.body for each in await queues.empty(queue_name)] == [b"%d" % number for number in range(300)]


async def test_a_missing_exchange_is_told_and_does_not_spoil_the_next_publication(
    connection: BrokerConnection, queues: BrokerQueues, instance: str, queue_name: str
) -> None:
    await queues.declare(queue_name)

    (missing,) = await Publisher(connection, exchange=f"{instance}.nowhere").publish(
        [Publication(routing_key="any", body=b"{}")]
    )
    (present,) = await Publisher(connection, exchange="").publish([Publication(routing_key=queue_name, body=b"{}")])

    assert "NOT_FOUND" in str(missing)
    assert present is None


async def test_a_full_queue_refuses_and_the_refusal_is_the_verdict(
    connection: BrokerConnection, queues: BrokerQueues, queue_name: str
) -> None:
    await queues.declare(queue_name, x_max_length=3, x_overflow="reject-publish")
    publisher = Publisher(connection, exchange="", window=1)

    verdicts = await publisher.publish([Publication(routing_key=queue_name, body=b"{}")] * 10)

    accepted = sum(verdict is None for verdict in verdicts)
    assert 3 <= accepted <= 4  # a quorum queue overshoots its limit by one
    assert isinstance(verdicts[-1], BrokerUnavailable)
    assert await queues.ready(queue_name) == accepted


async def test_an_answer_that_never_comes_is_an_unknown_outcome_and_the_next_try_uses_a_new_connection(
    weak: tuple[Proxy, BrokerConnection], queues: BrokerQueues, queue_name: str
) -> None:
    proxy, connection = weak
    await queues.declare(queue_name)
    publisher = Publisher(connection, exchange="")
    assert await publisher.publish([Publication(routing_key=queue_name, body=b"before")]) == [None]

    proxy.blackhole()
    verdicts = await publisher.publish([Publication(routing_key=queue_name, body=b"during")] * 3)
    proxy.heal()
    (after,) = await publisher.publish([Publication(routing_key=queue_name, body=b"after")])

    assert all(isinstance(verdict, BrokerUnavailable) for verdict in verdicts)
    assert after is None


async def test_a_connection_cut_while_publishing_gives_no_false_confirmation(
    weak: tuple[Proxy, BrokerConnection], queues: BrokerQueues, queue_name: str
) -> None:
    proxy, connection = weak
    await queues.declare(queue_name)
    publisher = Publisher(connection, exchange="", window=50)
    publications = [Publication(routing_key=queue_name, body=b"%d" % number) for number in range(800)]

    publishing = asyncio.create_task(publisher.publish(publications))
    while await queues.ready(queue_name) < 100:
        pass
    proxy.cut()
    verdicts = await publishing
    arrived = {each.body for each in await queues.empty(queue_name)}

    confirmed = {each.body for each, verdict in zip(publications, verdicts, strict=True) if verdict is None}
    assert confirmed <= arrived
    assert len(confirmed) < len(publications)


async def test_a_peer_that_takes_nothing_more_does_not_hold_up_the_close(weak: tuple[Proxy, BrokerConnection]) -> None:
    proxy, connection = weak
    await connection.ensure()

    proxy.blackhole()
    full = [Publication(routing_key="nowhere", body=bytes(1_000_000))] * 60
    verdicts = await Publisher(connection, exchange="").publish(full)
    async with asyncio.timeout(20):
        await connection.close()

    assert all(isinstance(verdict, BrokerUnavailable) for verdict in verdicts)


async def test_an_outage_is_told_once_and_so_is_its_end(weak: tuple[Proxy, BrokerConnection]) -> None:
    proxy, connection = weak
    await connection.ensure()

    with capture_logs() as logs:
        proxy.is_refusing = True
        proxy.cut()
        for _ in range(5):
            await use_until_lost(connection)
        proxy.is_refusing = False
        await connection.wait_until_connected()

    assert [entry["event"] for entry in logs] == ["broker.lost", "broker.connected"]
    assert logs[1]["version"] == connection.version


async def test_while_the_broker_is_away_a_try_fails_at_once_until_the_pause_is_over(
    weak: tuple[Proxy, BrokerConnection],
) -> None:
    proxy, connection = weak
    proxy.is_refusing = True
    with pytest.raises(BrokerUnavailable):
        await connection.ensure()
    tries = proxy.accepted

    for _ in range(20):
        with pytest.raises(BrokerUnavailable, match="next try in"):
            await connection.ensure()

    assert proxy.accepted == tries


async def test_a_wrong_password_is_told_without_telling_it(broker_url: str) -> None:
    secret = "sentinel-5f2c"
    scheme, _, rest = broker_url.partition("://")
    connection = BrokerConnection(f"{scheme}://connector:{secret}@{rest.rpartition('@')[2]}", name="stranger")

    with capture_logs() as logs, pytest.raises(BrokerUnavailable, match="Authentication") as caught:
        await connection.ensure()
    await connection.close()

    assert secret not in str(caught.value)
    assert secret not in str(logs)


def test_certificates_cannot_go_unverified() -> None:
    with pytest.raises(ValueError, match="no_verify_ssl"):
        BrokerConnection("amqps://broker.invalid/?no_verify_ssl=1", name="careless")
