"""In-memory stores that match the ports of `daemon.http`, and one `World` that holds them all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from daemon.http.dependencies import Dependencies
from daemon.http.metrics import Metrics
from daemon.http.ports import (
    Act,
    AttemptRecord,
    AuditPage,
    AuditRow,
    ConnectionReport,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterPage,
    DeadLetterState,
    DeadLetterStory,
    DocumentPage,
    IntakeState,
    LogFilter,
    ManyChanged,
    QueueRow,
    RunPage,
    RunRow,
    SettingsPage,
    SettingsVersion,
    Unchanged,
)
from daemon.http.tokens import Principal, Tokens
from daemon.secret import Secret
from queues.definition import QueueDefinition
from queues.errors import BrokerUnavailable, InvalidMessage, NotFound, StateConflict
from queues.message import ChangeEvent, Message
from queues.settings import QueueProcessingSettings
from tests.fakes.clock import FakeClock

TOKEN = "a-token-for-the-tests-of-http"
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PRICING = QueueDefinition(instance="main", direction="to_magento", entity="pricing", batchable=True)
PRODUCT = QueueDefinition(instance="main", direction="to_magento", entity="product", batchable=False)


@dataclass
class AuditTrail:
    """Every act that changed something: action, target, act."""

    rows: list[tuple[str, str, Act]] = field(default_factory=list)

    def write(self, action: str, target: str, act: Act) -> None:
        self.rows.append((action, target, act))


class FakeDeadLetters:
    """Letters in a dictionary, newest first by id."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.stories: dict[int, DeadLetterStory] = {}
        self.asked: list[DeadLetterFilter] = []

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
            letter=letter, body=body, headers={"x-source": "test"}, attempts=attempts, acts=[]
        )

    async def page(self, chosen: DeadLetterFilter, *, limit: int, cursor: str | None) -> DeadLetterPage:
        self.asked.append(chosen)
        below = int(cursor) if cursor else 10**9
        found = [each for each in self._matching(chosen) if each.id < below]
        more = str(found[limit - 1].id) if len(found) > limit else None
        return DeadLetterPage(items=found[:limit], next_cursor=more)

    async def story(self, letter_id: int) -> DeadLetterStory:
        if letter_id not in self.stories:
            raise NotFound("dead letter", str(letter_id))
        return self.stories[letter_id]

    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        return await self._change(letter_id, "reprocessing", act, from_states={"failed", "discarded", "superseded"})

    async def discard(self, letter_id: int, act: Act) -> DeadLetter:
        return await self._change(letter_id, "discarded", act, from_states={"failed"})

    async def reprocess_many(self, ids: Sequence[int], act: Act) -> ManyChanged:
        return await self._many(ids, act, self.reprocess)

    async def reprocess_matching(self, chosen: DeadLetterFilter, act: Act) -> ManyChanged:
        return await self._many([each.id for each in self._matching(chosen)], act, self.reprocess)

    async def discard_many(self, ids: Sequence[int], act: Act) -> ManyChanged:
        return await self._many(ids, act, self.discard)

    async def export(self, chosen: DeadLetterFilter) -> AsyncIterator[DeadLetter]:
        for letter in self._matching(chosen):
            yield letter

    async def count_by_state(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for story in self.stories.values():
            counts[story.letter.state] = counts.get(story.letter.state, 0) + 1
        return counts

    def _matching(self, chosen: DeadLetterFilter) -> list[DeadLetter]:
        letters = sorted((each.letter for each in self.stories.values()), key=lambda letter: -letter.id)
        return [
            each
            for each in letters
            if (not chosen.state or each.state == chosen.state) and (not chosen.key or each.key == chosen.key)
        ]

    async def _change(self, letter_id: int, state: DeadLetterState, act: Act, *, from_states: set[str]) -> DeadLetter:
        story = await self.story(letter_id)
        if story.letter.state not in from_states:
            raise StateConflict(f"dead letter {letter_id} is {story.letter.state}", state=story.letter.state)
        generation = story.letter.generation + (state == "reprocessing")
        letter = replace(story.letter, state=state, generation=generation, changed_by=act.actor)
        self.stories[letter_id] = replace(story, letter=letter)
        self._audit.write(f"dead_letter.{state}", str(letter_id), act)
        return letter

    async def _many(
        self, ids: Sequence[int], act: Act, change: Callable[[int, Act], Awaitable[DeadLetter]]
    ) -> ManyChanged:
        skipped: list[Unchanged] = []
        for letter_id in ids:
            try:
                await change(letter_id, act)
            except NotFound:
                skipped.append(Unchanged(id=letter_id, state=None))
            except StateConflict as error:
                skipped.append(Unchanged(id=letter_id, state=error.state))
        return ManyChanged(changed=len(ids) - len(skipped), skipped=skipped)


class FakeQueues:
    """Rows by name; also the control of them and the broker's side."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.broker_down = False
        self.at_broker: dict[str, int] = {PRICING.name: 50, PRODUCT.name: 0}
        self.rows = {each.name: self._row(each.name) for each in (PRICING, PRODUCT)}

    @staticmethod
    def _row(name: str) -> QueueRow:
        run = RunRow(
            id=UUID(int=1),
            queue=name,
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
        return QueueRow(
            queue=name,
            waiting=2,
            trying=0,
            failed=1,
            running=False,
            next_run_at=START + timedelta(minutes=1),
            skipped_ticks=4,
            last_run=run,
            paused_since=None,
            paused_by="",
            paused_why="",
            hold_until=None,
            on_hold_since=None,
            on_hold_why="",
        )

    async def all(self) -> Sequence[QueueRow]:
        return list(self.rows.values())

    async def one(self, queue: str) -> QueueRow:
        if queue not in self.rows:
            raise NotFound("queue", queue)
        return self.rows[queue]

    async def runs(self, queue: str | None, *, limit: int, cursor: str | None) -> RunPage:
        if cursor is not None:
            raise ValueError("no cursor was ever given")
        runs = [each.last_run for name, each in self.rows.items() if queue in {None, name} and each.last_run]
        return RunPage(items=runs[:limit], next_cursor=None)

    async def pause(self, queue: str, act: Act) -> None:
        row = await self.one(queue)
        if row.paused_since:
            raise StateConflict(f"{queue} is paused", state="paused")
        self.rows[queue] = replace(row, paused_since=START, paused_by=act.actor, paused_why=act.reason)
        self._audit.write("queue.paused", queue, act)

    async def resume(self, queue: str, act: Act) -> None:
        row = await self.one(queue)
        if not row.paused_since:
            raise StateConflict(f"{queue} is not paused", state="idle")
        self.rows[queue] = replace(row, paused_since=None, paused_by="", paused_why="")
        self._audit.write("queue.resumed", queue, act)

    async def run_now(self, queue: str, act: Act) -> None:
        await self.one(queue)
        self._audit.write("queue.run_requested", queue, act)

    async def ready(self, queue: str) -> int:
        if self.broker_down:
            raise BrokerUnavailable("connection refused by amqp://secret@host")
        return self.at_broker[queue]


class FakeIntake:
    """Known events in a set; also the publisher, which can be told to refuse."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.taken: set[tuple[str, str]] = set()
        self.published: list[Message] = []
        self.refuses: Callable[[Message], str | None] = lambda _: None
        self.now = IntakeState(stopped=False, by="", why="", since=None)

    async def state(self) -> IntakeState:
        return self.now

    async def stop(self, act: Act) -> None:
        if self.now.stopped:
            raise StateConflict("the intake is stopped", state="stopped")
        self.now = IntakeState(stopped=True, by=act.actor, why=act.reason, since=START)
        self._audit.write("intake.stopped", "intake", act)

    async def resume(self, act: Act) -> None:
        if not self.now.stopped:
            raise StateConflict("the intake is open", state="open")
        self.now = IntakeState(stopped=False, by=act.actor, why=act.reason, since=START)
        self._audit.write("intake.resumed", "intake", act)

    async def known(self, events: Sequence[ChangeEvent]) -> Sequence[bool]:
        return [(each.source, each.id) in self.taken for each in events]

    async def remember(self, events: Sequence[ChangeEvent]) -> None:
        self.taken |= {(each.source, each.id) for each in events}

    async def publish(self, messages: Sequence[Message]) -> Sequence[str | None]:
        verdicts = [self.refuses(each) for each in messages]
        self.published += [each for each, refusal in zip(messages, verdicts, strict=True) if refusal is None]
        return verdicts


class FakeSettings:
    """All versions in a list."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self.versions: list[SettingsVersion] = []

    async def current(self) -> SettingsVersion:
        default = SettingsVersion(
            version=0, settings=QueueProcessingSettings(), created_at=None, created_by="", reason=""
        )
        return self.versions[-1] if self.versions else default

    async def replace(
        self, settings: QueueProcessingSettings, *, expected_version: int | None, act: Act
    ) -> SettingsVersion:
        current = await self.current()
        if expected_version is not None and expected_version != current.version:
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

    async def history(self, *, limit: int, cursor: str | None) -> SettingsPage:
        below = int(cursor) if cursor else 10**9
        found = [each for each in reversed(self.versions) if each.version < below]
        more = str(found[limit - 1].version) if len(found) > limit else None
        return SettingsPage(items=found[:limit], next_cursor=more)


class FakeLogs:
    """A sync log of one row, and the audit trail as rows."""

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit

    async def sync_log(self, chosen: LogFilter, *, limit: int, cursor: str | None) -> DocumentPage:
        if cursor is not None:
            raise ValueError("no cursor was ever given")
        row = {"at": START, "queue": PRICING.name, "mode": "batch", "records": 25}
        rows = [row] if chosen.queue in {None, PRICING.name} else []
        return DocumentPage(items=rows[:limit], next_cursor=None)

    async def audit(self, *, limit: int, cursor: str | None) -> AuditPage:
        below = int(cursor) if cursor else 10**9
        rows = [
            AuditRow(
                id=number,
                at=START,
                actor=act.actor,
                action=done,
                target=upon,
                reason=act.reason,
                request_id=act.request_id,
                result="done",
                details={},
            )
            for number, (done, upon, act) in enumerate(self._audit.rows, start=1)
            if number < below
        ][::-1]
        return AuditPage(items=rows[:limit], next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None)


class FakeConnection:
    """A system that answers as it is told."""

    def __init__(self) -> None:
        self.tests = 0
        self.report = ConnectionReport(ok=False, reason="unreachable", text="nobody answers at https://shop.example")

    async def test(self) -> ConnectionReport:
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
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.dead_letters = FakeDeadLetters(self.audit)
        self.queues = FakeQueues(self.audit)
        self.intake = FakeIntake(self.audit)
        self.settings = FakeSettings(self.audit)
        self.logs = FakeLogs(self.audit)
        self.magento = FakeConnection()
        self.checks = {"database": Check(), "broker": Check(), "schedules": Check()}
        self.principals = principals or [Principal.of("admin", Secret(TOKEN))]

    def dependencies(self) -> Dependencies:
        return Dependencies(
            tokens=Tokens(self.principals),
            clock=self.clock,
            metrics=self.metrics,
            definitions=(PRICING, PRODUCT),
            dead_letters=self.dead_letters,
            queues=self.queues,
            queue_control=self.queues,
            broker_queues=self.queues,
            intake=self.intake,
            publisher=self.intake,
            check_event=check_event,
            settings=self.settings,
            logs=self.logs,
            connections={"magento": self.magento, "acumatica": FakeConnection()},
            health_checks=self.checks,
        )
