"""Fresh queues with waiting messages: published with confirms, many under way."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final
from uuid import UUID

import aiormq
from aiormq.abc import AbstractChannel
from pamqp.commands import Basic

from queues.message import ChangeEvent, encode

CELERY_TASK: Final = "bench.deliver"

_UNDER_WAY: Final = 500
_PERSISTENT: Final = 2
_CELERY_BODY: Final = b'[[%b],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]'


@asynccontextmanager
async def channel(broker: str) -> AsyncIterator[AbstractChannel]:
    """Open a connection with one channel whose publishing is confirmed."""
    connection = await aiormq.connect(broker)
    try:
        yield await connection.channel(publisher_confirms=True)
    finally:
        await connection.close()


Messages = Iterable[tuple[bytes, Basic.Properties]]


async def fill(broker: str, queue: str, messages: Messages, *, count: int) -> None:
    """
    Declare *queue* and let *messages* wait in it.

    Args:
        broker: its URL.
        queue: a name that is not taken.
        messages: from `as_events` or `as_celery_calls`.
        count: how many these are.
    """
    async with channel(broker) as open_channel:
        await open_channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        await publish(open_channel, queue, messages)
    # What was confirmed may still be on its way to "ready".
    while await waiting(broker, queue) < count:  # noqa: ASYNC110 - the broker announces no such thing
        await asyncio.sleep(0.02)


async def publish(open_channel: AbstractChannel, queue: str, messages: Messages) -> None:
    """Publish *messages* to *queue*, some hundred under way at once; returns when all are confirmed."""
    rest = iter(messages)
    while group := list(islice(rest, _UNDER_WAY)):
        await asyncio.gather(
            *(
                open_channel.basic_publish(body, routing_key=queue, properties=properties, mandatory=True)
                for body, properties in group
            )
        )


async def waiting(broker: str, queue: str) -> int:
    """Count what is ready in *queue*."""
    async with channel(broker) as open_channel:
        return (await open_channel.queue_declare(queue, passive=True)).message_count or 0


async def delete(broker: str, queue: str) -> None:
    """Delete *queue* and what is left in it."""
    async with channel(broker) as open_channel:
        await open_channel.queue_delete(queue)


def as_events(events: Iterable[ChangeEvent]) -> Iterator[tuple[bytes, Basic.Properties]]:
    """Give *events* as the connector publishes them."""
    for event in events:
        properties = Basic.Properties(
            content_type="application/cloudevents+json", delivery_mode=_PERSISTENT, message_id=event.id
        )
        yield encode(event), properties


def as_celery_calls(events: Iterable[ChangeEvent]) -> Iterator[tuple[bytes, Basic.Properties]]:
    """Give *events* as calls of Celery's task, each with the event as its only argument."""
    for number, event in enumerate(events):
        task_id = str(UUID(int=number))
        properties = Basic.Properties(
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=task_id,
            delivery_mode=_PERSISTENT,
            headers={"lang": "py", "task": CELERY_TASK, "id": task_id, "root_id": task_id, "retries": 0},
        )
        yield _CELERY_BODY % encode(event), properties
