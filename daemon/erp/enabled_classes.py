"""Item classes that were enabled since the last look: their items are taken up with what changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.acumatica.changes import Changes, Cursor
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import groups_of
from daemon.acumatica.reading import Key, Reading
from daemon.acumatica.records.making import custom_fields, make_all
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.product import is_boxed

_ENTITIES: Final = ("StockItem", "NonStockItem", "TemplateItems")
"""Templates last: their items go before them."""


async def read_of_enabled_classes(
    client: AcumaticaClient, settings: ConnectorSettings, since: Cursor | None
) -> Changes | NotDone:
    """
    Read the keys of the items whose class is enabled now and was not at the last look.

    Ticking the box of a class moves no stamp of its items. The cursor keeps which classes were enabled.

    Args:
        client: of the ERP.
        settings: tell which field is the box, and what counts where there is none.
        since: of the last look; None: classes are only looked at, to be compared with later.
    """
    box = settings.products.item_class_box
    classes = await make_all(
        client,
        Reading(entity="ItemClass", fields=("ClassID",), custom=custom_fields(box)),
        lambda row: (row.required("ClassID"), None if box is None else row.box(box)),
    )
    if isinstance(classes, NotDone):
        return classes
    enabled = {class_id for class_id, told in classes if is_boxed(told, settings)}
    nothing = Changes(keys=(), cursor=Cursor(seen=frozenset(enabled)))
    fresh = set() if since is None else enabled - since.seen
    if not fresh:
        return nothing
    keys = await _items_of(client, sorted(fresh))
    return keys if isinstance(keys, NotDone) else replace(nothing, keys=keys)


async def _items_of(client: AcumaticaClient, classes: Sequence[str]) -> tuple[Key, ...] | NotDone:
    keys: list[Key] = []
    for entity in _ENTITIES:
        reading = Reading(entity=entity, fields=("InventoryID",))
        for _, condition in groups_of("ItemClass", classes):
            found = await make_all(client, reading, lambda row: (row.required("InventoryID"),), condition)
            if isinstance(found, NotDone):
                return found
            keys += found
    return tuple(dict.fromkeys(keys))
