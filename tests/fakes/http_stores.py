"""In-memory stores that match the ports of `daemon.http`, and one `World` that holds them all."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from daemon.erp.schema import SchemaManagement
from daemon.http.connections import NotConnected, not_connected
from daemon.http.dependencies import Dependencies
from daemon.http.metrics import Metrics
from daemon.http.ports import BrokerReport, HealthWarning
from daemon.http.tokens import Principal, Tokens
from daemon.secret import Secret
from daemon.settings.connector_store import DocumentInForce, DocumentVersion, Versions
from daemon.settings.document.scopes import SettingsDocument, differing
from daemon.settings.queue_processing import SettingsVersion
from daemon.settings.store import DEFAULTS
from queues.definition import QueueDefinition
from queues.errors import BrokerUnavailable, DatabaseUnavailable, InvalidMessage, NotFound, StateConflict
from queues.message import ChangeEvent, Message
from queues.postgres.audit import Act, AuditEntry, AuditFilter
from queues.postgres.bulk_orders import (
    BulkCount,
    BulkDone,
    BulkOrder,
    BulkRefusal,
    Choice,
    CountDiffers,
    Interruption,
)
from queues.postgres.idempotent_calls import Beginning, Begun, IdempotentCall, KeptAnswer, OtherCall, UnderWay
from queues.postgres.intake import Familiarity, IntakeState
from queues.postgres.journal import LoggedRequest, LoggedRun, RequestFilter, RequestPage, RunPage
from queues.postgres.letters import (
    AttemptRecord,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterState,
    DeadLetterStory,
    Page,
    Skipped,
)
from queues.postgres.queues import Pause, QueueState, RunRecord
from queues.postgres.tokens import AccessSnapshot, LiveToken, TokenRecord, TokenRole
from queues.rabbitmq.publisher import Publication
from queues.settings import QueueProcessingSettings
from tests.fakes.capture_stores import (
    FakeChangedKeys,
    FakeClocks,
    FakeSkippedRecords,
    FakeSyncRuns,
    FakeSyncSchedules,
)
from tests.fakes.clock import FakeClock
from tests.fakes.instance_stores import FakeReferenceData, FakeSchema, FakeSyncLog

TOKEN = "a-token-for-the-tests-of-http"
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PRICING = QueueDefinition(instance="main", direction="to_magento", entity="pricing", batchable=True)
PRODUCT = QueueDefinition(instance="main", direction="to_magento", entity="product", batchable=False)


@dataclass
class AuditTrail:
    """Every act that changed something: action, target, act."""

    rows: list[tuple[str, str, Act]] = field(default_factory=list)
    refused: list[tuple[str, str, Act, Mapping[str, object]]] = field(default_factory=list)

    def write(self, action: str, target: str, act: Act) -> None:
        self.rows.append((action, target, act))

    def entries(self) -> Sequence[AuditEntry]:
        return [
            AuditEntry(
                id=number,
                at=START + timedelta(hours=1),
                actor=act.actor,
                action=action,
                target=target,
                reason=act.reason,
                request_id=act.request_id,
                result="done",
                token=act.token,
                source=act.source,
            )
            for number, (action, target, act) in enumerate(self.rows, start=1)
        ]


class FakeDeadLetters:
    """Letters in a dictionary, newest first by id."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.stories: dict[int, DeadLetterStory] = {}
        self.asked: list[DeadLetterFilter] = []
        self.orders: list[BulkOrder] = []
        self.refusal: BulkRefusal | None = None

    def add(
        self,
        letter_id: int,
        *,
        state: DeadLetterState = "failed",
        body: bytes = b"{}",
        source: str | None = "acumatica/REVISION",
    ) -> None:
        letter = DeadLetter(
            id=letter_id,
            message_id=UUID(int=letter_id),
            created_at=START,
            state=state,
            queue=PRICING.name,
            key=f"AC-{letter_id}",
            storeview=None,
            time=START,
            event_id=f"event-{letter_id}",
            source=source,
            generation=0,
            attempts=3,
            reason="attempts_used_up",
            error_class="validation",
            error="Requested product doesn't exist",
            status=400,
            failed_at=START + timedelta(minutes=letter_id),
            occurrences=1,
            changed_at=START + timedelta(minutes=letter_id),
            changed_by="",
            changed_why="",
        )
        attempts = [
            AttemptRecord(
                generation=0,
                number=number,
                at=START + timedelta(seconds=number),
                duration_ms=41.5,
                outcome="refused",
                error_class="validation",
                error="Requested product doesn't exist",
                status=400,
                request="POST /rest/all/V1/products/base-prices",
                request_id=f"request-{number}",
                records=25,
                excerpt='{"message": "…"}',
                settings_version=1,
            )
            for number in (1, 2, 3)
        ]
        self.stories[letter_id] = DeadLetterStory(
            letter=letter, body=body, headers={"x-source": "test"}, attempts=attempts
        )

    async def list(self, wanted: DeadLetterFilter | None = None, *, limit: int = 50, cursor: str | None = None) -> Page:
        self.asked.append(wanted or DeadLetterFilter())
        below = int(cursor) if cursor else 10**9
        found = [each for each in self._matching(self.asked[-1]) if each.id < below]
        more = str(found[limit - 1].id) if len(found) > limit else None
        return Page(items=found[:limit], next_cursor=more)

    async def show(self, letter_id: int) -> DeadLetterStory:
        if letter_id not in self.stories:
            raise NotFound("dead letter", str(letter_id))
        return self.stories[letter_id]

    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        return await self._change(letter_id, "reprocessing", act, from_states={"failed", "superseded"})

    async def discard(self, letter_id: int, act: Act) -> DeadLetter:
        return await self._change(letter_id, "discarded", act, from_states={"failed", "superseded"})

    async def count(self, choice: Choice) -> BulkCount:
        return BulkCount(count=len(self._open(choice)), as_of=START + timedelta(days=1))

    async def act_on_many(self, order: BulkOrder, interruption: Interruption = lambda: None) -> BulkDone | BulkRefusal:
        self.orders.append(order)
        if self.refusal is not None:
            return self.refusal
        count = len(self._open(order.choice))
        if order.expected_count not in {None, count}:
            return CountDiffers(count)
        act = self.reprocess if order.action == "reprocess" else self.discard
        skipped: list[Skipped] = []
        done, ended_by = 0, interruption()
        chosen = self._open(order.choice) if order.choice.ids is None else order.choice.ids
        for letter_id in chosen:
            ended_by = interruption()
            if ended_by is not None:
                break
            try:
                await act(letter_id, order.act)
                done += 1
            except NotFound:
                skipped.append(Skipped(id=letter_id, state="missing"))
            except StateConflict as error:
                skipped.append(Skipped(id=letter_id, state=error.state))
        return BulkDone(
            bulk_id=len(self.orders),
            matched=count,
            done=done,
            skipped=skipped,
            skipped_count=len(skipped),
            ended_by=ended_by or "finished",
        )

    def _open(self, choice: Choice) -> Sequence[int]:
        letters = (
            self._matching(choice.wanted)
            if choice.ids is None
            else [self.stories[each].letter for each in choice.ids if each in self.stories]
        )
        return [each.id for each in letters if each.state in {"failed", "superseded"}][: choice.limit]

    def _matching(self, chosen: DeadLetterFilter) -> Sequence[DeadLetter]:
        letters = sorted((each.letter for each in self.stories.values()), key=lambda letter: -letter.id)
        return [
            each
            for each in letters
            if (not chosen.state or each.state == chosen.state) and (not chosen.key or each.key == chosen.key)
        ]

    async def _change(self, letter_id: int, state: DeadLetterState, act: Act, *, from_states: set[str]) -> DeadLetter:
        story = await self.show(letter_id)
        if story.letter.state not in from_states:
            raise StateConflict(f"dead letter {letter_id} is {story.letter.state}", state=story.letter.state)
        generation = story.letter.generation + (state == "reprocessing")
        letter = replace(story.letter, state=state, generation=generation, changed_by=act.actor)
        self.stories[letter_id] = replace(story, letter=letter)
        self._audit.write(f"dead_letter.{state}", str(letter_id), act)
        return letter


