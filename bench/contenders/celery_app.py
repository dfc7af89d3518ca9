"""
Celery with celery-batches: tasks that are collected to 25 and POSTed together.

Its fastest settings of those that lose nothing, as measured here: the pool `prefork` with two processes, one for each
core of a small machine; acknowledged late, for its default acknowledges before the task and loses what a crash
interrupts; a prefetch that always holds enough for every process; no events, no results, no gossip, no mingling.
"""

import importlib
import os
import signal
import threading
import time
import warnings
from typing import Any, Final

import requests
from celery import Celery, bootsteps, signals
from celery.platforms import SecurityWarning
from celery.worker.request import Request
from celery_batches import Batches, SimpleRequest
from kombu import Queue

from bench.contenders.protocol import Task, await_go, read_task, report
from bench.events import JSON_HEADERS, PATH, price_row, request_body
from bench.filling import CELERY_TASK

POOL: Final = "prefork"

_session = requests.Session()


class _Gate(bootsteps.StartStopStep):  # type: ignore[misc]  # see pyproject: an optional group without its types
    """Lets the consumer start only when the harness says go; the pool is up by then."""

    requires = ("celery.worker.components:Pool",)

    def start(self, _parent: object) -> None:
        await_go()


class Counted(Request):  # type: ignore[misc]  # as above
    """A request that counts acknowledgements; when none is left, *when_done* is called."""

    left = 0
    when_done = threading.Event()

    def acknowledge(self) -> None:
        """Acknowledge, and count it."""
        super().acknowledge()
        Counted.left -= 1
        if Counted.left == 0:
            Counted.when_done.set()


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

    @app.task(  # type: ignore[untyped-decorator]  # as above
        base=Batches, name=CELERY_TASK, flush_every=task.batch, Request="bench.contenders.celery_app:Counted"
    )
    def deliver(batch: list[SimpleRequest]) -> None:
        rows: list[dict[str, Any]] = [price_row(each.args[0]["subject"], each.args[0]["data"]) for each in batch]
        answer = _session.post(task.target + PATH, data=request_body(rows), headers=JSON_HEADERS, timeout=60)
        answer.raise_for_status()

    return app


def run(task: Task) -> None:
    """Work until everything is acknowledged."""
    app = create_app(task)
    started_at = 0.0
    Counted.left = task.records

    @signals.task_received.connect(weak=False)  # type: ignore[untyped-decorator]  # as above
    def note_start(**_: object) -> None:
        nonlocal started_at
        started_at = started_at or time.monotonic()

    def finish() -> None:
        Counted.when_done.wait()
        report(started_at=started_at, ended_at=time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    @signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]  # as above
    def await_end(**_: object) -> None:
        threading.Thread(target=finish, daemon=True).start()

    # Whether the benchmark is run as root is nobody's business.
    warnings.simplefilter("ignore", SecurityWarning)
    app.Worker(
        pool=POOL,
        concurrency=task.in_flight,
        loglevel="ERROR",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    ).start()


if __name__ == "__main__":
    # By its full name, under which Celery finds the class `Counted`.
    importlib.import_module("bench.contenders.celery_app").run(read_task())
