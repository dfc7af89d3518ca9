"""
What the HTTP side needs from the rest, as Protocols it owns.

The stores of `queues.postgres` and the publisher of `queues.rabbitmq` match them as they are; the fakes of the tests do
as well. Every method may raise DatabaseUnavailable or BrokerUnavailable; the problems middleware answers them with 503.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from daemon.settings.connector_store import DocumentInForce, DocumentVersion, Versions
from daemon.settings.document.references import KnownCodes, ReferenceKind
from daemon.settings.document.schema import SchemaEntity
from daemon.settings.document.scopes import SettingsDocument
from daemon.settings.queue_processing import SettingsVersion
from daemon.sync.schema.in_force import SchemaInForce, SchemaRefresh
from daemon.sync_log.keeping import Cleaning
from queues.errors import BrokerUnavailable
from queues.message import Message
from queues.postgres.audit import Act, AuditEntry, AuditFilter
from queues.postgres.bulk_orders import BulkCount, BulkDone, BulkOrder, BulkRefusal, Choice, Interruption
from queues.postgres.changed_keys import ChangedKey, Origin, PushIdentity, WaitingKeys
from queues.postgres.idempotent_calls import Beginning, IdempotentCall, KeptAnswer
from queues.postgres.intake import Familiarity, IntakeState
from queues.postgres.journal import RequestFilter, RequestPage, RunPage
from queues.postgres.letters import DeadLetter, DeadLetterFilter, DeadLetterStory, Page
from queues.postgres.log_keeping import LogCount
from queues.postgres.queues import QueueState
from queues.postgres.reference_lists import ReferenceList
from queues.postgres.skipped_records import SkippedFilter, SkippedPage
from queues.postgres.sync_runs import RunKind, RunLine, SyncRun
from queues.postgres.sync_schedules import SyncStart
from queues.postgres.tokens import AccessSnapshot, TokenRecord, TokenRole
from queues.rabbitmq.publisher import Publication
from queues.settings import QueueProcessingSettings


class DeadLetters(Protocol):
    """The dead-letter table; every act writes its audit row in the same transaction."""

    async def list(self, wanted: DeadLetterFilter | None = None, *, limit: int = 50, cursor: str | None = None) -> Page:
        """Read one page, newest first. Raises ValueError for a cursor it never gave."""

    async def show(self, letter_id: int) -> DeadLetterStory:
        """Read one with its bytes and attempts. Raises NotFound."""

    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        """Give it a new generation with a new budget. Raises NotFound, StateConflict."""

    async def discard(self, letter_id: int, act: Act) -> DeadLetter:
        """Close it without sending it. Raises NotFound, StateConflict."""

    async def count(self, choice: Choice) -> BulkCount:
        """Tell how many open ones *choice* means."""

    async def act_on_many(self, order: BulkOrder, interruption: Interruption = ...) -> BulkDone | BulkRefusal:
        """Act on many, one such act at a time, for as long as *interruption* lets it."""


class Queues(Protocol):
    """The queues as the database knows them; every act writes its audit row in the same transaction."""

    async def states(self) -> Sequence[QueueState]:
        """Read every queue, by name."""

    async def state(self, queue: str) -> QueueState:
        """Read one. Raises NotFound."""

    async def pause(self, queue: str, act: Act) -> None:
        """End its run after the check in hand; it keeps collecting. Raises NotFound, StateConflict."""

    async def resume(self, queue: str, act: Act) -> None:
        """Let it run again from the next tick. Raises NotFound, StateConflict."""

    async def run_now(self, queue: str, act: Act) -> None:
        """Start a run at once and anchor the grid at its start. Raises NotFound, StateConflict."""


class BrokerQueues(Protocol):
    """The queues as the broker knows them."""

    async def ready(self, queue: str) -> int:
        """Count the messages ready in *queue*. Raises BrokerUnavailable, NotFound."""


class Publisher(Protocol):
    """Puts messages into their queues."""

    async def publish(self, publications: Sequence[Publication]) -> Sequence[BrokerUnavailable | None]:
        """Publish with confirms; None for each that was confirmed, else why it was not."""


class Intake(Protocol):
    """Events already taken in, and whether new ones are."""

    async def state(self) -> IntakeState:
        """Read whether new events are accepted."""

    async def stop(self, act: Act) -> object:
        """Refuse new events from now on, with the reason. Raises StateConflict."""

    async def resume(self, act: Act) -> object:
        """Accept them again. Raises StateConflict."""

    async def known(self, messages: Sequence[Message]) -> Sequence[Familiarity]:
        """Tell for each event whether it was taken in before, within the retention."""

    async def remember(self, messages: Sequence[Message]) -> None:
        """Note events as taken in; the broker has confirmed them."""


class ChangedKeys(Protocol):
    """The keys of records that are to be looked at."""

    async def note(
        self, keys: Sequence[ChangedKey], *, origin: Origin, push: PushIdentity | None = None, at_once: bool = False
    ) -> bool:
        """Note that records changed; False when *push* was noted before."""

    async def waiting(self) -> Sequence[WaitingKeys]:
        """Count what is still to be looked at, by type."""


class SyncRuns(Protocol):
    """The runs of syncs; asking and stopping write their audit rows."""

    async def ask(self, sync: str, kind: RunKind, act: Act, *, key: str = "") -> SyncRun:
        """Ask for a run. Raises StateConflict when one of this sync waits or is under way."""

    async def stop(self, run_id: int, act: Act) -> SyncRun:
        """End a run. Raises NotFound, StateConflict."""

    async def list(self, sync: str | None = None, *, before: int | None = None, limit: int = 50) -> Sequence[SyncRun]:
        """Read runs, newest first, those below the id *before*."""

    async def last(self) -> Sequence[SyncRun]:
        """Read the newest run of each sync."""

    async def show(self, run_id: int) -> SyncRun:
        """Read one. Raises NotFound."""

    async def lines(self, run_id: int, *, after: int = 0, limit: int = 200) -> Sequence[RunLine]:
        """Read what one tells, behind the line *after*. Raises NotFound."""


class SyncSchedules(Protocol):
    """When syncs start by themselves."""

    async def read(self) -> tuple[datetime, Sequence[SyncStart]]:
        """Read the clock they go by, and all starts."""


class SkippedRecords(Protocol):
    """Records that were passed over."""

    async def list(self, wanted: SkippedFilter, *, limit: int = 50, cursor: str | None = None) -> SkippedPage:
        """Read one page, newest first. Raises ValueError for a cursor it never gave."""


class ClockReading(Protocol):
    """One clock, compared with ours."""

    @property
    def system(self) -> str:
        """Whose it is."""

    @property
    def ahead_seconds(self) -> float | None:
        """How far it is ahead; None: it told no time."""

    @property
    def uncertain_seconds(self) -> float:
        """How far that may be off."""

    @property
    def limit_seconds(self) -> int:
        """The most it may be."""

    @property
    def is_apart(self) -> bool:
        """It is beyond the limit."""

    @property
    def told(self) -> str:
        """For people."""


class Clocks(Protocol):
    """The clocks of the other systems."""

    async def look(self) -> Sequence[ClockReading]:
        """Compare them now."""

    async def fresh(self) -> Sequence[ClockReading]:
        """Give readings that are not old."""


class Settings(Protocol):
    """The versions of the Queue Processing Settings."""

    async def current(self) -> SettingsVersion:
        """Read the version in force."""

    async def replace(self, settings: QueueProcessingSettings, act: Act, *, if_version: int | None) -> SettingsVersion:
        """Write a new version. Raises StateConflict when *if_version* is given and is not in force any more."""

    async def history(self, *, before: int | None, limit: int) -> Sequence[SettingsVersion]:
        """Read the versions below *before*, newest first."""


class SettingsDocuments(Protocol):
    """The versions of the whole settings document."""

    async def current(self) -> DocumentInForce:
        """Read what is in force."""

    async def replace(
        self, document: SettingsDocument, queue: QueueProcessingSettings, act: Act, *, based_on: Versions | None
    ) -> DocumentInForce:
        """Write both parts or neither. Raises StateConflict when *based_on* is not in force any more."""

    async def history(self, *, before: int | None, limit: int) -> Sequence[DocumentVersion]:
        """Read the versions below *before*, newest first."""

    async def restore(self, version: int, act: Act) -> DocumentInForce:
        """Put an older version in force again. Raises NotFound, InvalidSettings, StateConflict."""


class Journal(Protocol):
    """What was sent and what ran."""

    async def runs(self, queue: str | None = None, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """Read the runs of one queue or of all, newest first. Raises ValueError for a cursor it never gave."""

    async def requests(
        self, wanted: RequestFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> RequestPage:
        """Read the requests made, newest first. Raises ValueError for a cursor it never gave."""

    async def acts(self, kind: str, target: str) -> Sequence[AuditEntry]:
        """Read what people did with *target*, oldest first."""

    async def dead_letters_by_state(self) -> Mapping[str, int]:
        """Count the dead letters of each state."""


class SyncLog(Protocol):
    """The sync log as a whole; nothing else is touched by what is done to it."""

    async def due_now(self) -> Cleaning:
        """Tell what cleaning now would drop."""

    async def clean_now(self, act: Act) -> Cleaning:
        """Drop what is past its lifetime. Raises StateConflict when it cannot be archived before."""

    async def count(self) -> LogCount:
        """Count every entry."""

    async def flush(self, until: datetime, act: Act) -> int:
        """Delete every entry before *until*; tell how many."""


class ReferenceData(Protocol):
    """The ERP's lists that settings refer to."""

    async def all(self) -> Mapping[ReferenceKind, ReferenceList]:
        """Give every list there is, also those that were never fetched."""

    async def known(self) -> Mapping[str, KnownCodes]:
        """Give the codes of the lists that came."""

    async def refresh(self, kinds: Sequence[ReferenceKind], act: Act) -> Mapping[ReferenceKind, ReferenceList]:
        """Fetch *kinds*; one that does not come keeps what it had, and says why."""


