"""Products: items of the ERP as the shop is to hold them (R35, R48, R77 to R82)."""

from collections.abc import Mapping
from decimal import Decimal

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.product import is_active, is_boxed
from daemon.sync.mapping.attribute import attribute_codes
from daemon.sync.mapping.attribute_values import attribute_value
from daemon.sync.mapping.codes import category_mark
from daemon.sync.mapping.fields import ATTRIBUTES, mapped_fields, plain_values
from daemon.sync.mapping.refusal import unmapped
from daemon.sync.mapping.tax_class import tax_class_name
from daemon.sync.records.attribute import ErpAttribute
from daemon.sync.records.item import ErpItem, ErpVariant
from daemon.sync.records.values import ErpFields, number_of
from daemon.sync.shop.product import CategoryPlace, ConfigurableParts, ProductType, ShopProduct
from daemon.sync.shop.values import ShopValue
from daemon.sync.visibility import read_visibility
from queues.verdicts import Refused

LONGEST_SKU = 64
"""Characters of a SKU in the shop."""


def map_product(
    item: ErpItem,
    settings: ConnectorSettings,
    *,
    definitions: Mapping[str, ErpAttribute],
    is_new: bool | None = None,
) -> ShopProduct | Refused:
    """
    Give the product an item makes; fields that are inactive in the schema are not told.

    Status, visibility and type are told always, the schema notwithstanding: the ready rule is about them.

    Args:
        item: let pass by `product_gate`.
        settings: of the scope.
        definitions: the ERP's attributes by id, for the labels of their values.
        is_new: the shop does not have it yet; None: not known.
    """
    sku = item.inventory_id.strip()
    if not 1 <= len(sku) <= LONGEST_SKU:
        return unmapped(f"the inventory id {sku!r} has {len(sku)} characters, a SKU may have 1 to {LONGEST_SKU}")
    active, kind = settings.schema.active("product"), product_type(item, settings)
    mapped = mapped_fields(settings.mappings.product_fields, active, settings.syncs.product.direction, is_new=is_new)
    values = dict(plain_values(item_fields(item), mapped))
    for attribute in item.attributes:
        code = mapped.get(f"{ATTRIBUTES}{attribute.attribute_id}")
        if code is not None:
            value = attribute_value(attribute, definitions)
            if isinstance(value, Refused):
                return value
            values[code] = value
    values |= _vendor_quantity(item, settings)
    values.pop("category_ids", None)
    weight = _weight(values.pop("weight", None))
    is_told = mapped.values()
    parts = configurable_parts(item, settings, definitions) if kind == "configurable" else None
    if parts is not None and not parts.options:
        return unmapped(
            f"the items of {sku} differ by no attribute with a list of values that goes to the shop; tick it in the "
            "product schema, or name it in products.variant_attributes"
        )
    return ShopProduct(
        sku=sku,
        type=kind,
        name=_name(values.pop("name", None), sku) if "name" in is_told else None,
        attribute_set=item.item_class.class_id.strip() if "ItemClass" in active and item.item_class else None,
        is_enabled=is_active(item),
        visibility=read_visibility(item.visibility),
        price=_first_price(item, settings) if kind != "configurable" else None,
        weight=weight if kind == "simple" else None,
        url_key=_text(values.pop("url_key", None)),
        tax_class=tax_class_name(_text(values.pop("tax_class_id", None)), settings),
        websites=settings.products.websites or None,
        categories=_places(item, settings) if "category_ids" in is_told else None,
        values=values,
        parts=parts,
    )


def product_type(item: ErpItem, settings: ConnectorSettings) -> ProductType:
    """Tell what an item is in the shop; templates and configured items by Configurable Products Sync Support."""
    source = settings.products.configurable_source
    if source == "matrix_item" and item.kind == "template":
        return "configurable"
    if source == "product_configurator" and item.configurator is not None:
        return "configurable"
    return "virtual" if item.kind == "non_stock" and not item.requires_shipment else "simple"


