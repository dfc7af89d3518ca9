"""Categories with those above them."""

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.lists import read_category
from daemon.acumatica.records.making import is_missing
from daemon.erp.records import RecordOfSettings
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.entity_rules import CategoryWithAncestors
from daemon.sync.records.category import ErpCategory


def category_reader(client: AcumaticaClient) -> RecordOfSettings[CategoryWithAncestors]:
    """Give the reader of categories with those above them."""

    async def read(key: str, settings: ConnectorSettings) -> CategoryWithAncestors | NotDone:
        return await _category_with_ancestors(client, key, settings)

    return RecordOfSettings(read)


async def _category_with_ancestors(
    client: AcumaticaClient, category_id: str, settings: ConnectorSettings
) -> CategoryWithAncestors | NotDone:
    async def read(key: str) -> ErpCategory | NotDone:
        products = settings.products
        return await read_category(client, key, box=products.category_box, status=products.category_status)

    category = await read(category_id)
    if isinstance(category, NotDone):
        return category
    above: dict[str, ErpCategory] = {}
    parent_id = category.parent_id
    # A tree that bites its own tail, or hangs on a category that is gone, ends there; the shop refuses it by name.
    while parent_id and parent_id not in {*above, category.category_id}:
        parent = await read(parent_id)
        if isinstance(parent, NotDone):
            if is_missing(parent):
                break
            return parent
        above[parent_id], parent_id = parent, parent.parent_id
    return CategoryWithAncestors(category=category, ancestors=tuple(reversed(above.values())))
