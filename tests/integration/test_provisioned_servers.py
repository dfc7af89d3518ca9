"""The fixtures hand out what they promise: real servers, and a database and an instance of each test's own."""

import aio_pika
import asyncpg  # type: ignore[import-untyped]  # it ships no type hints


async def test_the_database_of_a_test_has_the_newest_schema(database: str) -> None:
    connection = await asyncpg.connect(database)

    tables = {row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables")}
    await connection.close()

    assert {"schedules", "ledger", "dead_letters", "attempts", "audit_log"} <= tables


async def test_a_quorum_queue_can_be_declared_at_the_broker(broker_url: str, queue_name: str) -> None:
    connection = await aio_pika.connect(broker_url)

    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(queue_name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"{}"), routing_key=queue_name)
        message = await queue.get()

    assert message is not None
    assert message.body == b"{}"
