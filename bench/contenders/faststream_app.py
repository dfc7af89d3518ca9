"""
FastStream with its RabbitMQ broker: one subscriber, 16 messages in hand, each POSTed and then acknowledged.

FastStream's RabbitMQ subscribers have no batches. Written as its documentation shows; the acknowledgement comes after
the handler; the body, being CloudEvents, comes as bytes and is read as the floor reads it. Tuned, the two lines it logs
for every message are switched off and the event loop is uvloop.
"""

import asyncio
import time

import aiohttp
import uvloop
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from bench.contenders.floor import post
from bench.contenders.protocol import Task, await_go, read_task, report
from bench.events import PATH


async def run(task: Task) -> None:
    """Drain the queue once."""
    broker = RabbitBroker(task.broker, logger=None) if task.tuned else RabbitBroker(task.broker)
    left = task.records
    done = asyncio.Event()
    async with aiohttp.ClientSession() as session:

        @broker.subscriber(  # type: ignore[untyped-decorator]  # see pyproject: an optional group without its types
            RabbitQueue(task.queue, declare=False),
            channel=Channel(prefetch_count=task.in_flight),
            ack_policy=AckPolicy.NACK_ON_ERROR,
        )
        async def deliver(body: bytes) -> None:
            nonlocal left
            await post(session, task.target + PATH, [body])
            left -= 1
            if left == 0:
                done.set()

        await broker.connect()
        started_at = await asyncio.to_thread(await_go)
        await broker.start()
        await done.wait()
        ended_at = time.monotonic()
        # It acknowledges after the handler returned: closing waits for that.
        await broker.stop()
        await asyncio.to_thread(report, started_at=started_at, ended_at=ended_at)


if __name__ == "__main__":
    given = read_task()
    (uvloop.run if given.tuned else asyncio.run)(run(given))
