"""Changed keys and sync runs in memory, matching the ports of `daemon.http` and `daemon.capture`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from queues.errors import LeaseLost, NotFound, StateConflict
from queues.postgres.audit import Act
from queues.postgres.changed_keys import ChangedKey, DueKey, Origin, PushIdentity, WaitingKeys
from queues.postgres.sync_runs import RunKind, RunMode, SyncRun

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

    async def take(self, owner: UUID) -> SyncRun | None:
        for each in self.runs.values():
            if each.state == "waiting":
                self.owners[each.id] = owner
                self.runs[each.id] = replace(each, state="processing", started_at=NOTED_AT)
                return self.runs[each.id]
        return None

    async def progress(self, run: SyncRun, owner: UUID, *, position: str, until: datetime, noted: int) -> None:
        live = self._ours(run, owner)
        self.runs[run.id] = replace(live, position=position, until=live.until or until, noted=live.noted + noted)

    async def end(self, run: SyncRun, owner: UUID, *, error: str = "") -> None:
        live = self._ours(run, owner)
        self.runs[run.id] = replace(live, state="error" if error else "success", error=error, ended_at=NOTED_AT)

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
