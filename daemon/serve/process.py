"""
The daemon's life: start, work, stop.

Everything opens in order on one exit stack and closes in the opposite order. A start that loses broker or database in
its middle closes what it opened and is made again when they are back. The stop: readiness turns 503, queues take
nothing new, requests in hand finish and are settled, then HTTP, connections and the database pool close.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import cached_property

import structlog
import uvloop

from daemon import __version__
from daemon.clock import SystemClock
from daemon.config import LONGEST_RUN_LEASE, Config
from daemon.erp.capturing import erp_side
from daemon.erp.opening import open_erp
from daemon.garbage import spare_loaded_objects
from daemon.http.metrics import Metrics
from daemon.http.tokens import Principal
from daemon.logs import set_up_logging
from daemon.serve.api import Api, Targets, own_principal, read_tokens
from daemon.serve.background import Background, woken
from daemon.serve.broker import Broker, open_broker
from daemon.serve.endpoints import RoutesInForce
from daemon.serve.new_products import NewProducts
from daemon.serve.senders import missing_variable, senders
from daemon.serve.starting import EXIT_DONE, EXIT_FAILED, Ended, Interrupted, Started, outcome_of, pause_before_next
from daemon.serve.stores import Stores, open_stores
from daemon.serve.sync_side import IndexFindings, SyncSide
from daemon.settings.connector_store import ConnectorVersions
from daemon.sync.entities import active_queues
from daemon.sync.events import check_event, part_of
from daemon.targets import open_store
from daemon.watch.judging import Limits
from daemon.watch.watch import Watch, Watched
from queues import failpoints
from queues.postgres.target_tokens import PostgresTargetTokens
from queues.postgres.watching import PostgresWatch
from queues.worker.probation import Probation
from queues.worker.service import QueueWorker, work_until_stopped
from queues.worker.setup import Ports, Spans, WorkedQueue
from queues.worker.stop import Stop

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


class _Daemon:
    def __init__(self, config: Config, metrics: Metrics) -> None:
        self._config = config
        self._clock = SystemClock()
        self._stop = Stop()
        self._hurry = asyncio.Event()
        self._metrics = metrics
        self._definitions = active_queues(config.instance)

    @cached_property
    def _own(self) -> Principal:
        """Who holds the operators' own token; one that is made up is shown once, however often the start is made."""
        return own_principal(self._config.http.admin_token)

    async def run(self) -> int:
        """Start, work, stop."""
        self._listen_to_signals()
        if self._config.failpoints:
            _log.warning("daemon.failpoints_armed", points=[trap.point for trap in self._config.failpoints])
        for warning in self._config.warnings:
            _log.warning("configuration.doubtful", warning=warning)
        _log.info("daemon.starting", version=__version__, instance=self._config.instance, pid=os.getpid())
        interruptions = 0
        while True:
            finished = False
            async with AsyncExitStack() as stack:
                start = await self._start_unless_stopped(stack)
                if isinstance(start, Started):
                    finished = await self._work(start.result)
            match start:
                case Started():
                    _log.info("daemon.stopped", finished_in_time=finished)
                    return EXIT_DONE if finished else EXIT_FAILED
                case Ended(code=code):
                    return code
                case Interrupted(reason=reason):
                    interruptions += 1
                    pause = pause_before_next(interruptions=interruptions)
                    _log.warning("daemon.start_interrupted", reason=reason, next_try_seconds=round(pause, 1))
                    await self._stop.sleep(self._clock, pause)

    # --- start --------------------------------------------------------------------------------------------------------

    async def _start_unless_stopped(self, stack: AsyncExitStack) -> Started[list[QueueWorker]] | Interrupted | Ended:
        """Start once, unless a stop comes first; *stack* closes what was opened, whatever came of it."""
        starting = asyncio.create_task(self._start(stack), name="start")
        stopping = asyncio.create_task(self._stop.requested(), name="stop")
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return Ended(code=EXIT_DONE)
        return outcome_of(starting.result)

    async def _start(self, stack: AsyncExitStack) -> list[QueueWorker]:
        config, clock = self._config, self._clock
        stores = await open_stores(stack, config, self._definitions, clock)
        broker = await open_broker(stack, config, self._definitions)
        failpoints.hit("start.declared")
        store = await stack.enter_async_context(
            open_store(config.magento, clock, RoutesInForce(stores.documents, "magento"))
        )
        routing, kept_tokens = RoutesInForce(stores.documents, "acumatica"), PostgresTargetTokens(stores.engine)
        erp = await stack.enter_async_context(open_erp(config.acumatica, clock, kept_tokens, routing))
        targets, documents = Targets(store=store, erp=erp), stores.documents
        workers = self._workers(stores, broker, targets, documents)
        tokens = await read_tokens(stores.engine, self._own, clock)
        carried = [each.event_type for each in self._definitions]
        syncs = SyncSide.of(config, stores, documents, carried=carried, clock=clock)
        watch = self._watch(stores, broker, workers, syncs)
        await watch.look()
        if erp is not None and not await syncs.settings.planned():
            hint = "nothing comes from the ERP: am-connector settings set syncs.product.enabled=true"
            _log.warning("syncs.none_enabled", hint=hint)
        background = Background(
            config=config,
            clock=clock,
            stores=stores,
            broker=broker,
            erp=erp_side(erp, documents, stores.sync_cursors, tenant=config.acumatica.tenant),
            tokens=tokens,
            watch=watch,
            syncs=syncs,
        )
        await stack.enter_async_context(background.running())
        await stack.enter_async_context(woken(workers, config.database_url.reveal()))
        api = Api(
            config=config,
            clock=clock,
            metrics=self._metrics,
            stop=self._stop,
            definitions=self._definitions,
            worked=frozenset(worker.name for worker in workers),
            stores=stores,
            broker=broker,
            targets=targets,
            watch=watch,
            clocks=syncs.clocks,
            tokens=tokens,
        )
        await api.open(stack)
        spare_loaded_objects()
        _log.info(
            "daemon.started",
            queues=[worker.name for worker in workers],
            magento=config.magento.url or "not connected",
            acumatica=config.acumatica.url or "not connected",
        )
        return workers

    def _workers(
        self, stores: Stores, broker: Broker, targets: Targets, documents: ConnectorVersions
    ) -> list[QueueWorker]:
        """Make a worker for each queue whose systems are configured; the others only collect."""
        ports = Ports(clock=self._clock, source=broker.source, ledger=stores.ledger, schedule=stores.schedule)
        request = self._config.magento.timeout
        spans = Spans(run_lease=self._config.run_lease, claim_lease=self._config.claim_lease, request=request)
        sending = senders(
            targets.store, targets.erp, documents, budget=request, on_made=NewProducts(stores.changed_keys).note
        )
        workers = []
        probation = Probation()
        for definition in self._definitions:
            sender = sending.get(definition.event_type)
            if sender is None:
                variable = missing_variable(definition.event_type, targets.store)
                _log.warning("queue.not_connected", queue=definition.name, variable=variable)
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

    def _watch(self, stores: Stores, broker: Broker, workers: Sequence[QueueWorker], syncs: SyncSide) -> Watch:
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
            others=(syncs.clocks, IndexFindings(syncs.indexing)),
        )

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