def configurable_parts(
    item: ErpItem, settings: ConnectorSettings, definitions: Mapping[str, ErpAttribute]
) -> ConfigurableParts:
    """Give what a configurable product is made of: active parts that are enabled for sync, in the ERP's order."""
    configurator, codes = item.configurator, attribute_codes(settings)
    if settings.products.configurable_source == "product_configurator" and configurator is not None:
        offered = [each for each in configurator.variants if _is_offered(each, settings)]
        varying = configurator.attributes
    else:
        offered = [each for each in item.variants if _is_offered(each, settings)]
        varying = _varying(item, offered, settings, definitions)
    return ConfigurableParts(
        options=tuple(codes[each] for each in varying if each in codes),
        children=tuple(each.inventory_id.strip() for each in offered),
    )


def _varying(
    item: ErpItem, offered: list[ErpVariant], settings: ConnectorSettings, definitions: Mapping[str, ErpAttribute]
) -> tuple[str, ...]:
    """Name the attributes the items of a template differ by, in the order of the class; the contract does not tell."""
    of_class = item.item_class.attributes if item.item_class else ()
    if item.item_class and item.item_class.variant_attributes:
        return item.item_class.variant_attributes
    values: dict[str, set[str]] = {}
    for variant in offered:
        for each in variant.attributes:
            values.setdefault(each.attribute_id, set()).add((each.value or "").strip())
    chosen = settings.products.variant_attributes
    if chosen:
        return tuple(each for each in chosen if each in values)
    return tuple(
        each
        for each in (*of_class, *sorted(values.keys() - set(of_class)))
        if len(values.get(each, ())) > 1 and each in definitions and definitions[each].control == "combo"
    )


def item_fields(item: ErpItem) -> ErpFields:
    """Give every value of an item by its schema name; the record's own members go before what it was read with."""
    own: dict[str, str | Decimal | None] = {
        "InventoryID": item.inventory_id,
        "Description": item.description,
        "Content": item.content,
        "ItemClass": item.item_class.class_id if item.item_class else None,
        "ItemStatus": item.status,
        "TaxCategory": item.tax_category,
        "DimensionWeight": item.weight,
        "CustomURL": item.custom_url,
        "PageTitle": item.page_title,
        "MetaDescription": item.meta_description,
        "MetaKeywords": item.meta_keywords,
        "SearchKeywords": item.search_keywords,
        "DefaultPrice": item.default_price,
        "MSRP": item.msrp,
        **{f"CrossReferences.{each.alternate_type}": each.alternate_id for each in reversed(item.cross_references)},
    }
    return {**item.fields, **own}


def _vendor_quantity(item: ErpItem, settings: ConnectorSettings) -> Mapping[str, ShopValue]:
    """Give the quantity of the vendors as an attribute of the product, where it is told apart (R36)."""
    told = settings.inventory
    if told.vendor_quantity != "separate" or told.vendor_field is None:
        return {}
    quantity = number_of(item.fields.get(told.vendor_field))
    return {} if quantity is None else {told.vendor_attribute: quantity}


def _is_offered(variant: ErpVariant, settings: ConnectorSettings) -> bool:
    return variant.status.strip().casefold() == "active" and is_boxed(variant.is_enabled_for_sync, settings)


def _places(item: ErpItem, settings: ConnectorSettings) -> tuple[CategoryPlace, ...]:
    return tuple(
        CategoryPlace(mark=category_mark(link.category_id))
        for link in item.categories
        if is_boxed(link.is_enabled_for_sync, settings)
    )


def _first_price(item: ErpItem, settings: ConnectorSettings) -> Decimal | None:
    if not settings.entities.pricing.active:
        return None
    return item.sales_price if settings.price.source == "sales_price" else item.default_price


def _name(value: ShopValue, sku: str) -> str:
    # The shop refuses a product without a name; the ERP does not ask for one.
    return _text(value) or sku


def _text(value: ShopValue) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _weight(value: ShopValue) -> Decimal | None:
    return value if isinstance(value, Decimal) and value >= 0 else None
