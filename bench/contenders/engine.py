"""
The engine as the daemon runs it: RabbitMQ, ledger, schedule and log in PostgreSQL; only the sender is the bench's.

One run of one queue on the schedule. The time ends when the worker has returned: every outcome and log row is
committed, every message acknowledged, the run recorded and its lease given back.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import structlog
import uvloop

from bench.contenders.protocol import Task, await_go, read_task, report
from bench.contenders.sink_sender import SinkSender
from bench.events import PATH
from daemon.clock import SystemClock
from daemon.config import MagentoBearer, MagentoConfig
from daemon.garbage import spare_loaded_objects
from daemon.secret import Secret
from daemon.sync.events import check_event, part_of
from daemon.targets import open_store
from queues.definition import QueueDefinition
from queues.ports import CheckSummary, Sender
from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.ledger import PostgresLedger
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.settings import PostgresSettings
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.source import RabbitSource
from queues.settings import QueueProcessingSettings
from queues.worker.service import QueueWorker
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop

_HIGHEST_THRESHOLD = 1_000_000


async def run(task: Task) -> None:
    """Drain the queue in one check of one run."""
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    engine = open_engine(task.database, name="bench")
    connection = BrokerConnection(task.broker, name="bench")
    schedule = PostgresSchedule(engine)
    stop = Stop()
    left = task.records

    def on_check(_: QueueDefinition, check: CheckSummary) -> None:
        nonlocal left
        left -= check.delivered
        if left == 0 or check.failed or check.ended_by:
            stop.request()

    definition = _definition(task)
    await schedule.register(definition.name)
    await PostgresSettings(engine).save_queue_processing(
        QueueProcessingSettings(
            threshold_count=_HIGHEST_THRESHOLD if task.singles else 0, batch_count=task.batch, process_sleep_time=1
        ),
        Act(actor="bench"),
    )
    await connection.ensure()
    async with _sender(task, definition) as sender:
        queue = WorkedQueue(
            definition=definition, sender=sender, check_event=check_event, part_of=part_of, on_check=on_check
        )
        ports = Ports(
            clock=SystemClock(), source=RabbitSource(connection), ledger=PostgresLedger(engine), schedule=schedule
        )
        spans = Spans(
            run_lease=timedelta(seconds=60), claim_lease=timedelta(seconds=180), request=timedelta(seconds=65)
        )
        worker = QueueWorker(queue, ports, spans, stop=stop)
        spare_loaded_objects()
        started_at = await asyncio.to_thread(await_go)
        await worker.work()
        ended_at = time.monotonic()
        await asyncio.to_thread(report, started_at=started_at, ended_at=ended_at)
    await connection.close()
    await engine.dispose()


def _definition(task: Task) -> QueueDefinition:
    instance, _, entity = task.queue.split(".")
    return QueueDefinition(
        instance=instance, direction="to_magento", entity=entity, batchable=True, max_in_flight=task.in_flight
    )


@asynccontextmanager
async def _sender(task: Task, definition: QueueDefinition) -> AsyncIterator[Sender]:
    """Open the sink's sender, or with a token the daemon's own of a store."""
    if not task.token:
        async with aiohttp.ClientSession() as session:
            yield SinkSender(session, task.target + PATH)
        return
    config = MagentoConfig(
        url=task.target,
        credentials=MagentoBearer(token=Secret(task.token)),
        connect_timeout=timedelta(seconds=5),
        timeout=timedelta(seconds=60),
    )
    async with open_store(config, SystemClock()) as store:
        if store is None:
            raise ValueError("no store is configured")
        yield store.senders[definition.event_type]


if __name__ == "__main__":
    uvloop.run(run(read_task()))
