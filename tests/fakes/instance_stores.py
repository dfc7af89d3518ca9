"""In-memory stores of what belongs to an instance as a whole: its sync log, the ERP's lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from daemon.settings.document.references import KINDS, KnownCodes, ReferenceKind
from daemon.settings.document.schema import SchemaEntity
from daemon.sync.schema.fields import ErpSchemaField
from daemon.sync_log.keeping import Cleaning
from queues.postgres.audit import Act
from queues.postgres.log_keeping import LogCount
from queues.postgres.reference_lists import ReferenceEntry, ReferenceList

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LIFETIME = timedelta(days=15)

Tell = Callable[[str, str, Act], None]


class FakeSyncLog:
    """Entries by their time."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.entries = [NOW - timedelta(days=age) for age in (0, 1, 20, 30)]

    async def due_now(self) -> Cleaning:
        before = NOW - LIFETIME
        return Cleaning(before=before, entries=sum(at < before for at in self.entries))

    async def clean_now(self, act: Act) -> Cleaning:
        due = await self.due_now()
        self.entries = [at for at in self.entries if at >= NOW - LIFETIME]
        self._tell("sync_log.cleaned", "sync_log", act)
        return due

    async def count(self) -> LogCount:
        return LogCount(entries=len(self.entries), as_of=NOW)

    async def flush(self, until: datetime, act: Act) -> int:
        kept = [at for at in self.entries if at >= until]
        deleted, self.entries = len(self.entries) - len(kept), kept
        self._tell("sync_log.flushed", "sync_log", act)
        return deleted


class FakeReferenceData:
    """Lists in a dictionary; what `comes` does not hold fails to come."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.comes: dict[str, Sequence[ReferenceEntry]] = {}
        self.kept: dict[str, ReferenceList] = {}

    async def all(self) -> Mapping[ReferenceKind, ReferenceList]:
        return {kind: self.kept.get(kind, ReferenceList(kind=kind, entries=(), fetched_at=None)) for kind in KINDS}

    async def known(self) -> Mapping[str, KnownCodes]:
        return {
            kind: KnownCodes(
                codes={each.code.casefold(): each.is_active for each in found.entries}, fetched_at=found.fetched_at
            )
            for kind, found in self.kept.items()
            if found.fetched_at is not None
        }

    async def refresh(self, kinds: Sequence[ReferenceKind], act: Act) -> Mapping[ReferenceKind, ReferenceList]:
        for kind in kinds:
            before = (await self.all())[kind]
            if kind in self.comes:
                entries = tuple(self.comes[kind])
                self.kept[kind] = ReferenceList(kind=kind, entries=entries, fetched_at=NOW)
            else:
                self.kept[kind] = replace(before, failed_at=NOW, error="the ERP is away")
            self._tell("reference_data.refreshed", kind, act)
        found = await self.all()
        return {kind: found[kind] for kind in kinds}


class FakeSchema:
    """Fields by entity; a text in their place is why they do not come."""

    def __init__(self) -> None:
        self.told: dict[SchemaEntity, Sequence[ErpSchemaField] | str] = {}

    async def fields(self, entity: SchemaEntity) -> Sequence[ErpSchemaField] | str:
        return self.told.get(entity, "the ERP is away")