class SchemaActs(Protocol):
    """Schema Management; every act makes a version of the settings document. Raises StateConflict."""

    async def show(self, entity: SchemaEntity) -> SchemaInForce:
        """Give the fields of *entity*."""

    async def refresh(self, entity: SchemaEntity, act: Act) -> SchemaRefresh:
        """Lay the ERP's fields beside the ones in force."""

    async def tick(self, entity: SchemaEntity, active: Mapping[str, bool], act: Act) -> SchemaInForce:
        """Switch fields on and off. Raises InvalidSettings for fields that there are not."""

    async def preset(self, entity: SchemaEntity, act: Act) -> SchemaInForce:
        """Have the fields preselected at installation active."""


class Audit(Protocol):
    """What people did, and what they were refused."""

    async def entries(
        self, wanted: AuditFilter | None = None, *, before: int = ..., limit: int = 50
    ) -> Sequence[AuditEntry]:
        """Read the rows with an id below *before*, newest first."""

    async def write(
        self, act: Act, *, action: str, target: str, result: str = ..., details: Mapping[str, object] | None = None
    ) -> None:
        """Add the row of an act that has no transaction of its own, such as one that was refused."""


class IdempotentCalls(Protocol):
    """Calls that came with a key."""

    async def begin(self, call: IdempotentCall) -> Beginning:
        """Take *call* in hand, unless it was before."""

    async def finish(self, call: IdempotentCall, answer: KeptAnswer) -> None:
        """Keep the answer of a call that was begun."""

    async def give_up(self, call: IdempotentCall) -> None:
        """Let a call that came to nothing be tried again."""


