"""
The engine as the daemon runs it: RabbitMQ, ledger, schedule and log in PostgreSQL; only the sender is the bench's.

One run of one queue on the schedule. The time ends when the worker has returned: every outcome and log row is
committed, every message acknowledged, the run recorded and its lease given back.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp
import structlog
import uvloop

from bench.contenders.protocol import Task, await_go, read_task, report
from bench.events import JSON_HEADERS, PATH, price_row, request_body
from daemon.clock import SystemClock
from queues.definition import QueueDefinition
from queues.message import ChangeEvent, Message
from queues.ports import CheckSummary
from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.ledger import PostgresLedger
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.settings import PostgresSettings
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.source import RabbitSource
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered, Exchange, Refused, Verdict
from queues.worker.service import QueueWorker
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop

_HIGHEST_THRESHOLD = 1_000_000
_OK = 200


class BenchSender:
    """POSTs the rows and believes every 200; the shop's own questions and answers are no part of this comparison."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Send to *url*."""
        self._session = session
        self._url = url

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Make one request."""
        rows = [price_row(message.key, message.event.data) for message in messages]
        started_at, began, request_id = datetime.now(UTC), time.monotonic(), str(uuid4())
        headers = {**JSON_HEADERS, "X-Request-Id": request_id}
        async with self._session.post(self._url, data=request_body(rows), headers=headers) as response:
            answer = await response.text()
        exchange = Exchange(
            request=f"POST {PATH}",
            request_id=request_id,
            started_at=started_at,
            duration_ms=(time.monotonic() - began) * 1000,
            records=len(rows),
            status=response.status,
            answer=answer,
        )
        if response.status == _OK:
            return [Delivered(exchange=exchange)] * len(messages)
        refused = Refused(error_class="target_error", text=answer, status=response.status, exchange=exchange)
        return [refused] * len(messages)

    async def probe(self) -> bool:
        """Answer that the target is there."""
        return True


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

    instance, direction_and_entity = task.queue.split(".", 1)
    definition = QueueDefinition(
        instance=instance,
        direction="to_magento",
        entity=direction_and_entity.removeprefix("to_magento."),
        batchable=True,
        max_in_flight=task.in_flight,
    )
    await schedule.register(definition.name)
    await PostgresSettings(engine).save_queue_processing(
        QueueProcessingSettings(
            threshold_count=_HIGHEST_THRESHOLD if task.batch == 1 else 0, batch_count=task.batch, process_sleep_time=1
        ),
        Act(actor="bench"),
    )
    await connection.ensure()
    async with aiohttp.ClientSession() as session:
        queue = WorkedQueue(
            definition=definition,
            sender=BenchSender(session, task.target + PATH),
            check_event=_accept,
            part_of=_whole,
            on_check=on_check,
        )
        ports = Ports(
            clock=SystemClock(), source=RabbitSource(connection), ledger=PostgresLedger(engine), schedule=schedule
        )
        spans = Spans(
            run_lease=timedelta(seconds=60), claim_lease=timedelta(seconds=180), request=timedelta(seconds=65)
        )
        worker = QueueWorker(queue, ports, spans, stop=stop)
        started_at = await asyncio.to_thread(await_go)
        await worker.work()
        ended_at = time.monotonic()
        await asyncio.to_thread(report, started_at=started_at, ended_at=ended_at)
    await connection.close()
    await engine.dispose()


def _accept(_: ChangeEvent) -> None:
    """Let every event pass."""


def _whole(_: ChangeEvent) -> str:
    return ""


if __name__ == "__main__":
    uvloop.run(run(read_task()))
