"""
The composition root: the only place that knows everybody.

Everything opens in order on one exit stack and closes in the opposite order. The stop: readiness turns 503, queues take
nothing new, requests in hand finish and are settled, then HTTP, connections and the database pool close.
"""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
import uvloop
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon import __version__
from daemon.acumatica.client import AcumaticaClient
from daemon.capture.capturing import Capture
from daemon.capture.syncing import Syncing
from daemon.clock import SystemClock
from daemon.config import LONGEST_RUN_LEASE, Config
from daemon.erp import open_erp, test_of_erp
from daemon.erp_capture import ErpSide, erp_side
from daemon.garbage import spare_loaded_objects
from daemon.http.app import create_app
from daemon.http.dependencies import Dependencies
from daemon.http.metrics import Metrics
from daemon.http.ports import BrokerReport
from daemon.http.server import make_runner
from daemon.http.tokens import BOOTSTRAP_NAME, Principal, Tokens
from daemon.logs import set_up_logging
from daemon.readiness import Readiness
from daemon.secret import Secret
from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.store import QueueProcessingVersions
from daemon.sync.entities import active_queues
from daemon.sync.events import check_event, part_of
from daemon.targets import Store, open_store, test_of_store
from daemon.watch.judging import Limits
from daemon.watch.watch import Watch, Watched
from queues import failpoints
from queues.errors import BrokerUnavailable, DatabaseUnavailable, SchemaTooNew, StateConflict
from queues.postgres.audit import PostgresAudit
from queues.postgres.changed_keys import PostgresChangedKeys
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import NOT_LET_IN, open_engine, sqlstate_of
from queues.postgres.idempotent_calls import PostgresIdempotentCalls
from queues.postgres.intake import PostgresIntake
from queues.postgres.journal import PostgresJournal
from queues.postgres.ledger import PostgresLedger
from queues.postgres.migrate import check_at_head
from queues.postgres.queues import PostgresQueues
from queues.postgres.retention import PostgresRetention
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.settings import PostgresSettings
from queues.postgres.sync_runs import PostgresSyncRuns
from queues.postgres.target_tokens import PostgresTargetTokens
from queues.postgres.tokens import PostgresTokens
from queues.postgres.waking import ScheduleNews
from queues.postgres.watching import PostgresWatch
from queues.rabbitmq.collector import Collector
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.delivery_limit import DeliveryLimit, DeliveryLimitWatch
from queues.rabbitmq.health import BrokerHealth, read_health
from queues.rabbitmq.inspection import Inspection, Inspector
from queues.rabbitmq.publisher import Publisher
from queues.rabbitmq.source import RabbitSource
from queues.rabbitmq.topology import declare_topology, events_exchange, plan_topology
from queues.worker.probation import Probation
from queues.worker.service import QueueWorker, work_until_stopped
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop

CLEANING: Final = timedelta(hours=1)
EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_UNUSABLE: Final = 2

_log = structlog.stdlib.get_logger("daemon")


def serve(config: Config) -> int:
    """
    Run the daemon until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after a stop that was asked for, 1 when it could not start or a stop cut requests off, 2 when a
        later release has migrated the database.
    """
    sink = set_up_logging(config.logging, secrets=config.secrets())
    failpoints.arm(config.failpoints)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Daemon(config, Metrics(log_lines_dropped=lambda: sink.dropped)).run())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    """What the process keeps in PostgreSQL."""

    engine: AsyncEngine
    schedule: PostgresSchedule
    ledger: PostgresLedger
    queues: PostgresQueues
    dead_letters: PostgresDeadLetters
    changed_keys: PostgresChangedKeys
    sync_runs: PostgresSyncRuns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Targets:
    """The systems on both sides; None: not configured."""

    store: Store | None
    erp: AcumaticaClient | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broker:
    """The two connections: an alarm that blocks the one never holds up the other. What a `Watch` asks."""

    consume: BrokerConnection
    publish: BrokerConnection
    inspector: Inspector
    limit: DeliveryLimitWatch
    source: RabbitSource
    publisher: Publisher

    async def health(self) -> BrokerHealth:
        return await read_health(consume=self.consume, publish=self.publish)

    async def inspect(self) -> Inspection:
        return await self.inspector.inspect()

    async def delivery_limit(self) -> DeliveryLimit | None:
        return await self.limit.look()

    def report(self) -> BrokerReport:
        return BrokerReport(version=self.consume.version, delivery_limit=self.limit.found)

    async def ready(self, queue: str) -> int:
        return await self.source.ready(queue)

    def cancelled(self, queue: str) -> int:
        return self.source.cancelled(queue)


