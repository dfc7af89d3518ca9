"""Items: stock, non-stock and templates, with attributes, categories, cross references and files."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import custom_fields, fields_of, is_missing, make_one
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.attribute import ErpAttributeValue
from daemon.sync.records.item import ErpCategoryLink, ErpCrossReference, ErpFile, ErpItem, ErpItemKind, ErpVariant
from daemon.sync.records.values import ErpValue
from queues.verdicts import Refused

_COMMON: Final = (
    "InventoryID",
    "Description",
    "Content",
    "ItemClass",
    "ItemStatus",
    "TaxCategory",
    "DefaultPrice",
    "MSRP",
    "ExportToExternal",
    "Visibility",
    "PageTitle",
    "MetaDescription",
    "MetaKeywords",
    "SearchKeywords",
    "CustomURL",
    "Attributes/AttributeID",
    "Attributes/Value",
    "Attributes/ValueDescription",
)
_WITH_CATEGORIES: Final = ("Categories/CategoryID",)
_CROSS: Final = tuple(f"CrossReferences/{name}" for name in ("AlternateID", "AlternateType", "VendorOrCustomer", "UOM"))
_WEIGHT: Final = ("DimensionWeight", "WeightUOM", "TemplateItemID")
_KIT: Final[Mapping[ErpItemKind, str]] = {"stock": "IsAKit", "non_stock": "IsKit"}
"""The two forms name it differently."""

STOCK_ITEM: Final = Reading(
    entity="StockItem",
    fields=(
        *_COMMON,
        *_WITH_CATEGORIES,
        *_CROSS,
        *_WEIGHT,
        _KIT["stock"],
        "BaseUOM",
        "SalesUOM",
        "DefaultWarehouseID",
        "LastModified",
    ),
    with_files=True,
)
NON_STOCK_ITEM: Final = Reading(
    entity="NonStockItem",
    fields=(
        *_COMMON,
        *_WITH_CATEGORIES,
        *_CROSS,
        *_WEIGHT,
        _KIT["non_stock"],
        "BaseUnit",
        "SalesUnit",
        "RequireShipment",
        "LastModifiedDateTime",
    ),
    with_files=True,
)
TEMPLATE_ITEM: Final = Reading(
    entity="TemplateItems",
    fields=(
        *_COMMON,
        *_WITH_CATEGORIES,
        "BaseUOM",
        "SalesUOM",
        "IsStockItem",
        "LastModified",
        *(f"Matrix/{name}" for name in ("InventoryID", "Description", "ItemStatus", "ExportToExternal")),
    ),
    with_files=True,
)
_READINGS: Final[Mapping[ErpItemKind, Reading]] = {
    "stock": STOCK_ITEM,
    "non_stock": NON_STOCK_ITEM,
    "template": TEMPLATE_ITEM,
}


async def read_item(
    client: AcumaticaClient,
    inventory_id: str,
    *,
    kinds: tuple[ErpItemKind, ...] = ("stock", "non_stock", "template"),
    wanted: Collection[str] = (),
    custom: tuple[str, ...] = (),
    box: str | None = None,
    visibility: str | None = None,
) -> ErpItem | NotDone:
    """
    Read one item; its class is only named, in `fields`.

    Args:
        client: where.
        inventory_id: the key.
        kinds: what it may be, asked for in this order.
        wanted: further fields for `fields`; those that an item of the kind has not are left out.
        custom: custom fields for `fields`, `View.Field`.
        box: the custom field that enables it for sync; None: `ExportToExternal` does.
        visibility: the custom field that tells where it shows; None: `Visibility` does.
    """
    table = await client.table()
    if isinstance(table, NotDone):
        return table
    item: ErpItem | NotDone = NotDone(verdict=Refused(error_class="mapping", text="no kind of item was asked for"))
    for kind in kinds:
        plain = _READINGS[kind]
        more = (name for name in wanted if table.knows(plain.entity, name))
        reading = replace(
            plain,
            fields=tuple(dict.fromkeys((*plain.fields, *more))),
            custom=custom_fields(*custom, box, visibility),
        )
        maker = _Maker(kind, reading, box=box, visibility=visibility)
        item = await make_one(client, reading, (inventory_id,), maker)
        if not isinstance(item, NotDone) or not is_missing(item):
            break
    return item


class _Maker:
    """Makes an item of a row."""

    def __init__(self, kind: ErpItemKind, reading: Reading, *, box: str | None, visibility: str | None) -> None:
        self._kind, self._reading = kind, reading
        self._box, self._visibility = box, visibility

    def __call__(self, row: Wrapped) -> ErpItem:
        is_template, is_stock = self._kind == "template", self._kind == "stock"
        units = ("BaseUnit", "SalesUnit") if self._kind == "non_stock" else ("BaseUOM", "SalesUOM")
        attributes = tuple(_attribute(each) for each in row.rows("Attributes"))
        fields = fields_of(row, self._reading.fields, self._reading.custom)
        fields |= {f"Attributes.{each.attribute_id}": each.value for each in attributes}
        return ErpItem(
            inventory_id=row.required("InventoryID"),
            kind=self._kind,
            is_kit=bool(not is_template and row.flag(_KIT[self._kind])),
            requires_shipment=bool(row.flag("RequireShipment")) if self._kind == "non_stock" else True,
            description=row.text("Description") or "",
            content=row.text("Content"),
            status=row.text("ItemStatus") or "",
            is_enabled_for_sync=row.flag("ExportToExternal") if self._box is None else row.box(self._box),
            visibility=row.text("Visibility") if self._visibility is None else _text(fields[self._visibility]),
            base_unit=row.text(units[0]),
            sales_unit=row.text(units[1]),
            tax_category=row.text("TaxCategory"),
            default_price=row.number("DefaultPrice"),
            msrp=row.number("MSRP"),
            weight=None if is_template else row.number("DimensionWeight"),
            weight_unit=None if is_template else row.text("WeightUOM"),
            default_warehouse=row.text("DefaultWarehouseID") if is_stock else None,
            page_title=row.text("PageTitle"),
            meta_description=row.text("MetaDescription"),
            meta_keywords=row.text("MetaKeywords"),
            search_keywords=row.text("SearchKeywords"),
            custom_url=row.text("CustomURL"),
            attributes=attributes,
            categories=tuple(_category(each) for each in row.rows("Categories")),
            cross_references=() if is_template else tuple(_cross(each) for each in row.rows("CrossReferences")),
            images=_files(row),
            template=None if is_template else row.text("TemplateItemID"),
            variants=tuple(_variant(each) for each in row.rows("Matrix")) if is_template else (),
            fields=MappingProxyType(fields),
            modified_at=row.moment("LastModifiedDateTime" if self._kind == "non_stock" else "LastModified"),
        )


def _text(value: ErpValue) -> str | None:
    return None if value is None else str(value).strip() or None


def _attribute(row: Wrapped) -> ErpAttributeValue:
    return ErpAttributeValue(
        attribute_id=row.required("AttributeID"), value=row.text("Value"), description=row.text("ValueDescription")
    )


def _category(row: Wrapped) -> ErpCategoryLink:
    return ErpCategoryLink(category_id=str(row.whole("CategoryID")))


def _cross(row: Wrapped) -> ErpCrossReference:
    return ErpCrossReference(
        alternate_id=row.required("AlternateID"),
        alternate_type=row.text("AlternateType") or "",
        partner=row.text("VendorOrCustomer"),
        unit=row.text("UOM"),
    )


def _variant(row: Wrapped) -> ErpVariant:
    return ErpVariant(
        inventory_id=row.required("InventoryID"),
        description=row.text("Description") or "",
        status=row.text("ItemStatus") or "",
        is_enabled_for_sync=row.flag("ExportToExternal"),
    )


def _files(row: Wrapped) -> tuple[ErpFile, ...]:
    return tuple(
        ErpFile(
            file_id=str(file.get("id", "")),
            # A name comes with the form it hangs on: `Stock Items (AC-1)\\front.jpg`.
            name=str(file.get("filename", "")).replace("\\", "/").rpartition("/")[2],
            href=str(file.get("href", "")),
            comment=str(file.get("comment") or ""),
        )
        for file in row.files()
    )
