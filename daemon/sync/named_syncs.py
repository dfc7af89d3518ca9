"""
The syncs by the names operators know, the kinds of records each carries, and whether one may run (R73 to R75, R91).

A kind is an event type towards the shop, `to_magento.pricing`. What there is no queue for is carried by no sync.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from daemon.settings.document.catch_up import NEVER
from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.entities import EntityName
from daemon.settings.document.syncs import TITLES, InventoryPriceSync, Sync, SyncName
from daemon.sync.gates.entity import SYNC_OF, entity_gate
from daemon.sync.timetable import CronTimes, DayGrid, Every, Timetable

_ENTITIES: Final[Mapping[str, EntityName]] = {f"to_magento.{entity}": entity for entity in SYNC_OF}
"""The entities by their event types."""

Purpose: TypeAlias = Literal["auto_cron", "catch_up", "comparison"]
"""Why a run starts by itself: by the schedule, to find what pushes did not tell, to look at everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSync:
    """
    A sync of the operators' list.

    Attributes:
        kinds: the event types it carries, in the order they were told.
    """

    name: SyncName
    kinds: tuple[str, ...]

    @property
    def title(self) -> str:
        """The operators' words for it."""
        return TITLES[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class MayNotRun:
    """
    Why a sync does not run.

    Attributes:
        code: for programs.
        setting: that stands against it; empty where none does.
        text: for people.
    """

    code: Literal["sync_disabled", "entity_inactive", "wrong_direction", "individual_not_allowed", "nothing_carried"]
    setting: str
    text: str

    @property
    def is_refused(self) -> bool:
        """A person is refused; with entities switched off the records are looked at and skipped with that reason."""
        return self.code != "entity_inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStart:
    """When a sync starts by itself, and what it looks at then."""

    sync: SyncName
    purpose: Purpose
    kind: Literal["changes", "complete"]
    times: Timetable


def named_syncs(carried: Collection[str]) -> Sequence[NamedSync]:
    """List all syncs in the operators' order; *carried* are the event types this release has queues for."""
    names: tuple[SyncName, ...] = get_args(SyncName)
    return [
        NamedSync(
            name=name, kinds=tuple(kind for kind in carried if kind in _ENTITIES and SYNC_OF[_ENTITIES[kind]] == name)
        )
        for name in names
    ]


def may_not_run(sync: NamedSync, settings: ConnectorSettings, *, individual: bool = False) -> MayNotRun | None:
    """
    Tell what stands against a run of *sync*; None: nothing does.

    Args:
        sync: the sync.
        settings: those of the whole instance.
        individual: records are named by a person.
    """
    told, place = settings.syncs.named(sync.name), f"syncs.{sync.name}"
    if not told.enabled:
        return MayNotRun(
            code="sync_disabled",
            setting=f"{place}.enabled",
            text=f"{sync.title} is not enabled: set {place}.enabled to true",
        )
    if not sync.kinds:
        return MayNotRun(
            code="nothing_carried", setting="", text=f"{sync.title} has no records that go to the shop in this release"
        )
    kept = [(entity, entity_gate(entity, settings)) for entity in map(_entity_of, sync.kinds)]
    if all(each is not None for _, each in kept):
        return _switched_off(sync, kept[0][0], settings)
    if individual and not told.individual:
        return MayNotRun(
            code="individual_not_allowed",
            setting=f"{place}.individual",
            text=f"single records of {sync.title} may not be synced: set {place}.individual to true",
        )
    return None


def planned_starts(syncs: Sequence[NamedSync], settings: ConnectorSettings) -> Sequence[PlannedStart]:
    """
    List what starts by itself.

    With Auto Cron the operators say when a sync looks for changes; without it the catch-up does, for pushes get lost.
    """
    planned: list[PlannedStart] = []
    for sync in syncs:
        if may_not_run(sync, settings) is not None:
            continue
        told, catch_up, zone = settings.syncs.named(sync.name), settings.catch_up, settings.time.zone
        if told.auto_cron:
            times = _auto_cron(told, zone)
            planned.append(PlannedStart(sync=sync.name, purpose="auto_cron", kind="changes", times=times))
        elif catch_up.every_minutes:
            every = Every(minutes=catch_up.every_minutes)
            planned.append(PlannedStart(sync=sync.name, purpose="catch_up", kind="changes", times=every))
        if catch_up.comparison != NEVER:
            line = CronTimes(line=catch_up.comparison, zone=zone)
            planned.append(PlannedStart(sync=sync.name, purpose="comparison", kind="complete", times=line))
    return planned


def _auto_cron(told: Sync, zone: str) -> Timetable:
    if told.cron is not None:
        return CronTimes(line=told.cron, zone=zone)
    return DayGrid(start=told.start_time, frequency=told.frequency, zone=zone)


def _switched_off(sync: NamedSync, entity: EntityName, settings: ConnectorSettings) -> MayNotRun:
    """Tell why nothing that *sync* carries would go to the shop."""
    if not settings.entities.is_active(entity):
        place = f"entities.{entity}.active"
        return MayNotRun(
            code="entity_inactive", setting=place, text=f"{sync.title} has nothing to send: {place} is false"
        )
    told = settings.syncs.named(sync.name)
    if isinstance(told, InventoryPriceSync) and told.what != "both":
        place = f"syncs.{sync.name}.what"
        return MayNotRun(code="sync_disabled", setting=place, text=f"{sync.title} carries {told.what} only: {place}")
    place, direction = f"syncs.{sync.name}.direction", told.direction
    return MayNotRun(
        code="wrong_direction",
        setting=place,
        text=f"{sync.title} goes from Magento to Acumatica: {place} is {direction}",
    )


def _entity_of(kind: str) -> EntityName:
    """
    Give the entity of an event type towards the shop.

    Raises:
        KeyError: there is no sync for it.
    """
    return _ENTITIES[kind]