class _Daemon:
    def __init__(self, config: Config, metrics: Metrics) -> None:
        self._config = config
        self._clock = SystemClock()
        self._stop = Stop()
        self._hurry = asyncio.Event()
        self._metrics = metrics
        self._definitions = active_queues(config.instance)

    async def run(self) -> int:
        """Start, work, stop."""
        self._listen_to_signals()
        if self._config.failpoints:
            _log.warning("daemon.failpoints_armed", points=[trap.point for trap in self._config.failpoints])
        for warning in self._config.warnings:
            _log.warning("configuration.doubtful", warning=warning)
        _log.info("daemon.starting", version=__version__, instance=self._config.instance, pid=os.getpid())
        async with AsyncExitStack() as stack:
            try:
                starting = asyncio.create_task(self._start(stack), name="start")
                stopping = asyncio.create_task(self._stop.requested(), name="stop")
                await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                if not starting.done():
                    starting.cancel()
                    await asyncio.wait({starting})
                    return EXIT_DONE
                workers = starting.result()
            except SchemaTooNew as error:
                # Trying again would change nothing: supervisors leave it stopped.
                _log.error("daemon.not_started", reason=str(error))
                return EXIT_UNUSABLE
            except (StateConflict, DatabaseUnavailable, BrokerUnavailable, OSError) as error:
                _log.error("daemon.not_started", reason=str(error))
                return EXIT_FAILED
            finished = await self._work(workers)
        _log.info("daemon.stopped", finished_in_time=finished)
        return EXIT_DONE if finished else EXIT_FAILED

    # --- start --------------------------------------------------------------------------------------------------------

    async def _start(self, stack: AsyncExitStack) -> list[QueueWorker]:
        stores = await self._open_stores(stack)
        broker = await self._open_broker(stack)
        store = await stack.enter_async_context(open_store(self._config.magento, self._clock))
        kept = PostgresTargetTokens(stores.engine)
        erp = await stack.enter_async_context(open_erp(self._config.acumatica, self._clock, kept))
        documents = ConnectorVersions(PostgresSettings(stores.engine))
        side = erp_side(erp, documents, tenant=self._config.acumatica.tenant)
        workers = self._workers(stores, broker.source, store)
        tokens = await self._read_tokens(stores.engine)
        watch = self._watch(stores, broker, workers)
        await watch.look()
        await stack.enter_async_context(self._background(stores, broker, side, tokens, watch))
        await stack.enter_async_context(self._woken(workers))
        worked = frozenset(worker.name for worker in workers)
        await self._open_http(stack, stores, broker, _Targets(store=store, erp=erp), watch, worked, tokens)
        spare_loaded_objects()
        _log.info(
            "daemon.started",
            queues=[worker.name for worker in workers],
            magento=self._config.magento.url or "not connected",
            acumatica=self._config.acumatica.url or "not connected",
        )
        return workers

    async def _open_stores(self, stack: AsyncExitStack) -> _Stores:
        url = self._config.database_url.reveal()
        await self._wait_for_database(url)
        engine = open_engine(url)
        stack.push_async_callback(engine.dispose)
        schedule = PostgresSchedule(
            engine,
            interval=self._config.schedule_interval,
            lease=self._config.run_lease,
            worker=f"{socket.gethostname()}:{os.getpid()}",
        )
        for definition in self._definitions:
            await schedule.register(definition.name)
        return _Stores(
            engine=engine,
            schedule=schedule,
            ledger=PostgresLedger(engine, claim_lease=self._config.claim_lease),
            queues=PostgresQueues(engine, interval=self._config.schedule_interval),
            dead_letters=PostgresDeadLetters(engine),
            changed_keys=PostgresChangedKeys(engine),
            sync_runs=PostgresSyncRuns(engine),
        )

    async def _wait_for_database(self, url: str) -> None:
        """Wait until the database answers; whatever waiting does not mend is told at once."""
        waiting = False
        while True:
            try:
                await check_at_head(url)
            except DatabaseUnavailable as error:
                if error.__cause__ is not None and (sqlstate_of(error.__cause__) or "").startswith(NOT_LET_IN):
                    raise
                if not waiting:
                    _log.warning("database.awaited", reason=str(error))
                waiting = True
                await self._clock.sleep(1)
            else:
                return

    async def _open_broker(self, stack: AsyncExitStack) -> _Broker:
        url, instance = self._config.broker_url.reveal(), self._config.instance
        topology = plan_topology(instance, self._definitions)
        consume = BrokerConnection(url, name=f"{instance} consume")
        publish = BrokerConnection(url, name=f"{instance} publish")
        broker = _Broker(
            consume=consume,
            publish=publish,
            inspector=Inspector(consume, topology),
            limit=DeliveryLimitWatch(consume, instance),
            source=RabbitSource(consume),
            publisher=Publisher(publish, exchange=events_exchange(instance)),
        )
        for connection in (broker.consume, broker.publish):
            stack.push_async_callback(connection.close)
            await connection.wait_until_connected()
        stack.push_async_callback(broker.publisher.close)
        report = await declare_topology(broker.consume, topology)
        for difference in report.differences:
            _log.warning("topology.differs", name=difference.name, difference=difference.text)
        _log.info("broker.ready", version=broker.consume.version, created=list(report.created))
        return broker

    def _workers(self, stores: _Stores, source: RabbitSource, store: Store | None) -> list[QueueWorker]:
        """Make a worker for each queue whose target is configured; the others only collect."""
        ports = Ports(clock=self._clock, source=source, ledger=stores.ledger, schedule=stores.schedule)
        request = self._config.magento.timeout
        spans = Spans(run_lease=self._config.run_lease, claim_lease=self._config.claim_lease, request=request)
        workers = []
        probation = Probation()
        for definition in self._definitions:
            sender = store.senders.get(definition.event_type) if store else None
            if sender is None:
                _log.warning("queue.not_connected", queue=definition.name, variable="CONNECTOR_MAGENTO_URL")
                continue
            queue = WorkedQueue(
                definition=definition,
                sender=sender,
                check_event=check_event,
                part_of=part_of,
                on_check=self._metrics.record_check,
            )
            workers.append(QueueWorker(queue, ports, spans, stop=self._stop, probation=probation))
        return workers

    def _watch(self, stores: _Stores, broker: _Broker, workers: Sequence[QueueWorker]) -> Watch:
        return Watch(
            Watched(
                queues=[definition.name for definition in self._definitions],
                worked=frozenset(worker.name for worker in workers),
            ),
            database=PostgresWatch(stores.engine),
            broker=broker,
            gauges=self._metrics,
            clock=self._clock,
            limits=Limits(
                interval=self._config.schedule_interval,
                run_lease=LONGEST_RUN_LEASE,
                # One call of a sender may make several requests; twice the lease of a claim is room for six.
                standstill=2 * self._config.claim_lease,
                oldest_message=self._config.oldest_message_alert,
            ),
        )

    @asynccontextmanager
    async def _background(
        self, stores: _Stores, broker: _Broker, erp: ErpSide, tokens: Tokens, watch: Watch
    ) -> AsyncIterator[None]:
        """Run what goes on beside the queues and the API: collecting, capturing, cleaning, watching, new tokens."""
        instance = self._config.instance

        async def store(body: bytes, headers: Mapping[str, str], reason: str) -> None:
            queue = f"{instance}.{headers.get('routing_key', '')}"
            await stores.dead_letters.import_foreign(body=body, headers=dict(headers), queue=queue, reason=reason)

        capture = Capture(
            stores.changed_keys, erp.readers, broker.publisher, clock=self._clock, check_event=check_event
        )
        syncing = Syncing(stores.sync_runs, erp.listers, stores.changed_keys, clock=self._clock)
        tasks = [
            asyncio.create_task(
                Collector(source=broker.source, instance=instance, store=store).run(), name="collector"
            ),
            asyncio.create_task(self._clean(stores.engine), name="retention"),
            asyncio.create_task(tokens.keep_fresh(), name="tokens"),
            asyncio.create_task(watch.run(), name="watch"),
            asyncio.create_task(capture.run(), name="capture"),
            asyncio.create_task(syncing.run(), name="syncs"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def _woken(self, workers: Sequence[QueueWorker]) -> AsyncIterator[None]:
        """Have a queue look at its schedule the moment somebody changes it, here or on another replica."""

        def wake(queue: str | None) -> None:
            for worker in workers:
                if queue in {worker.name, None}:
                    _log.debug("schedule.changed", queue=worker.name)
                    worker.wake()

        engine = open_engine(self._config.database_url.reveal(), pool_size=1, name="am-connector listen")
        listening = asyncio.create_task(ScheduleNews(engine, wake=wake).run(), name="schedule news")
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await engine.dispose()

    async def _clean(self, engine: AsyncEngine) -> None:
        retention = PostgresRetention(engine, keep=self._config.retention)
        while True:
            with suppress(DatabaseUnavailable):
                cleaned = await retention.clean()
                _log.info("retention.cleaned", **cleaned)
            await self._clock.sleep(CLEANING.total_seconds())

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    async def _open_http(
        self,
        stack: AsyncExitStack,
        stores: _Stores,
        broker: _Broker,
        targets: _Targets,
        watch: Watch,
        worked: frozenset[str],
        tokens: Tokens,
    ) -> None:
        readiness = Readiness(
            engine=stores.engine, consume=broker.consume, publish=broker.publish, watch=watch, stop=self._stop
        )
        app = create_app(
            Dependencies(
                tokens=tokens,
                clock=self._clock,
                metrics=self._metrics,
                definitions=self._definitions,
                worked=worked,
                dead_letters=stores.dead_letters,
                queues=stores.queues,
                broker_queues=broker.source,
                intake=PostgresIntake(stores.engine),
                publisher=broker.publisher,
                check_event=check_event,
                settings=QueueProcessingVersions(PostgresSettings(stores.engine)),
                documents=ConnectorVersions(PostgresSettings(stores.engine)),
                input_limits=targets.store.input_limits if targets.store else dict,
                journal=PostgresJournal(stores.engine),
                audit=PostgresAudit(stores.engine),
                idempotent_calls=PostgresIdempotentCalls(stores.engine),
                changed_keys=stores.changed_keys,
                sync_runs=stores.sync_runs,
                connections={
                    "magento": test_of_store(targets.store),
                    "acumatica": test_of_erp(targets.erp, self._config.acumatica),
                },
                health_checks=readiness.checks(),
                health_warnings=readiness.warnings,
                broker_report=broker.report,
                is_stopping=lambda: self._stop.is_requested,
            )
        )
        runner = make_runner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        http = self._config.http
        await web.TCPSite(runner, http.host, http.port).start()
        for host, port, *_ in runner.addresses:
            _log.info("http.listening", address=f"http://{host}:{port}")

    async def _read_tokens(self, engine: AsyncEngine) -> Tokens:
        """Read the tokens in force for the first time; a task goes on reading them."""
        own = Principal.of(BOOTSTRAP_NAME, self._admin_token())
        tokens = Tokens([own], PostgresTokens(engine), self._clock)
        await tokens.refresh()
        return tokens

    def _admin_token(self) -> Secret:
        """Give the configured token; without one (only allowed on loopback) make one and show it once."""
        if self._config.http.admin_token is not None:
            return self._config.http.admin_token
        token = secrets.token_urlsafe(32)
        print(f"CONNECTOR_ADMIN_TOKEN is not set; for this run the token is {token}", flush=True)  # noqa: T201 - shown to the person at the terminal, never in the log
        return Secret(token)

    # --- work and stop ------------------------------------------------------------------------------------------------

    async def _work(self, workers: list[QueueWorker]) -> bool:
        """Work until a stop; a second signal hurries it."""
        working = asyncio.create_task(
            work_until_stopped(workers, self._stop, grace=self._config.shutdown_grace), name="work"
        )
        hurrying = asyncio.create_task(self._hurry.wait(), name="hurry")
        await asyncio.wait({working, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
            return False
        return working.result()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        if self._stop.is_requested:
            _log.warning("daemon.hurried", signal=number.name)
            self._hurry.set()
            return
        _log.info("daemon.stopping", signal=number.name, grace_seconds=self._config.shutdown_grace.total_seconds())
        self._stop.request()
