"""The items of a template: what the template does not tell of them."""

from dataclasses import replace

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import groups_of
from daemon.acumatica.reading import Reading, misformed, read_page
from daemon.acumatica.records.making import custom_fields
from daemon.acumatica.wrapped import NotInForm, Wrapped
from daemon.sync.records.attribute import ErpAttributeValue
from daemon.sync.records.item import ErpItem, ErpVariant


async def read_variants(
    client: AcumaticaClient, template: ErpItem, *, box: str | None = None
) -> tuple[ErpVariant, ...] | NotDone:
    """
    Read what a template does not tell of its items: the values of their attributes, and their boxes.

    Args:
        client: where.
        template: whose items.
        box: as in `read_item`.
    """
    entity = "NonStockItem" if template.fields.get("IsStockItem") is False else "StockItem"
    reading = Reading(
        entity=entity,
        fields=("InventoryID", "ExportToExternal", "Attributes/AttributeID", "Attributes/Value"),
        custom=custom_fields(box),
    )

    known: dict[str, tuple[bool | None, tuple[ErpAttributeValue, ...]]] = {}
    for group, condition in groups_of("InventoryID", [each.inventory_id for each in template.variants]):
        # So many keys cannot be on more than one page.
        rows = await read_page(client, reading, condition, top=len(group))
        if isinstance(rows, NotDone):
            return rows
        try:
            known |= {row.required("InventoryID").casefold(): _told(row, box) for row in rows}
        except NotInForm as error:
            return misformed(error)
    told = ((each, known.get(each.inventory_id.casefold())) for each in template.variants)
    return tuple(
        each if more is None else replace(each, is_enabled_for_sync=more[0], attributes=more[1]) for each, more in told
    )


def _told(row: Wrapped, box: str | None) -> tuple[bool | None, tuple[ErpAttributeValue, ...]]:
    values = tuple(
        ErpAttributeValue(attribute_id=each.required("AttributeID"), value=each.text("Value"))
        for each in row.rows("Attributes")
    )
    return row.flag("ExportToExternal") if box is None else row.box(box), values
