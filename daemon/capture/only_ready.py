"""Prices and stock of items that are not for the shop are passed over: the shop does not have them (R77 to R81)."""

from collections.abc import Sequence

from daemon.capture.ports import ChangeReader, Look, Passed, SourceUnavailable
from daemon.capture.value_events import DocumentInForce, RecordsReader
from daemon.settings.document.entities import EntityName
from daemon.sync.gates.entity import entity_gate
from daemon.sync.gates.product import ready_gate
from daemon.sync.records.item import ErpItem
from daemon.sync.websites import anywhere
from queues.postgres.changed_keys import DueKey
from queues.verdicts import Refused, Undetermined, Unreachable


class OnlyReady:
    """
    Matches `ChangeReader`: asks the ready rule first, and another reader about the items that pass.

    Without it every price of an item that never goes to the shop would end as a Failed message.

    Args:
        entity: what the other reader reads; while it is switched off nothing is asked.
        inner: the other reader.
        items: with what the ready rule asks for.
        settings: asked once for every group of keys.
    """

    def __init__(
        self,
        entity: EntityName,
        inner: ChangeReader,
        items: RecordsReader[ErpItem],
        settings: DocumentInForce,
    ) -> None:
        self._entity = entity
        self._inner = inner
        self._items = items
        self._settings = settings

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        """
        Look at the records and give one answer each, in order.

        Raises:
            SourceUnavailable: they cannot be read now.
        """
        settings = anywhere(await self._settings.document())
        off = entity_gate(self._entity, settings)
        if off is not None:
            return [Passed(reason=str(off)) for _ in keys]
        items = await self._items.read_many([each.key for each in keys])
        if isinstance(items, Refused | Unreachable | Undetermined):
            raise SourceUnavailable(items.text)
        passed: dict[DueKey, Look] = {}
        for key in keys:
            item = items.get(key.key)
            kept = None if item is None else ready_gate(item, settings)
            if kept is not None:
                passed[key] = Passed(reason=str(kept))
        ready = [key for key in keys if key not in passed]
        found = dict(zip(ready, await self._inner.read(ready) if ready else (), strict=True))
        return [passed[key] if key in passed else found[key] for key in keys]
