"""
The floor: a plain aio-pika consumer that POSTs and acknowledges, as a competent developer writes it in an afternoon.

No ledger, no attempts, no log, no order of records, no settings. Plain, it is what the documentation of aio-pika shows:
asyncio's own loop, each message acknowledged. Tuned, it runs on uvloop and acknowledges a batch by one frame.
"""

import asyncio
import time

import aio_pika
import aiohttp
import uvloop
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from bench.contenders.protocol import Task, await_go, read_task, report
from bench.events import JSON_HEADERS, PATH, price_row, read_event, request_body

WINDOWS_AHEAD = 4
"""Requests' worth of messages that the broker sends ahead in batches."""


async def post(session: aiohttp.ClientSession, url: str, bodies: list[bytes]) -> None:
    """Send the events in one request; whatever is not a success raises."""
    events = [read_event(body) for body in bodies]
    rows = [price_row(event["subject"], event["data"]) for event in events]
    async with session.post(url, data=request_body(rows), headers=JSON_HEADERS) as answer:
        await answer.read()
        answer.raise_for_status()


async def drain_singles(task: Task, queue: AbstractQueue, session: aiohttp.ClientSession) -> None:
    """POST each message by itself; the prefetch is the number of requests at once."""
    left = task.records
    done = asyncio.Event()

    async def on_message(message: AbstractIncomingMessage) -> None:
        nonlocal left
        await post(session, task.target + PATH, [message.body])
        await message.ack()
        left -= 1
        if left == 0:
            done.set()

    tag = await queue.consume(on_message)
    await done.wait()
    await queue.cancel(tag)


async def drain_batches(task: Task, queue: AbstractQueue, session: aiohttp.ClientSession) -> None:
    """POST the messages in batches; a batch that is alone under way may be acknowledged by one frame."""
    slots = asyncio.Semaphore(task.in_flight)

    async def deliver(batch: list[AbstractIncomingMessage]) -> None:
        try:
            await post(session, task.target + PATH, [message.body for message in batch])
            if task.tuned and task.in_flight == 1:
                await batch[-1].ack(multiple=True)
            else:
                for message in batch:
                    await message.ack()
        finally:
            slots.release()

    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    tag = await queue.consume(arrived.put)
    left = task.records
    async with asyncio.TaskGroup() as group:
        while left:
            batch = [await arrived.get() for _ in range(min(task.batch, left))]
            left -= len(batch)
            await slots.acquire()
            group.create_task(deliver(batch))
    await queue.cancel(tag)


async def run(task: Task) -> None:
    """Drain the queue once."""
    connection = await aio_pika.connect(task.broker)
    async with connection, aiohttp.ClientSession() as session:
        channel = await connection.channel()
        prefetch = task.in_flight if task.singles else task.batch * (task.in_flight + WINDOWS_AHEAD)
        await channel.set_qos(prefetch_count=prefetch)
        queue = await channel.get_queue(task.queue, ensure=False)
        started_at = await asyncio.to_thread(await_go)
        await (drain_singles if task.singles else drain_batches)(task, queue, session)
        # An answer of the broker proves that it has seen the acknowledgements before.
        await channel.set_qos(prefetch_count=prefetch)
        ended_at = time.monotonic()
        await asyncio.to_thread(report, started_at=started_at, ended_at=ended_at)


if __name__ == "__main__":
    given = read_task()
    (uvloop.run if given.tuned else asyncio.run)(run(given))
