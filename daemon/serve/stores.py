"""What the process keeps in PostgreSQL, opened when the database answers and its schema is the one of this release."""

import os
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from daemon.config import Config
from daemon.serve.logging_in_force import LoggingOf
from daemon.settings.connector_store import ConnectorVersions
from daemon.sync_log.choosing import ChosenEntries
from daemon.sync_log.keeping import LogKeeper
from daemon.sync_log.mailer import Mailer
from daemon.sync_log.reporting import ErrorReports
from queues.definition import QueueDefinition
from queues.errors import DatabaseUnavailable
from queues.ports import Clock
from queues.postgres.changed_keys import PostgresChangedKeys
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import is_passing, open_engine
from queues.postgres.journal import PostgresJournal
from queues.postgres.ledger import PostgresLedger
from queues.postgres.log_keeping import PostgresLogKeeping
from queues.postgres.migrate import check_at_head
from queues.postgres.queues import PostgresQueues
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.settings import PostgresSettings
from queues.postgres.skipped_records import PostgresSkippedRecords
from queues.postgres.sync_cursors import PostgresSyncCursors
from queues.postgres.sync_indexing import PostgresSyncIndexing
from queues.postgres.sync_runs import PostgresSyncRuns
from queues.postgres.sync_schedules import PostgresSyncSchedules

_SEARCH_HINT: Final = (
    "searching the text of very many dead letters takes seconds; docs/api.md tells how to make the index"
)

_log = structlog.stdlib.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The database, seen from each side that works with it."""

    engine: AsyncEngine
    schedule: PostgresSchedule
    ledger: PostgresLedger
    queues: PostgresQueues
    dead_letters: PostgresDeadLetters
    changed_keys: PostgresChangedKeys
    sync_runs: PostgresSyncRuns
    documents: ConnectorVersions
    log_keeper: LogKeeper
    reports: ErrorReports
    sync_schedules: PostgresSyncSchedules
    sync_cursors: PostgresSyncCursors
    sync_indexing: PostgresSyncIndexing
    skipped_records: PostgresSkippedRecords


async def open_stores(
    stack: AsyncExitStack, config: Config, definitions: Sequence[QueueDefinition], clock: Clock
) -> Stores:
    """
    Open them when the database answers; *stack* closes them.

    Raises:
        SchemaTooNew: a later release has migrated the database.
        StateConflict: it is not migrated yet.
        DatabaseUnavailable: it does not let us in, which waiting does not mend.
    """
    url = config.database_url.reveal()
    await _wait_for_database(url, clock)
    engine = open_engine(url)
    stack.push_async_callback(engine.dispose)
    schedule = PostgresSchedule(
        engine,
        interval=config.schedule_interval,
        lease=config.run_lease,
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )
    for definition in definitions:
        await schedule.register(definition.name)
    documents = ConnectorVersions(PostgresSettings(engine))
    logging = LoggingOf(documents)
    dead_letters = PostgresDeadLetters(engine)
    if not await dead_letters.is_searched_by_index():
        _log.warning("dead_letters.searched_without_index", hint=_SEARCH_HINT)
    return Stores(
        engine=engine,
        schedule=schedule,
        ledger=PostgresLedger(engine, claim_lease=config.claim_lease, log=ChosenEntries(logging)),
        queues=PostgresQueues(engine, interval=config.schedule_interval),
        dead_letters=dead_letters,
        changed_keys=PostgresChangedKeys(engine),
        documents=documents,
        log_keeper=LogKeeper(PostgresLogKeeping(engine), logging, clock),
        reports=ErrorReports(
            config.instance,
            log=PostgresLogKeeping(engine),
            journal=PostgresJournal(engine),
            settings=logging,
            mailer=None if config.smtp_url is None else Mailer(config.smtp_url, config.mail_from),
            clock=clock,
        ),
        sync_runs=PostgresSyncRuns(engine, lease=config.run_lease),
        sync_schedules=PostgresSyncSchedules(engine),
        sync_cursors=PostgresSyncCursors(engine),
        sync_indexing=PostgresSyncIndexing(engine),
        skipped_records=PostgresSkippedRecords(engine),
    )


async def _wait_for_database(url: str, clock: Clock) -> None:
    """Wait until the database answers; whatever waiting does not mend is told at once."""
    waiting = False
    while True:
        try:
            await check_at_head(url)
        except DatabaseUnavailable as error:
            if not is_passing(error):
                raise
            if not waiting:
                _log.warning("database.awaited", reason=str(error))
            waiting = True
            await clock.sleep(1)
        else:
            return
