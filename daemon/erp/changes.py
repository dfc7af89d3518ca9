"""Which records of the ERP changed: the keys that a run of a sync looks at."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from daemon.acumatica.changes import Changes, Cursor, read_by_content, read_changed
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.field_table import UnknownName
from daemon.acumatica.reading import Reading, unknown_name
from daemon.capture.ports import SourceUnavailable
from daemon.capture.syncing import KeyPage
from daemon.capture.value_events import DocumentInForce
from daemon.erp.enabled_classes import read_of_enabled_classes
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.entities import PRODUCT
from queues.postgres.changed_keys import ChangedKey
from queues.postgres.sync_cursors import SyncCursor

_MADE_OF_PARTS: Final = frozenset({PRODUCT.event_type})
"""The kinds of records that are written anew when one of their parts changed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """
    An entity of the ERP whose changes are listed.

    Attributes:
        entity: of the contract, or `StorageDetails`, `SalesPrices`.
        key_parts: how many fields of its key make ours, joined by a slash; the rest tells rows of one record apart.
        contents: fields whose change moves no stamp: what they hold is compared with what was seen last.
        only_changes: other lists of the kind name all its records: in a complete run none is noted for it here.
        is_document: there are ever more of them, and old ones rest: a run of everything looks at the recent ones.
        part_of: the field that names the product a record is a part of, which is looked at when the record changed: the
            stamp of a template does not move with its items.
        is_of_classes: the list is of item classes, and the keys are those of the items of classes enabled lately.
    """

    entity: str
    key_parts: int = 1
    contents: tuple[str, ...] = ()
    only_changes: bool = field(default=False, compare=False)
    is_document: bool = False
    part_of: str = ""
    is_of_classes: bool = False

    @property
    def told(self) -> str:
        """Name what is looked at, for people."""
        return "items of classes enabled since" if self.is_of_classes else self.entity

    @property
    def compared(self) -> tuple[str, ...]:
        """Name what is compared with what was seen last, where no stamp moves; empty where one does."""
        return ("enabled",) if self.is_of_classes else self.contents


@dataclass(frozen=True, slots=True)
class Step:
    """One list that a run reads, and what its keys are looked at for in runs of changes and in complete ones."""

    listed: Listed
    kinds: tuple[str, ...]
    complete_kinds: tuple[str, ...]


class Cursors(Protocol):
    """Where it is kept how far lists were read."""

    async def read(self, name: str) -> SyncCursor | None:
        """Read one; None: nothing was read yet. Raises DatabaseUnavailable."""


class ErpChanges:
    """
    Matches `KeyLister`: the records of one sync that changed in one of some entities of the ERP.

    Args:
        client: of the ERP.
        sync: names the cursors.
        steps: the lists, each a page.
        cursors: how far they were read.
        settings: asked for every page.
        horizon: asked where runs of everything begin with documents; None: at the first.
    """

    def __init__(
        self,
        client: AcumaticaClient,
        sync: str,
        steps: Sequence[Step],
        cursors: Cursors,
        *,
        settings: DocumentInForce,
        horizon: Callable[[], Awaitable[datetime | None]] | None = None,
    ) -> None:
        self._client = client
        self._sync = sync
        self._steps = steps
        self._cursors = cursors
        self._settings = settings
        self._horizon = horizon

    async def page(self, *, since: datetime | None, position: str) -> KeyPage:
        """Read what changed in one of the entities: each is a page."""
        if not self._steps:
            return KeyPage(keys=(), until=None, next_position="")
        number = int(position or 0)
        step = self._steps[number]
        settings = (await self._settings.document()).default
        name = "/".join((self._sync, step.listed.entity, *step.listed.compared))
        known = None if since is None else await self._cursors.read(name)
        is_first_look = since is not None and known is None
        if since is None and step.listed.is_document and self._horizon is not None:
            since = await self._horizon()
        changes = await self._changes(step.listed, None if known is None else _cursor(known), since, settings)
        if isinstance(changes, NotDone):
            raise SourceUnavailable(changes.verdict.text)
        # What was compared with nothing tells no changes: it is what later looks are compared with.
        found = () if is_first_look and step.listed.compared else changes.keys
        parts = step.listed.key_parts
        keys = dict.fromkeys("/".join(key[:parts]) for key in found if key and all(key[:parts]))
        kinds = step.complete_kinds if since is None else step.kinds
        wholes = changes.wholes if _has_wholes(settings) and since is not None else ()
        following = number + 1
        return KeyPage(
            keys=[
                *(ChangedKey(event_type=kind, key=key) for key in keys for kind in kinds),
                *(ChangedKey(event_type=kind, key=key) for key in wholes for kind in kinds if kind in _MADE_OF_PARTS),
            ],
            until=changes.cursor.stamp,
            next_position="" if following == len(self._steps) else str(following),
            cursor=SyncCursor(name=name, stamp=changes.cursor.stamp, marks=changes.cursor.seen),
            told=step.listed.told,
        )

    async def _changes(
        self, listed: Listed, known: Cursor | None, since: datetime | None, settings: ConnectorSettings
    ) -> Changes | NotDone:
        if listed.is_of_classes:
            return await read_of_enabled_classes(self._client, settings, known)
        cursor = known or Cursor()
        if not listed.contents:
            start = Cursor(stamp=since) if cursor.stamp is None and not cursor.seen else cursor
            return await read_changed(self._client, listed.entity, start, part_of=listed.part_of)
        table = await self._client.table()
        if isinstance(table, NotDone):
            return table
        try:
            keys = table.form(listed.entity).keys
        except UnknownName as unknown:
            return unknown_name(unknown)
        return await read_by_content(self._client, Reading(entity=listed.entity, fields=listed.contents), keys, cursor)


def steps_of(kinds: Sequence[str], listed: Mapping[str, tuple[Listed, ...]]) -> tuple[Step, ...]:
    """Put the lists of *kinds* together, each once however many of them need it."""
    by_list: dict[Listed, list[tuple[str, bool]]] = {}
    for kind in kinds:
        for each in listed.get(kind, ()):
            by_list.setdefault(each, []).append((kind, each.only_changes))
    return tuple(
        Step(
            listed=each,
            kinds=tuple(kind for kind, _ in of),
            complete_kinds=tuple(kind for kind, only_changes in of if not only_changes),
        )
        for each, of in by_list.items()
    )


def _has_wholes(settings: ConnectorSettings) -> bool:
    """Tell whether items go to the shop as parts of their templates."""
    return settings.products.configurable_source == "matrix_item"


def _cursor(known: SyncCursor) -> Cursor:
    return Cursor(stamp=known.stamp, seen=known.marks)
