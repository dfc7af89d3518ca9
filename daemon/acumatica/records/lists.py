"""Short lists: item classes, categories, tax categories, attributes."""

from dataclasses import replace
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import custom_fields, fields_of, make_all, make_one
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.attribute import ErpAttribute, ErpAttributeOption, ErpControl
from daemon.sync.records.category import ErpCategory
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.records.tax_category import ErpTaxCategory

ITEM_CLASS: Final = Reading(
    entity="ItemClass",
    fields=("ClassID", "Description", "StockItem", "TaxCategoryID", "Attributes/AttributeID", "Attributes/SortOrder"),
)
CATEGORY: Final = Reading(
    entity="ItemSalesCategory",
    fields=("CategoryID", "Description", "ParentCategoryID", "SortOrder", "LastModifiedDateTime"),
)
TAX_CATEGORY: Final = Reading(entity="TaxCategory", fields=("TaxCategoryID", "Description", "Active"))
ATTRIBUTE: Final = Reading(
    entity="AttributeDefinition",
    fields=(
        "AttributeID",
        "Description",
        "ControlType",
        "Internal",
        *(f"Values/{name}" for name in ("ValueID", "Description", "SortOrder", "Disabled")),
    ),
)
_CONTROLS: Final[dict[str, ErpControl]] = {
    "text": "text",
    "combo": "combo",
    "multi select combo": "multi_select",
    "checkbox": "checkbox",
    "datetime": "datetime",
    "number": "number",
    "selector": "selector",
}


async def read_item_class(client: AcumaticaClient, class_id: str, *, box: str | None = None) -> ErpItemClass | NotDone:
    """Read one item class; *box*: the custom field that enables it for sync, `View.Field`."""
    reading = replace(ITEM_CLASS, custom=custom_fields(box))
    return await make_one(client, reading, (class_id,), lambda row: _item_class(row, box))


async def read_item_classes(client: AcumaticaClient) -> tuple[ErpItemClass, ...] | NotDone:
    """Read every item class."""
    return await make_all(client, ITEM_CLASS, lambda row: _item_class(row, None))


async def read_category(
    client: AcumaticaClient, category_id: str, *, box: str | None = None, status: str | None = None
) -> ErpCategory | NotDone:
    """
    Read one sales category.

    Args:
        client: where.
        category_id: the key.
        box: the custom field that enables it for sync, `View.Field`.
        status: the custom field that is its status in the shop.
    """
    reading = replace(CATEGORY, custom=custom_fields(box, status))
    return await make_one(client, reading, (category_id,), lambda row: _category(row, reading, box, status))


async def read_categories(client: AcumaticaClient) -> tuple[ErpCategory, ...] | NotDone:
    """Read every sales category, in no order."""
    return await make_all(client, CATEGORY, lambda row: _category(row, CATEGORY, None, None))


async def read_tax_category(client: AcumaticaClient, tax_category_id: str) -> ErpTaxCategory | NotDone:
    """Read one tax category."""
    return await make_one(client, TAX_CATEGORY, (tax_category_id,), _tax_category)


async def read_tax_categories(client: AcumaticaClient) -> tuple[ErpTaxCategory, ...] | NotDone:
    """Read every tax category."""
    return await make_all(client, TAX_CATEGORY, _tax_category)


async def read_attribute(client: AcumaticaClient, attribute_id: str) -> ErpAttribute | NotDone:
    """Read the definition of one attribute with its options."""
    return await make_one(client, ATTRIBUTE, (attribute_id,), _attribute)


def _item_class(row: Wrapped, box: str | None) -> ErpItemClass:
    attributes = sorted((each.whole("SortOrder") or 0, each.required("AttributeID")) for each in row.rows("Attributes"))
    return ErpItemClass(
        class_id=row.required("ClassID"),
        description=row.text("Description") or "",
        is_stock=row.flag("StockItem") is not False,
        is_enabled_for_sync=None if box is None else row.box(box),
        attributes=tuple(name for _, name in attributes),
        tax_category=row.text("TaxCategoryID"),
    )


def _category(row: Wrapped, reading: Reading, box: str | None, status: str | None) -> ErpCategory:
    parent = row.whole("ParentCategoryID")
    fields = fields_of(row, reading.fields, reading.custom)
    told = None if status is None else fields[status]
    return ErpCategory(
        category_id=str(row.whole("CategoryID")),
        description=row.text("Description") or "",
        parent_id=str(parent) if parent else None,
        position=row.whole("SortOrder"),
        is_enabled_for_sync=None if box is None else row.box(box),
        shop_status=None if told is None else str(told).strip() or None,
        fields=fields,
        modified_at=row.moment("LastModifiedDateTime"),
    )


def _tax_category(row: Wrapped) -> ErpTaxCategory:
    return ErpTaxCategory(
        tax_category_id=row.required("TaxCategoryID"),
        description=row.text("Description") or "",
        is_active=row.flag("Active") is not False,
    )


def _attribute(row: Wrapped) -> ErpAttribute:
    options = tuple(
        ErpAttributeOption(
            value=each.required("ValueID"),
            description=each.text("Description") or "",
            position=each.whole("SortOrder") or 0,
            is_disabled=bool(each.flag("Disabled")),
        )
        for each in row.rows("Values")
    )
    return ErpAttribute(
        attribute_id=row.required("AttributeID"),
        description=row.text("Description") or "",
        control=_CONTROLS.get((row.text("ControlType") or "text").lower(), "text"),
        options=options,
        is_internal=bool(row.flag("Internal")),
    )
