"""
Celery with celery-batches: tasks that are collected to 25 and POSTed together.

Its fastest settings of those that lose nothing, as measured here: the pool `prefork` with two processes, one for each
core of a small machine; acknowledged late, for its default acknowledges before the task and loses what a crash
interrupts; a prefetch that always holds enough for every process; no events, no results, no gossip, no mingling.
"""

import os
import signal
import sys
import threading
import time
import warnings
from typing import Any

import requests
from celery import Celery, bootsteps, signals
from celery.platforms import SecurityWarning
from celery_batches import Batches, SimpleRequest
from kombu import Queue

from bench.contenders.protocol import Task, await_go, read_task, report
from bench.events import JSON_HEADERS, PATH, price_row, request_body
from bench.filling import CELERY_TASK

POOL = os.environ.get("BENCH_CELERY_POOL", "prefork")

_session = requests.Session()


class _Gate(bootsteps.StartStopStep):  # type: ignore[misc]  # the base class has no type hints
    """Lets the consumer start only when the harness says go; the pool is up by then."""

    requires = ("celery.worker.components:Pool",)

    def start(self, _parent: object) -> None:
        await_go()


def create_app(task: Task) -> Celery:
    """Describe the application with its one task."""
    app = Celery("bench", broker=task.broker)
    app.conf.update(
        task_queues=[Queue(task.queue, durable=True, no_declare=True, queue_arguments={"x-queue-type": "quorum"})],
        task_default_queue=task.queue,
        task_default_queue_type="quorum",
        task_ignore_result=True,
        task_acks_late=True,
        task_create_missing_queues=False,
        # Times the pool's size: so that each process finds its next batch complete.
        worker_prefetch_multiplier=4 * task.batch,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=False,
    )
    app.steps["worker"].add(_Gate)

    @app.task(base=Batches, name=CELERY_TASK, flush_every=task.batch, flush_interval=1)  # type: ignore[untyped-decorator]  # as above
    def deliver(batch: list[SimpleRequest]) -> None:
        rows: list[dict[str, Any]] = [price_row(each.args[0]["subject"], each.args[0]["data"]) for each in batch]
        answer = _session.post(task.target + PATH, data=request_body(rows), headers=JSON_HEADERS, timeout=60)
        answer.raise_for_status()

    return app


def run(task: Task) -> None:
    """Work until the harness says stop."""
    app = create_app(task)
    started_at = 0.0

    @signals.task_received.connect(weak=False)  # type: ignore[untyped-decorator]  # as above
    def note_start(**_: object) -> None:
        nonlocal started_at
        started_at = started_at or time.monotonic()

    @signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]  # as above
    def await_stop(**_: object) -> None:
        def stop() -> None:
            sys.stdin.readline()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=stop, daemon=True).start()

    # Whether the benchmark is run as root is nobody's business.
    warnings.simplefilter("ignore", SecurityWarning)
    worker = app.Worker(
        pool=POOL,
        concurrency=task.in_flight,
        loglevel=os.environ.get("BENCH_CELERY_LOG", "ERROR"),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    # Acknowledgements that were under way have been flushed by the warm shutdown.
    report(started_at=started_at, ended_at=None)


if __name__ == "__main__":
    run(read_task())
