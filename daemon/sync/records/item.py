"""Items: stock and non-stock, kits of both, and the templates of matrix items."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, TypeAlias

from daemon.sync.records.attribute import ErpAttributeValue
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.records.values import ErpFields

ErpItemKind: TypeAlias = Literal["stock", "non_stock", "template"]
ErpRelation: TypeAlias = Literal["related", "up_sell", "cross_sell", "substitute", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpCrossReference:
    """Another number of the item; *alternate_type* as the ERP words it: `Barcode`, `Global`, `Customer Part Number`."""

    alternate_id: str
    alternate_type: str
    partner: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpCategoryLink:
    """A sales category of the item, with the category's own box *Enabled for Magento Sync* (None: no such box)."""

    category_id: str
    is_enabled_for_sync: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpFile:
    """
    A file attached to a record, not yet fetched.

    Attributes:
        file_id: the ERP's id of the file.
        name: file name without its path, `front.jpg`.
        href: where it is read, relative to the ERP's address.
        comment: what people wrote about it.
    """

    file_id: str
    name: str
    href: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpRelatedItem:
    """An item that this one points at; *position* sorts within its relation."""

    inventory_id: str
    relation: ErpRelation
    position: int = 0
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpKitPart:
    """One component of a kit and how much of it one kit needs, above 0."""

    inventory_id: str
    quantity: Decimal
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpVariant:
    """One item of a template's matrix, or one choice the product configurator offers, with its own *attributes*."""

    inventory_id: str
    description: str = ""
    status: str = "Active"
    is_enabled_for_sync: bool | None = None
    attributes: tuple[ErpAttributeValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpConfigurator:
    """What the product configurator says of an item: the attributes it varies by and the items to choose."""

    attributes: tuple[str, ...]
    variants: tuple[ErpVariant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpItem:
    """
    One item as read whole from the ERP.

    Attributes:
        inventory_id: the key; it is the SKU. Blanks at its right cut.
        kind: `template` stands for a family of matrix items and is never sold itself.
        is_kit: a composite item (stock or non-stock); its parts are in *kit_parts*.
        related, kit_parts: None: the ERP did not tell, which is not the same as none.
        requires_shipment: of a non-stock item: it is sent by a carrier, so not virtual.
        item_class: the class, read with the item; None: it has none, or one that could not be read.
        status: as the ERP words it: `Active`, `Inactive`, `No Sales`, `No Purchases`, `Marked for Deletion`.
        is_enabled_for_sync: the box *Enabled for Magento Sync*; None: the site has no such box.
        visibility: as the ERP words it (`Catalog, Search`); None: nothing chosen.
        default_price: *Default Price*, in the base currency and *sales_unit*; None: none.
        sales_price: the item's *Sales Price* where the commerce add-on keeps one; None: none.
        weight: of one *sales_unit*, in *weight_unit*.
        template: inventory id of the template a matrix item was made from.
        variants: of a template: its matrix items.
        configurator: what the product configurator says; None: nothing.
        fields: every value that the schema can name, see `ErpFields`.
        modified_at: when the ERP last changed it, aware.
    """

    inventory_id: str
    kind: ErpItemKind = "stock"
    is_kit: bool = False
    requires_shipment: bool = True
    description: str = ""
    content: str | None = None
    item_class: ErpItemClass | None = None
    status: str = "Active"
    is_enabled_for_sync: bool | None = None
    visibility: str | None = None
    base_unit: str | None = None
    sales_unit: str | None = None
    tax_category: str | None = None
    default_price: Decimal | None = None
    sales_price: Decimal | None = None
    msrp: Decimal | None = None
    weight: Decimal | None = None
    weight_unit: str | None = None
    default_warehouse: str | None = None
    page_title: str | None = None
    meta_description: str | None = None
    meta_keywords: str | None = None
    search_keywords: str | None = None
    custom_url: str | None = None
    attributes: tuple[ErpAttributeValue, ...] = ()
    categories: tuple[ErpCategoryLink, ...] = ()
    cross_references: tuple[ErpCrossReference, ...] = ()
    images: tuple[ErpFile, ...] = ()
    related: tuple[ErpRelatedItem, ...] | None = None
    kit_parts: tuple[ErpKitPart, ...] | None = None
    template: str | None = None
    variants: tuple[ErpVariant, ...] = ()
    configurator: ErpConfigurator | None = None
    fields: ErpFields = field(default_factory=lambda: MappingProxyType({}))
    modified_at: datetime | None = None

    def attribute(self, attribute_id: str) -> ErpAttributeValue | None:
        """Find the value of *attribute_id*, letter case aside; None: the item does not carry it."""
        wanted = attribute_id.casefold()
        return next((each for each in self.attributes if each.attribute_id.casefold() == wanted), None)
