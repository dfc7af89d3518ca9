"""Items as change capture reads them for their status: many at once, with what the ready rule asks for (R81)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import groups_of
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.lists import read_item_class
from daemon.acumatica.records.making import custom_fields, is_missing, make_all
from daemon.acumatica.wrapped import Wrapped
from daemon.capture.value_events import DocumentInForce
from daemon.erp.keys import by_key
from daemon.sync.hydrating import NotRead
from daemon.sync.records.item import ErpItem, ErpItemKind
from daemon.sync.records.item_class import ErpItemClass

_ENTITIES: Final[Mapping[ErpItemKind, str]] = {
    "stock": "StockItem",
    "non_stock": "NonStockItem",
    "template": "TemplateItems",
}
_FIELDS: Final = ("InventoryID", "ItemStatus", "ItemClass", "ExportToExternal")


class ItemStatusReader:
    """
    Matches `RecordsReader`: items with status, class and boxes.

    Args:
        client: of the ERP.
        settings: tell which fields are the boxes.
    """

    def __init__(self, client: AcumaticaClient, settings: DocumentInForce) -> None:
        self._client = client
        self._settings = settings

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpItem] | NotRead:
        """Read the items that there are, under the keys they were asked for by. Raises DatabaseUnavailable."""
        products = (await self._settings.document()).default.products
        found: dict[str, ErpItem] = {}
        for kind, entity in _ENTITIES.items():
            reading = Reading(entity=entity, fields=_FIELDS, custom=custom_fields(products.item_box))
            wanted = [key for key in keys if key not in found]
            items = await self._items(kind, reading, wanted, box=products.item_box)
            if isinstance(items, NotDone):
                return items.verdict
            found |= items
        classes = await self._classes({_class_of(item) for item in found.values()} - {""}, products.item_class_box)
        if isinstance(classes, NotDone):
            return classes.verdict
        return {key: replace(item, item_class=classes.get(_class_of(item))) for key, item in found.items()}

    async def _items(
        self, kind: ErpItemKind, reading: Reading, keys: Sequence[str], *, box: str | None
    ) -> dict[str, ErpItem] | NotDone:
        def convert(row: Wrapped) -> ErpItem:
            return ErpItem(
                inventory_id=row.required("InventoryID"),
                kind=kind,
                status=row.text("ItemStatus") or "",
                is_enabled_for_sync=row.flag("ExportToExternal") if box is None else row.box(box),
                fields={"ItemClass": row.text("ItemClass")},
            )

        found: dict[str, ErpItem] = {}
        for group, condition in groups_of("InventoryID", keys):
            items = await make_all(self._client, reading, convert, condition)
            if isinstance(items, NotDone):
                return items
            found |= by_key(group, items, lambda each: each.inventory_id)
        return found

    async def _classes(self, names: Collection[str], box: str | None) -> dict[str, ErpItemClass] | NotDone:
        classes: dict[str, ErpItemClass] = {}
        for name in sorted(names):
            found = await read_item_class(self._client, name, box=box)
            if not isinstance(found, NotDone):
                classes[name] = found
            elif not is_missing(found):
                return found
        return classes


def _class_of(item: ErpItem) -> str:
    return str(item.fields["ItemClass"] or "")
