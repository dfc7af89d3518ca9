"""Items as the settings say they are read: boxes, active fields, class, categories, the items of a template."""

from dataclasses import replace
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.items import read_item
from daemon.acumatica.records.lists import read_category, read_item_class
from daemon.acumatica.records.making import custom_fields, is_missing
from daemon.acumatica.records.variants import read_variants
from daemon.remembering import Remembered
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.records.item import ErpCategoryLink, ErpItem
from daemon.sync.records.item_class import ErpItemClass
from queues.verdicts import Refused

_KEPT_SECONDS: Final = 30.0
"""Classes and categories are shared by many items. A box that is not ticked is never kept: ticking it works at once."""
_OF_PARTS: Final = frozenset({"Attributes", "CrossReferences"})
"""What schema names begin with that are rows of parts, not custom fields."""


class Items:
    """
    Reads whole items.

    Args:
        client: of the ERP.
    """

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client
        self._classes: Remembered[str, ErpItemClass] = Remembered(client.clock, kept_seconds=_KEPT_SECONDS)
        self._boxed: Remembered[str, bool] = Remembered(client.clock, kept_seconds=_KEPT_SECONDS)

    async def read(self, key: str, settings: ConnectorSettings) -> ErpItem | NotDone:
        """Read one item whole; a class or category that the ERP does not have is a refusal."""
        item = await self._read_with_class(key, settings)
        for step in (_with_known_class, self._with_categories, self._with_variants):
            if isinstance(item, NotDone):
                return item
            item = await step(item, settings)
        return item

    async def _read_with_class(self, key: str, settings: ConnectorSettings) -> ErpItem | NotDone:
        """Read one item with its class; of one that the ERP does not have it has none, and `fields` names it."""
        products, active = settings.products, settings.schema.active("product")
        item = await read_item(
            self._client,
            key,
            wanted=sorted(name for name in active if "." not in name),
            custom=custom_fields(*sorted(name for name in active if _is_custom(name)), vendor_field(settings)),
            box=products.item_box,
            visibility=products.visibility,
        )
        return item if isinstance(item, NotDone) else await self._with_class(item, settings)

    async def _with_class(self, item: ErpItem, settings: ConnectorSettings) -> ErpItem | NotDone:
        class_id, box = str(item.fields.get("ItemClass") or ""), settings.products.item_class_box
        if not class_id:
            return item
        known = self._classes.get(class_id)
        if known is not None and (box is None or known.is_enabled_for_sync):
            return replace(item, item_class=known)
        found = await read_item_class(self._client, class_id, box=box)
        if isinstance(found, NotDone):
            return item if is_missing(found) else found
        return replace(item, item_class=self._classes.keep(class_id, found))

    async def _with_categories(self, item: ErpItem, settings: ConnectorSettings) -> ErpItem | NotDone:
        """Look at the box of each category the item is in; without such a box there is nothing to look at."""
        box = settings.products.category_box
        if box is None:
            return item
        links: list[ErpCategoryLink] = []
        for link in item.categories:
            is_enabled: bool | None = self._boxed.get(link.category_id)
            if not is_enabled:
                category = await read_category(self._client, link.category_id, box=box)
                if isinstance(category, NotDone):
                    return _without_category(item, link, category)
                is_enabled = category.is_enabled_for_sync
                if is_enabled:
                    self._boxed.keep(link.category_id, is_enabled)
            links.append(replace(link, is_enabled_for_sync=is_enabled))
        return replace(item, categories=tuple(links))

    async def _with_variants(self, item: ErpItem, settings: ConnectorSettings) -> ErpItem | NotDone:
        if item.kind != "template" or settings.products.configurable_source != "matrix_item":
            return item
        variants = await read_variants(self._client, item, box=settings.products.item_box)
        return variants if isinstance(variants, NotDone) else replace(item, variants=variants)


def vendor_field(settings: ConnectorSettings) -> str | None:
    """Name the custom field with the quantity of the vendors, where the product tells it (R36)."""
    return settings.inventory.vendor_field if settings.inventory.vendor_quantity == "separate" else None


def _is_custom(name: str) -> bool:
    return name.count(".") == 1 and name.split(".", maxsplit=1)[0] not in _OF_PARTS


async def _with_known_class(item: ErpItem, _: ConnectorSettings) -> ErpItem | NotDone:
    named = item.fields.get("ItemClass")
    if item.item_class is not None or not named:
        return item
    text = f"the ERP has no item class {named!r}, which item {item.inventory_id} names; give the item another class"
    return NotDone(verdict=Refused(error_class="mapping", text=text))


def _without_category(item: ErpItem, link: ErpCategoryLink, answer: NotDone) -> NotDone:
    if not is_missing(answer):
        return answer
    text = f"the ERP has no category {link.category_id}, in which item {item.inventory_id} is; take the item out of it"
    return NotDone(verdict=Refused(error_class="mapping", text=text))
