"""Everything the application is given; it opens and closes none of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from daemon.http.metrics import Metrics
from daemon.http.ports import (
    Audit,
    BrokerQueues,
    BrokerReport,
    ChangedKeys,
    Clocks,
    Connection,
    DeadLetters,
    HealthCheck,
    HealthWarning,
    IdempotentCalls,
    Intake,
    Journal,
    Publisher,
    Queues,
    ReferenceData,
    SchemaActs,
    Settings,
    SettingsDocuments,
    SkippedRecords,
    SyncLog,
    SyncRuns,
    SyncSchedules,
)
from daemon.http.tokens import Tokens
from queues.definition import QueueDefinition
from queues.message import ChangeEvent
from queues.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """
    What `create_app` needs.

    Attributes:
        definitions: the queues of this instance, in the order operators see them.
        worked: names of the queues this process has a target for; the others only collect.
        check_event: raises InvalidMessage for an event no sender could make sense of.
        input_limits: the most records the shop takes in one request, by entity; None: no limit is known.
        connections: `magento`, `acumatica`; what is not configured answers so itself.
        health_checks: by name, for `/health/ready`.
        broker_report: tells which broker it is.
        health_warnings: gives what is not as it should be, though the daemon is ready.
        is_stopping: whether the process is to end; long work then ends at the next good place.
    """

    tokens: Tokens
    clock: Clock
    metrics: Metrics
    definitions: tuple[QueueDefinition, ...]
    worked: frozenset[str]
    dead_letters: DeadLetters
    queues: Queues
    broker_queues: BrokerQueues
    intake: Intake
    publisher: Publisher
    check_event: Callable[[ChangeEvent], None]
    settings: Settings
    documents: SettingsDocuments
    input_limits: Callable[[], Mapping[str, int | None]]
    journal: Journal
    log_keeper: SyncLog
    reference: ReferenceData
    schemas: SchemaActs
    audit: Audit
    idempotent_calls: IdempotentCalls
    changed_keys: ChangedKeys
    sync_runs: SyncRuns
    sync_schedules: SyncSchedules
    skipped_records: SkippedRecords
    clocks: Clocks
    connections: Mapping[str, Connection]
    health_checks: Mapping[str, HealthCheck]
    health_warnings: Callable[[], Sequence[HealthWarning]]
    broker_report: Callable[[], BrokerReport]
    is_stopping: Callable[[], bool]
