"""Changed keys and sync runs in memory, matching the ports of `daemon.http` and `daemon.capture`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from daemon.watch.clocks import ClockReading
from queues.errors import LeaseLost, NotFound, StateConflict
from queues.postgres.audit import Act
from queues.postgres.changed_keys import ChangedKey, DueKey, Origin, PushIdentity, WaitingKeys
from queues.postgres.skipped_records import PassedOver, SkippedFilter, SkippedPage, SkippedRecord
from queues.postgres.sync_cursors import SyncCursor
from queues.postgres.sync_runs import LineLevel, RunKind, RunLine, RunMode, SyncRun
from queues.postgres.sync_schedules import SyncStart

NOTED_AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@dataclass
class FakeChangedKeys:
    """Keys in order of their first note; a failed one is due again at once."""

    due: dict[tuple[str, str], DueKey] = field(default_factory=dict)
    errors: dict[tuple[str, str], str] = field(default_factory=dict)
    pushes: set[PushIdentity] = field(default_factory=set)

    async def note(
        self, keys: Sequence[ChangedKey], *, origin: Origin, push: PushIdentity | None = None, at_once: bool = False
    ) -> bool:
        del at_once
        if push is not None:
            if push in self.pushes:
                return False
            self.pushes.add(push)
        for each in keys:
            identity = each.event_type, each.key
            known = self.due.get(identity)
            self.due[identity] = DueKey(
                event_type=each.event_type,
                key=each.key,
                version=NOTED_AT,
                changed=each.changed if known is None or known.changed == each.changed else None,
                revision=1 if known is None else known.revision + 1,
                origin=origin,
                tries=0 if known is None else known.tries,
            )
        return True

    async def take(self, limit: int) -> Sequence[DueKey]:
        return sorted(self.due.values(), key=lambda each: (each.event_type, each.key))[:limit]

    async def done(self, keys: Sequence[DueKey]) -> None:
        for each in keys:
            identity = each.event_type, each.key
            if identity in self.due and self.due[identity].revision == each.revision:
                del self.due[identity]
                self.errors.pop(identity, None)

    async def failed(self, keys: Sequence[DueKey], error: str) -> None:
        for each in keys:
            identity = each.event_type, each.key
            self.due[identity] = replace(self.due[identity], tries=each.tries + 1)
            self.errors[identity] = error

    async def waiting(self) -> Sequence[WaitingKeys]:
        types = sorted({event_type for event_type, _ in self.due})
        return [
            WaitingKeys(
                event_type=event_type,
                waiting=sum(name == event_type for name, _ in self.due),
                oldest_at=NOTED_AT,
                failing=sum(name == event_type for name, _ in self.errors),
                error=max((text for (name, _), text in self.errors.items() if name == event_type), default=""),
            )
            for event_type in types
        ]


@dataclass
class FakeSyncRuns:
    """Runs by id."""

    runs: dict[int, SyncRun] = field(default_factory=dict)
    owners: dict[int, UUID] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    told: dict[int, list[RunLine]] = field(default_factory=dict)
    renewals: int = 0

    async def ask(self, sync: str, kind: RunKind, act: Act, *, mode: RunMode = "manual", key: str = "") -> SyncRun:
        for each in self.runs.values():
            if each.sync == sync and each.state in {"waiting", "processing"} and "individual" not in {kind, each.kind}:
                raise StateConflict(f"a run of {sync} is {each.state} already", state=each.state)
        successes = [each.until for each in self.runs.values() if each.sync == sync and each.state == "success"]
        run = SyncRun(
            id=len(self.runs) + 1,
            sync=sync,
            kind=kind,
            mode=mode,
            state="waiting",
            key=key,
            actor=act.actor,
            reason=act.reason,
            since=max(filter(None, successes), default=None) if kind == "changes" else None,
            until=None,
            position="",
            noted=0,
            error="",
            asked_at=NOTED_AT,
            started_at=None,
            ended_at=None,
        )
        self.runs[run.id] = run
        self.acts.append(act)
        return run

    async def take(self, owner: UUID, *, individual: bool = False) -> SyncRun | None:
        for each in self.runs.values():
            if each.state == "waiting" and (each.kind == "individual") == individual:
                self.owners[each.id] = owner
                self.runs[each.id] = replace(each, state="processing", started_at=NOTED_AT)
                return self.runs[each.id]
        return None

    async def renew(self, run: SyncRun, owner: UUID) -> None:
        self._ours(run, owner)
        self.renewals += 1

    async def leave(self, run: SyncRun, owner: UUID) -> None:
        if self.owners.get(run.id) == owner and self.runs[run.id].state == "processing":
            self.runs[run.id] = replace(self.runs[run.id], state="waiting")

    async def progress(self, run: SyncRun, owner: UUID, *, position: str, until: datetime | None, noted: int) -> None:
        live = self._ours(run, owner)
        latest = max(filter(None, (live.until, until)), default=None)
        self.runs[run.id] = replace(live, position=position, until=latest, noted=live.noted + noted)

    async def end(self, run: SyncRun, owner: UUID, *, error: str = "", index: bool = False) -> None:
        live = self._ours(run, owner)
        ended = replace(live, state="error" if error else "success", error=error, ended_at=NOTED_AT)
        self.runs[run.id] = replace(ended, index_state="capturing" if index else "")

    async def tell(self, run_id: int, text: str, *, level: LineLevel = "info") -> None:
        told = self.told.setdefault(run_id, [])
        told.append(RunLine(id=len(told) + 1, at=NOTED_AT, level=level, text=text))

    async def lines(self, run_id: int, *, after: int = 0, limit: int = 200) -> Sequence[RunLine]:
        await self.show(run_id)
        return [each for each in self.told.get(run_id, []) if each.id > after][:limit]

    async def show(self, run_id: int) -> SyncRun:
        if run_id not in self.runs:
            raise NotFound("sync run", str(run_id))
        return self.runs[run_id]

    async def stop(self, run_id: int, act: Act) -> SyncRun:
        if run_id not in self.runs:
            raise NotFound("sync run", str(run_id))
        live = self.runs[run_id]
        if live.ended_at is not None:
            raise StateConflict(f"run {run_id} is over: {live.state}", state=live.state)
        self.runs[run_id] = replace(live, state="stopped", error=act.reason, ended_at=NOTED_AT)
        self.acts.append(act)
        return self.runs[run_id]

    async def list(self, sync: str | None = None, *, before: int | None = None, limit: int = 50) -> Sequence[SyncRun]:
        wanted = [
            each
            for each in reversed(self.runs.values())
            if sync in {None, each.sync} and (before is None or each.id < before)
        ]
        return wanted[:limit]

    async def last(self) -> Sequence[SyncRun]:
        return list({each.sync: each for each in self.runs.values() if each.kind != "individual"}.values())

    def _ours(self, run: SyncRun, owner: UUID) -> SyncRun:
        live = self.runs[run.id]
        if live.state != "processing" or self.owners.get(run.id) != owner:
            raise LeaseLost(f"run {run.id} of {run.sync} is no longer ours")
        return live


@dataclass
class FakeSyncSchedules:
    """Starts by sync and purpose; the runs they make go to *runs*."""

    runs: FakeSyncRuns = field(default_factory=FakeSyncRuns)
    now: datetime = NOTED_AT
    starts: dict[tuple[str, str], SyncStart] = field(default_factory=dict)

    async def read(self) -> tuple[datetime, Sequence[SyncStart]]:
        return self.now, list(self.starts.values())

    async def set(self, sync: str, purpose: str, *, rule: str, next_run_at: datetime | None) -> None:
        self.starts[sync, purpose] = SyncStart(
            sync=sync, purpose=purpose, rule=rule, registered_at=self.now, next_run_at=next_run_at, last_start_at=None
        )

    async def drop(self, start: SyncStart) -> None:
        del self.starts[start.sync, start.purpose]

    async def begin(
        self, start: SyncStart, *, kind: RunKind, following: datetime | None, actor: str, from_then_on: bool
    ) -> SyncRun | None:
        del from_then_on
        if self.starts.get((start.sync, start.purpose)) != start:
            return None
        self.starts[start.sync, start.purpose] = replace(start, next_run_at=following, last_start_at=self.now)
        try:
            return await self.runs.ask(start.sync, kind, Act(actor=actor), mode="auto")
        except StateConflict:
            return None


@dataclass
class FakeSkippedRecords:
    """What was passed over, oldest first."""

    records: list[SkippedRecord] = field(default_factory=list)

    async def write(self, queue: str, records: Sequence[PassedOver]) -> None:
        self.records += [
            SkippedRecord(
                at=NOTED_AT,
                queue=queue,
                key=each.key,
                storeview=None,
                stage="look",
                reason=each.reason,
                origin=each.origin,
            )
            for each in records
        ]

    async def list(self, wanted: SkippedFilter, *, limit: int = 50, cursor: str | None = None) -> SkippedPage:
        first = int(cursor or 0)
        found = [
            each
            for each in reversed(self.records)
            if wanted.queue in {None, each.queue}
            and wanted.key in {None, each.key}
            and wanted.reason in {None, each.reason.partition(":")[0]}
        ]
        more = str(first + limit) if len(found) > first + limit else None
        return SkippedPage(items=found[first : first + limit], next_cursor=more)


@dataclass
class FakeSyncCursors:
    """Cursors by name."""

    cursors: dict[str, SyncCursor] = field(default_factory=dict)

    async def read(self, name: str) -> SyncCursor | None:
        return self.cursors.get(name)

    async def save(self, cursor: SyncCursor) -> None:
        self.cursors[cursor.name] = cursor


@dataclass
class FakeClocks:
    """Readings as a test sets them."""

    readings: Sequence[ClockReading] = ()

    async def look(self) -> Sequence[ClockReading]:
        return self.readings

    async def fresh(self) -> Sequence[ClockReading]:
        return self.readings
