"""What goes on beside the queues and the API: collecting, capturing, syncing, cleaning, watching, new tokens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from daemon.capture.auto_runs import AutoRuns
from daemon.capture.capturing import Capture
from daemon.capture.syncing import Syncing
from daemon.config import Config
from daemon.erp.capturing import ErpSide
from daemon.http.tokens import Tokens
from daemon.serve.broker import Broker
from daemon.serve.stores import Stores
from daemon.serve.sync_side import SyncSide
from daemon.sync.events import check_event
from daemon.watch.watch import Watch
from queues.errors import QueueError
from queues.ports import Clock
from queues.postgres.engine import open_engine
from queues.postgres.retention import PostgresRetention
from queues.postgres.waking import ScheduleNews
from queues.rabbitmq.collector import Collector
from queues.worker.service import QueueWorker

CLEANING: Final = timedelta(hours=1)

_PAUSE_SECONDS: Final = 10.0
"""After a crash."""

_log = structlog.stdlib.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The tasks of a daemon, and what they work with."""

    config: Config
    clock: Clock
    stores: Stores
    broker: Broker
    erp: ErpSide
    tokens: Tokens
    watch: Watch
    syncs: SyncSide

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run them for as long as the block lasts."""
        capture = Capture(
            self.stores.changed_keys,
            self.erp.readers,
            self.broker.publisher,
            self.stores.skipped_records,
            instance=self.config.instance,
            clock=self.clock,
            check_event=check_event,
        )
        syncing = Syncing(
            self.stores.sync_runs,
            self.erp.listers,
            self.stores.changed_keys,
            self.stores.sync_cursors,
            self.syncs.settings,
            clock=self.clock,
        )
        auto_runs = AutoRuns(self.stores.sync_schedules, self.syncs.settings, clock=self.clock)
        collector = Collector(source=self.broker.source, instance=self.config.instance, store=self._keep_foreign)
        works = {
            "collector": collector.run,
            "retention": self._clean,
            "tokens": self.tokens.keep_fresh,
            "watch": self.watch.run,
            "capture": capture.run,
            "syncs": syncing.run,
            "auto runs": auto_runs.run,
            "indexing": self.syncs.indexing.run,
            "clocks": self.syncs.clocks.run,
        }
        tasks = [asyncio.create_task(kept_up(name, work, clock=self.clock), name=name) for name, work in works.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_foreign(self, body: bytes, headers: Mapping[str, str], reason: str) -> None:
        queue = f"{self.config.instance}.{headers.get('routing_key', '')}"
        await self.stores.dead_letters.import_foreign(body=body, headers=dict(headers), queue=queue, reason=reason)

    async def _clean(self) -> None:
        retention = PostgresRetention(self.stores.engine, keep=self.config.retention)
        while True:
            try:
                cleaned = await retention.clean()
                days = await self.stores.log_keeper.clean_when_due()
                _log.info("retention.cleaned", **cleaned, sync_log_days=days)
                await self.stores.reports.send_when_due()
            except QueueError as error:
                _log.warning("retention.not_cleaned", reason=str(error))
            await self.clock.sleep(CLEANING.total_seconds())


async def kept_up(name: str, work: Callable[[], Awaitable[None]], *, clock: Clock) -> None:
    """Do *work* for good: a fault of ours is told and it begins again, for nobody would notice that it had ended."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - as the line above says
            _log.exception("task.crashed", task=name, next_try_seconds=_PAUSE_SECONDS)
        await clock.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def woken(workers: Sequence[QueueWorker], database_url: str) -> AsyncIterator[None]:
    """Have a queue look at its schedule the moment somebody changes it, here or on another replica."""

    def wake(queue: str | None) -> None:
        for worker in workers:
            if queue in {worker.name, None}:
                _log.debug("schedule.changed", queue=worker.name)
                worker.wake()

    engine = open_engine(database_url, pool_size=1, name="am-connector listen")
    listening = asyncio.create_task(ScheduleNews(engine, wake=wake).run(), name="schedule news")
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await engine.dispose()