class FakeQueues:
    """Rows by name; also the control of them and the broker's side."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.broker_down = False
        self.at_broker: dict[str, int] = {PRICING.name: 50, PRODUCT.name: 0}
        self.rows = {each.name: self._row(each.name) for each in (PRICING, PRODUCT)}

    @staticmethod
    def _row(name: str) -> QueueState:
        run = RunRecord(
            run_id=UUID(int=1),
            worker="worker-1",
            tick=START,
            started_at=START,
            ended_at=START + timedelta(seconds=50),
            ended_by="finished",
            skipped_ticks=0,
            requests=2,
            delivered=50,
            skipped=0,
            retried=0,
            failed=0,
            checks=[{"waiting": 50, "mode": "batch", "requests": 2}],
        )
        return QueueState(
            queue=name,
            waiting=2,
            trying=0,
            failed=1,
            next_run_at=START + timedelta(minutes=1),
            run_requested=False,
            skipped_ticks=4,
            is_running=False,
            worker="",
            lease_until=None,
            pause=None,
            hold_until=None,
            on_hold=False,
            on_hold_since=None,
            on_hold_why="",
            last_run=run,
        )

    async def states(self) -> Sequence[QueueState]:
        return list(self.rows.values())

    async def state(self, queue: str) -> QueueState:
        if queue not in self.rows:
            raise NotFound("queue", queue)
        return self.rows[queue]

    async def pause(self, queue: str, act: Act) -> None:
        row = await self.state(queue)
        if row.pause:
            raise StateConflict(f"{queue} is paused", state="paused")
        self.rows[queue] = replace(row, pause=Pause(since=START, by=act.actor, why=act.reason))
        self._audit.write("queue.paused", queue, act)

    async def resume(self, queue: str, act: Act) -> None:
        row = await self.state(queue)
        if not row.pause:
            raise StateConflict(f"{queue} is not paused", state="idle")
        self.rows[queue] = replace(row, pause=None)
        self._audit.write("queue.resumed", queue, act)

    async def run_now(self, queue: str, act: Act) -> None:
        await self.state(queue)
        self._audit.write("queue.run_requested", queue, act)

    async def ready(self, queue: str) -> int:
        if self.broker_down:
            raise BrokerUnavailable("connection refused by amqp://secret@host")
        return self.at_broker[queue]


class FakeIntake:
    """Known events in a set; also the publisher, which can be told to refuse."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.taken: dict[UUID, tuple[str, str]] = {}
        self.published: list[Publication] = []
        self.refuses: Callable[[Publication], str | None] = lambda _: None
        self.now = IntakeState(stopped=False)

    async def state(self) -> IntakeState:
        return self.now

    async def stop(self, act: Act) -> IntakeState:
        if self.now.stopped:
            raise StateConflict("the intake is stopped", state="stopped")
        self.now = IntakeState(stopped=True, by=act.actor, why=act.reason, since=START)
        self._audit.write("intake.stopped", "intake", act)
        return self.now

    async def resume(self, act: Act) -> IntakeState:
        if not self.now.stopped:
            raise StateConflict("the intake is open", state="active")
        self.now = IntakeState(stopped=False, by=act.actor, why=act.reason, since=START)
        self._audit.write("intake.resumed", "intake", act)
        return self.now

    async def known(self, messages: Sequence[Message]) -> Sequence[Familiarity]:
        return [
            "repeat"
            if each.message_id in self.taken
            else "id_reused"
            if (each.event.source, each.event.id) in self.taken.values()
            else "new"
            for each in messages
        ]

    async def remember(self, messages: Sequence[Message]) -> None:
        self.taken |= {each.message_id: (each.event.source, each.event.id) for each in messages}

    async def publish(self, publications: Sequence[Publication]) -> Sequence[BrokerUnavailable | None]:
        refusals = [self.refuses(each) for each in publications]
        self.published += [each for each, refusal in zip(publications, refusals, strict=True) if refusal is None]
        return [None if each is None else BrokerUnavailable(each) for each in refusals]


