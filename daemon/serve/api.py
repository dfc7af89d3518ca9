"""The HTTP side of the process: its dependencies, its tokens, its listening sockets."""

import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon.acumatica.client import AcumaticaClient
from daemon.config import Config
from daemon.erp.opening import odata_access, test_of_erp
from daemon.erp.reference import ErpReference, ReferenceData
from daemon.erp.schema import ErpSchema, SchemaManagement
from daemon.http.app import create_app
from daemon.http.dependencies import Dependencies
from daemon.http.metrics import Metrics
from daemon.http.server import make_runner
from daemon.http.tokens import BOOTSTRAP_NAME, Principal, Tokens
from daemon.readiness import Readiness
from daemon.secret import Secret
from daemon.serve.broker import Broker
from daemon.serve.stores import Stores
from daemon.settings.store import QueueProcessingVersions
from daemon.sync.events import check_event
from daemon.targets import Store, test_of_store
from daemon.watch.clocks import Clocks
from daemon.watch.watch import Watch
from queues.definition import QueueDefinition
from queues.ports import Clock
from queues.postgres.audit import PostgresAudit
from queues.postgres.idempotent_calls import PostgresIdempotentCalls
from queues.postgres.intake import PostgresIntake
from queues.postgres.journal import PostgresJournal
from queues.postgres.reference_lists import PostgresReferenceLists
from queues.postgres.settings import PostgresSettings
from queues.postgres.tokens import PostgresTokens
from queues.worker.stop import Stop

_TOKEN_BYTES: Final = 32

_log = structlog.stdlib.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The systems on both sides; None: not configured."""

    store: Store | None
    erp: AcumaticaClient | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the API of a daemon stands on."""

    config: Config
    clock: Clock
    metrics: Metrics
    stop: Stop
    definitions: tuple[QueueDefinition, ...]
    worked: frozenset[str]
    stores: Stores
    broker: Broker
    targets: Targets
    watch: Watch
    clocks: Clocks
    tokens: Tokens

    async def open(self, stack: AsyncExitStack) -> None:
        """Listen; *stack* closes the sockets."""
        runner = make_runner(create_app(self._dependencies()))
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        http = self.config.http
        await web.TCPSite(runner, http.host, http.port).start()
        for host, port, *_ in runner.addresses:
            _log.info("http.listening", address=f"http://{host}:{port}")

    def _dependencies(self) -> Dependencies:
        stores, store, engine = self.stores, self.targets.store, self.stores.engine
        readiness = Readiness(
            engine=engine, consume=self.broker.consume, publish=self.broker.publish, watch=self.watch, stop=self.stop
        )
        return Dependencies(
            tokens=self.tokens,
            clock=self.clock,
            metrics=self.metrics,
            definitions=self.definitions,
            worked=self.worked,
            dead_letters=stores.dead_letters,
            queues=stores.queues,
            broker_queues=self.broker.source,
            intake=PostgresIntake(engine),
            publisher=self.broker.publisher,
            check_event=check_event,
            settings=QueueProcessingVersions(PostgresSettings(engine)),
            documents=stores.documents,
            input_limits=store.input_limits if store else dict,
            journal=PostgresJournal(engine),
            log_keeper=stores.log_keeper,
            schemas=SchemaManagement(ErpSchema(self.targets.erp), stores.documents),
            reference=ReferenceData(
                PostgresReferenceLists(engine), ErpReference(self.targets.erp, odata_access(self.config.acumatica))
            ),
            audit=PostgresAudit(engine),
            idempotent_calls=PostgresIdempotentCalls(engine),
            changed_keys=stores.changed_keys,
            sync_runs=stores.sync_runs,
            sync_schedules=stores.sync_schedules,
            skipped_records=stores.skipped_records,
            clocks=self.clocks,
            connections={
                "magento": test_of_store(store),
                "acumatica": test_of_erp(self.targets.erp, self.config.acumatica),
            },
            health_checks=readiness.checks(),
            health_warnings=readiness.warnings,
            broker_report=self.broker.report,
            is_stopping=lambda: self.stop.is_requested,
        )


def own_principal(configured: Secret | None) -> Principal:
    """Give the holder of the operators' own token; without one (only allowed on loopback) it is made and shown."""
    return Principal.of(BOOTSTRAP_NAME, configured or _made_up())


async def read_tokens(engine: AsyncEngine, own: Principal, clock: Clock) -> Tokens:
    """
    Read the tokens in force for the first time; a task goes on reading them.

    Args:
        engine: of the database.
        own: in force whatever the database says.
        clock: tells which have expired.
    """
    tokens = Tokens([own], PostgresTokens(engine), clock)
    await tokens.refresh()
    return tokens


def _made_up() -> Secret:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    print(f"CONNECTOR_ADMIN_TOKEN is not set; for this run the token is {token}", flush=True)  # noqa: T201 - shown to the person at the terminal, never in the log
    return Secret(token)