class TokenStore(Protocol):
    """The tokens that people made; every act writes its audit row in the same transaction."""

    async def exchange(self, used: Mapping[int, str]) -> AccessSnapshot:
        """Note the tokens that were used, with the address, and read what is in force."""

    async def create(
        self, *, name: str, role: TokenRole, digest: bytes, expires_at: datetime | None, act: Act
    ) -> TokenRecord:
        """Put one in force. Raises StateConflict when there are too many."""

    async def revoke(self, token_id: int, act: Act) -> TokenRecord:
        """Take one out of force. Raises NotFound, StateConflict."""

    async def records(self, *, only_live: bool, before: int, limit: int) -> Sequence[TokenRecord]:
        """Read those with an id below *before*, newest first."""

    async def end_session(self, nonce: str, ends_at: datetime) -> None:
        """Let a browser session be over before *ends_at*."""


class ConnectionReport(Protocol):
    """What a test of a connection found; a dataclass whose further fields are shown as well."""

    @property
    def ok(self) -> bool:
        """It answers and lets us do what we need."""

    @property
    def reason(self) -> str:
        """Empty when it is well; otherwise `unreachable`, `unauthorised`, `wrong_path` and such."""

    @property
    def detail(self) -> str:
        """For people, without secrets."""


class Connection(Protocol):
    """One of the two systems."""

    async def __call__(self) -> ConnectionReport:
        """Try it now; changes nothing there and never raises for what the system does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerReport:
    """
    Which broker it is.

    Attributes:
        version: None while there is no connection.
        delivery_limit: whether it drops what is returned too often: `none`, `bites`, `unknown`.
    """

    version: str | None
    delivery_limit: str


class HealthWarning(Protocol):
    """Something a person should look at while the work goes on."""

    @property
    def watchdog(self) -> str:
        """Its kind."""

    @property
    def subject(self) -> str:
        """The queue or exchange it is about."""

    @property
    def reason(self) -> str:
        """For people, without secrets."""


class HealthCheck(Protocol):
    """One thing that readiness depends on."""

    async def __call__(self) -> str | None:
        """Tell what is wrong, without secrets; None when it is well."""