class FakeSettings:
    """All versions in a list."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.versions: list[SettingsVersion] = []

    async def current(self) -> SettingsVersion:
        return self.versions[-1] if self.versions else DEFAULTS

    async def replace(self, settings: QueueProcessingSettings, act: Act, *, if_version: int | None) -> SettingsVersion:
        current = await self.current()
        if if_version is not None and if_version != current.version:
            raise StateConflict("the settings have changed", state=str(current.version))
        version = SettingsVersion(
            version=current.version + 1,
            settings=settings,
            created_at=START,
            created_by=act.actor,
            reason=act.reason,
        )
        self.versions.append(version)
        self._audit.write("settings.changed", "queue_processing", act)
        return version

    async def history(self, *, before: int | None, limit: int) -> Sequence[SettingsVersion]:
        return [each for each in reversed(self.versions) if before is None or each.version < before][:limit]


class FakeDocuments:
    """All versions in a list; the group `queue` is what the fake settings hold."""

    def __init__(self, audit: AuditTrail, queue: FakeSettings) -> None:
        self._audit = audit
        self._queue = queue
        self._versions: list[tuple[SettingsDocument, Act]] = []

    async def current(self) -> DocumentInForce:
        queue = await self._queue.current()
        versions = Versions(len(self._versions), queue.version)
        if not self._versions:
            return DocumentInForce(versions=versions, document=SettingsDocument.from_document({}), queue=queue.settings)
        document, act = self._versions[-1]
        return DocumentInForce(
            versions=versions,
            document=document,
            queue=queue.settings,
            changed_at=START,
            changed_by=act.actor,
            reason=act.reason,
        )

    async def replace(
        self, document: SettingsDocument, queue: QueueProcessingSettings, act: Act, *, based_on: Versions | None
    ) -> DocumentInForce:
        current = await self.current()
        if based_on is not None and based_on != current.versions:
            raise StateConflict("the settings have changed", state=str(current.versions))
        if document != current.document:
            self._versions.append((document, act))
            self._audit.write("settings.changed", "connector", act)
        if queue != current.queue:
            await self._queue.replace(queue, act, if_version=None)
        return await self.current()

    async def history(self, *, before: int | None, limit: int) -> Sequence[DocumentVersion]:
        default = SettingsDocument.from_document({}).to_document()
        numbered = reversed(list(enumerate(self._versions, start=1)))
        return [
            DocumentVersion(
                version=number,
                changes=differing(document.to_document(), default),
                changed_at=START,
                changed_by=act.actor,
                reason=act.reason,
            )
            for number, (document, act) in numbered
            if before is None or number < before
        ][:limit]

    async def restore(self, version: int, act: Act) -> DocumentInForce:
        if version > len(self._versions):
            raise NotFound("settings version", str(version))
        document = self._versions[version - 1][0] if version else SettingsDocument.from_document({})
        current = await self.current()
        return await self.replace(document, current.queue, act, based_on=None)


class FakeJournal:
    """One request in the log, the last run of each queue, and the acts of the audit trail."""

    def __init__(self, audit: AuditTrail, queues: FakeQueues, letters: FakeDeadLetters) -> None:
        self._audit = audit
        self._queues = queues
        self._letters = letters
        self.asked: list[RequestFilter] = []

    async def runs(self, queue: str | None = None, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        if cursor is not None:
            raise ValueError("no cursor was ever given")
        runs = [
            LoggedRun(queue=name, run=each.last_run)
            for name, each in self._queues.rows.items()
            if queue in {None, name} and each.last_run
        ]
        return RunPage(items=runs[:limit], next_cursor=None)

    async def requests(
        self, wanted: RequestFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> RequestPage:
        if cursor is not None:
            raise ValueError("no cursor was ever given")
        self.asked.append(wanted or RequestFilter())
        row = LoggedRequest(
            at=START,
            id=UUID(int=1),
            queue=PRICING.name,
            mode="batch",
            request="POST /rest/all/V1/products/base-prices",
            request_id="request-1",
            status=200,
            duration_ms=40.0,
            records=25,
            delivered=25,
            skipped=0,
            retried=0,
            failed=0,
            superseded=0,
            coalesced=0,
            excerpt="[]",
            run_id=None,
            settings_version=0,
            details=[],
            action="price_update",
        )
        chosen = self.asked[-1]
        is_meant = (
            chosen.queue in {None, row.queue}
            and (chosen.queues is None or row.queue in chosen.queues)
            and (not chosen.since or row.at >= chosen.since)
            and (not chosen.until or row.at < chosen.until)
        )
        return RequestPage(items=[row][:limit] if is_meant else [], next_cursor=None)

    async def acts(self, kind: str, target: str) -> Sequence[AuditEntry]:
        return [each for each in self._audit.entries() if each.target == target and each.action.startswith(f"{kind}.")]

    async def dead_letters_by_state(self) -> Mapping[str, int]:
        return Counter(each.letter.state for each in self._letters.stories.values())


class FakeAudit:
    """The audit trail as rows."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.asked: list[AuditFilter | None] = []

    async def entries(
        self, wanted: AuditFilter | None = None, *, before: int = 10**9, limit: int = 50
    ) -> Sequence[AuditEntry]:
        self.asked.append(wanted)
        return [each for each in reversed(self._audit.entries()) if each.id < before][:limit]

    async def write(
        self, act: Act, *, action: str, target: str, result: str = "done", details: Mapping[str, object] | None = None
    ) -> None:
        self._audit.refused.append((action, target, act, {**(details or {}), "result": result}))


