"""Which records of the ERP changed: the keys that a run of a sync looks at."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from daemon.acumatica.changes import Changes, Cursor, read_by_content, read_changed
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.field_table import UnknownName
from daemon.acumatica.reading import Reading, unknown_name
from daemon.capture.ports import SourceUnavailable
from daemon.capture.syncing import KeyPage
from queues.postgres.changed_keys import ChangedKey
from queues.postgres.sync_cursors import SyncCursor


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
    """

    entity: str
    key_parts: int = 1
    contents: tuple[str, ...] = ()
    only_changes: bool = field(default=False, compare=False)
    is_document: bool = False


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
        horizon: asked where runs of everything begin with documents; None: at the first.
    """

    def __init__(
        self,
        client: AcumaticaClient,
        sync: str,
        steps: Sequence[Step],
        cursors: Cursors,
        *,
        horizon: Callable[[], Awaitable[datetime | None]] | None = None,
    ) -> None:
        self._client = client
        self._sync = sync
        self._steps = steps
        self._cursors = cursors
        self._horizon = horizon

    async def page(self, *, since: datetime | None, position: str) -> KeyPage:
        """Read what changed in one of the entities: each is a page."""
        if not self._steps:
            return KeyPage(keys=(), until=None, next_position="")
        number = int(position or 0)
        step = self._steps[number]
        name = "/".join((self._sync, step.listed.entity, *step.listed.contents))
        known = None if since is None else await self._cursors.read(name)
        is_first_look = since is not None and known is None
        if since is None and step.listed.is_document and self._horizon is not None:
            since = await self._horizon()
        changes = await self._changes(step.listed, Cursor() if known is None else _cursor(known), since)
        if isinstance(changes, NotDone):
            raise SourceUnavailable(changes.verdict.text)
        # What was compared with nothing tells no changes: it is what later looks are compared with.
        found = () if is_first_look and step.listed.contents else changes.keys
        parts = step.listed.key_parts
        keys = dict.fromkeys("/".join(key[:parts]) for key in found if key and all(key[:parts]))
        kinds = step.complete_kinds if since is None else step.kinds
        following = number + 1
        return KeyPage(
            keys=[ChangedKey(event_type=kind, key=key) for key in keys for kind in kinds],
            until=changes.cursor.stamp,
            next_position="" if following == len(self._steps) else str(following),
            cursor=SyncCursor(name=name, stamp=changes.cursor.stamp, marks=changes.cursor.seen),
            told=step.listed.entity,
        )

    async def _changes(self, listed: Listed, cursor: Cursor, since: datetime | None) -> Changes | NotDone:
        if not listed.contents:
            start = Cursor(stamp=since) if cursor.stamp is None and not cursor.seen else cursor
            return await read_changed(self._client, listed.entity, start)
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


def _cursor(known: SyncCursor) -> Cursor:
    return Cursor(stamp=known.stamp, seen=known.marks)