class FakeIdempotentCalls:
    """Calls in a dictionary; with `away` no answer can be kept."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], IdempotentCall] = {}
        self.answers: dict[tuple[str, str], KeptAnswer] = {}
        self.given_up: set[tuple[str, str]] = set()
        self.away = False

    async def begin(self, call: IdempotentCall) -> Beginning:
        at = (call.holder, call.key)
        known = self.calls.setdefault(at, call)
        if known.digest != call.digest:
            return OtherCall()
        if at in self.answers:
            return self.answers[at]
        if known is not call and at not in self.given_up:
            return UnderWay()
        self.given_up.discard(at)
        return Begun()

    async def finish(self, call: IdempotentCall, answer: KeptAnswer) -> None:
        if self.away:
            raise DatabaseUnavailable("no answer from secret-host")
        self.answers[(call.holder, call.key)] = answer

    async def give_up(self, call: IdempotentCall) -> None:
        self.given_up.add((call.holder, call.key))


class FakeTokenStore:
    """Tokens in a list; `away` lets the database not answer."""

    def __init__(self, audit: AuditTrail, clock: FakeClock) -> None:
        self._audit = audit
        self._clock = clock
        self.records_by_id: dict[int, TokenRecord] = {}
        self.digests: dict[int, bytes] = {}
        self.ended: set[str] = set()
        self.away = False

    def add(self, name: str, role: TokenRole, token: str) -> int:
        """Put *token* in force, as another replica would."""
        return self._add(name, role, hashlib.sha256(token.encode()).digest(), None, "another").id

    async def exchange(self, used: Mapping[int, str]) -> AccessSnapshot:
        if self.away:
            raise DatabaseUnavailable("no answer from secret-host")
        for token_id, source in used.items():
            self._change(token_id, last_used_at=self._clock.now(), last_used_from=source)
        live = [each for each in self._current() if each.is_live]
        return AccessSnapshot(
            tokens=[
                LiveToken(id=each.id, name=each.name, role=each.role, digest=self.digests[each.id]) for each in live
            ],
            ended_sessions=frozenset(self.ended),
        )

    async def create(
        self, *, name: str, role: TokenRole, digest: bytes, expires_at: datetime | None, act: Act
    ) -> TokenRecord:
        record = self._add(name, role, digest, expires_at, act.actor)
        self._audit.write("token.created", str(record.id), act)
        return record

    async def revoke(self, token_id: int, act: Act) -> TokenRecord:
        if token_id not in self.records_by_id:
            raise NotFound("token", str(token_id))
        if self.records_by_id[token_id].revoked_at is not None:
            raise StateConflict(f"token {token_id} is revoked already", state="revoked")
        self._change(token_id, revoked_at=self._clock.now(), revoked_by=act.actor, is_live=False)
        self._audit.write("token.revoked", str(token_id), act)
        return self.records_by_id[token_id]

    async def records(self, *, only_live: bool, before: int, limit: int) -> Sequence[TokenRecord]:
        found = [each for each in reversed(self._current()) if each.id < before and (each.is_live or not only_live)]
        return found[:limit]

    async def end_session(self, nonce: str, ends_at: datetime) -> None:
        assert ends_at > self._clock.now()
        self.ended.add(nonce)

    def _current(self) -> Sequence[TokenRecord]:
        now = self._clock.now()
        return [
            replace(each, is_live=each.is_live and (each.expires_at is None or each.expires_at > now))
            for each in self.records_by_id.values()
        ]

    def _add(self, name: str, role: TokenRole, digest: bytes, expires_at: datetime | None, by: str) -> TokenRecord:
        record = TokenRecord(
            id=len(self.records_by_id) + 1,
            name=name,
            role=role,
            created_at=self._clock.now(),
            created_by=by,
            expires_at=expires_at,
            revoked_at=None,
            revoked_by="",
            last_used_at=None,
            last_used_from="",
            is_live=True,
        )
        self.records_by_id[record.id] = record
        self.digests[record.id] = digest
        return record

    def _change(self, token_id: int, **changes: Any) -> None:  # noqa: ANN401 - whatever a column holds
        self.records_by_id[token_id] = replace(self.records_by_id[token_id], **changes)


class FakeConnection:
    """A system that answers as it is told."""

    def __init__(self) -> None:
        self.tests = 0
        self.report = NotConnected(reason="unreachable", detail="nobody answers at https://shop.example")

    async def __call__(self) -> NotConnected:
        self.tests += 1
        return self.report


class Check:
    """A readiness check with a fault that tests set."""

    def __init__(self) -> None:
        self.fault: str | None = None

    async def __call__(self) -> str | None:
        return self.fault


def check_event(event: ChangeEvent) -> None:
    """Know prices only."""
    if event.type != PRICING.event_type:
        raise InvalidMessage(code="unknown_type", member="type", text=f"must be to_magento.pricing, got {event.type!r}")
    if "price" not in event.data:
        raise InvalidMessage(code="missing", member="data.price", text="must be a decimal >= 0, got nothing")


class World:
    """Everything an application of the tests stands on."""

    def __init__(self, principals: Sequence[Principal] | None = None) -> None:
        self.audit = AuditTrail()
        self.audit_store = FakeAudit(self.audit)
        self.idempotent_calls = FakeIdempotentCalls()
        self.clock = FakeClock()
        self.stopping = False
        self.metrics = Metrics()
        self.dead_letters = FakeDeadLetters(self.audit)
        self.queues = FakeQueues(self.audit)
        self.intake = FakeIntake(self.audit)
        self.changed_keys = FakeChangedKeys()
        self.sync_runs = FakeSyncRuns()
        self.sync_schedules = FakeSyncSchedules(self.sync_runs)
        self.skipped_records = FakeSkippedRecords()
        self.clocks = FakeClocks()
        self.settings = FakeSettings(self.audit)
        self.documents = FakeDocuments(self.audit, self.settings)
        self.input_limits: dict[str, int | None] = {}
        self.journal = FakeJournal(self.audit, self.queues, self.dead_letters)
        self.log_keeper = FakeSyncLog(self.audit.write)
        self.reference = FakeReferenceData(self.audit.write)
        self.schema = FakeSchema()
        self.schemas = SchemaManagement(self.schema, self.documents)
        self.magento = FakeConnection()
        self.checks = {"database": Check(), "broker": Check(), "schedules": Check()}
        self.token_store = FakeTokenStore(self.audit, self.clock)
        self.tokens = Tokens(principals or [Principal.of("admin", Secret(TOKEN))], self.token_store, self.clock)
        self.warnings: list[HealthWarning] = []

    def dependencies(self) -> Dependencies:
        return Dependencies(
            tokens=self.tokens,
            clock=self.clock,
            metrics=self.metrics,
            definitions=(PRICING, PRODUCT),
            worked=frozenset({PRICING.name}),
            dead_letters=self.dead_letters,
            queues=self.queues,
            broker_queues=self.queues,
            intake=self.intake,
            publisher=self.intake,
            check_event=check_event,
            settings=self.settings,
            documents=self.documents,
            input_limits=lambda: self.input_limits,
            journal=self.journal,
            log_keeper=self.log_keeper,
            reference=self.reference,
            schemas=self.schemas,
            audit=self.audit_store,
            idempotent_calls=self.idempotent_calls,
            changed_keys=self.changed_keys,
            sync_runs=self.sync_runs,
            sync_schedules=self.sync_schedules,
            skipped_records=self.skipped_records,
            clocks=self.clocks,
            connections={"magento": self.magento, "acumatica": not_connected("CONNECTOR_ACUMATICA_URL")},
            health_checks=self.checks,
            health_warnings=lambda: self.warnings,
            broker_report=lambda: BrokerReport(version="4.0.5", delivery_limit="bites"),
            is_stopping=lambda: self.stopping,
        )
