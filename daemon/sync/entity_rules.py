"""
Gate and mapping of each entity, put together: what the shop is to hold of a record, or the first reason why nothing.

The order is that of the pipeline: switched on at all, the changed fields, the record itself, the operators' own rules,
the mapping.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.dependencies import read_links
from daemon.sync.gates.category import category_gate
from daemon.sync.gates.customer import customer_gate
from daemon.sync.gates.entity import entity_gate, tier_price_gate
from daemon.sync.gates.invoice import invoice_gate
from daemon.sync.gates.kept_back import KeptBack, first_reason
from daemon.sync.gates.order import order_status_gate, shipment_gate
from daemon.sync.gates.product import class_gate, product_gate
from daemon.sync.gates.rules import rules_gate
from daemon.sync.gates.schema import schema_gate
from daemon.sync.mapping.attribute import map_attribute, map_attribute_set
from daemon.sync.mapping.category import map_category
from daemon.sync.mapping.customer import map_customer
from daemon.sync.mapping.dependencies import map_dependencies
from daemon.sync.mapping.image import map_images
from daemon.sync.mapping.invoice import map_invoice
from daemon.sync.mapping.order import map_order_status, map_shipment
from daemon.sync.mapping.prices import map_tier_prices
from daemon.sync.mapping.product import item_fields, map_product
from daemon.sync.mapping.tax_class import map_tax_category
from daemon.sync.records.attribute import ErpAttribute
from daemon.sync.records.category import ErpCategory
from daemon.sync.records.customer import ErpCustomer
from daemon.sync.records.invoice import InvoiceWithOrders
from daemon.sync.records.item import ErpFile, ErpItem
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.records.order import ErpOrder
from daemon.sync.records.sales_price import ErpItemPrices
from daemon.sync.records.shipment import ErpShipment
from daemon.sync.records.tax_category import ErpTaxCategory
from daemon.sync.shop.attribute import ShopAttribute, ShopAttributeSet
from daemon.sync.shop.category import ShopCategory
from daemon.sync.shop.customer import ShopCustomer
from daemon.sync.shop.image import ProductImages
from daemon.sync.shop.order import ShopInvoice, ShopOrderStatus, ShopShipment
from daemon.sync.shop.prices import ShopTierPrices
from daemon.sync.shop.product import ProductLinks, ShopProduct
from daemon.sync.shop.tax_class import ShopTaxClass
from queues.message import ChangeEvent
from queues.verdicts import Refused

ShopT = TypeVar("ShopT")

Definitions: TypeAlias = Mapping[str, ErpAttribute]
"""The ERP's attributes by id, for the labels of values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWithDefinitions:
    """An item, and the definitions of the attributes it has values of."""

    item: ErpItem
    definitions: Definitions = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWithImages:
    """An item, and the contents of its image files, in the order of `image_files`."""

    item: ErpItem
    files: Sequence[tuple[ErpFile, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryWithAncestors:
    """A category, and the categories above it, the root first."""

    category: ErpCategory
    ancestors: Sequence[ErpCategory] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWithDefinitions:
    """A customer, and the definitions of the attributes it has values of."""

    customer: ErpCustomer
    definitions: Definitions = field(default_factory=lambda: MappingProxyType({}))


def product_rule(
    record: ItemWithDefinitions, settings: ConnectorSettings, event: ChangeEvent
) -> Sequence[ShopProduct] | KeptBack | Refused:
    """Judge and map a product (R29, R35, R48, R77 to R83)."""
    item = record.item
    kept = first_reason(
        (
            lambda: entity_gate("product", settings),
            lambda: schema_gate("product", event.changed, settings),
            lambda: product_gate(item, settings),
            lambda: rules_gate("product", item_fields(item), settings),
        )
    )
    return kept or _one(map_product(item, settings, definitions=record.definitions))


def dependencies_rule(
    item: ErpItem, settings: ConnectorSettings, event: ChangeEvent
) -> Sequence[ProductLinks] | KeptBack | Refused:
    """Judge and map what a product is related to, as far as anybody tells; links that nobody knows are left alone."""
    kept = first_reason((lambda: entity_gate("product_dependencies", settings), lambda: product_gate(item, settings)))
    if kept is not None:
        return kept
    mapped = map_dependencies(item, read_links(event))
    if not mapped.links:
        text = f"neither the ERP nor the event tells the links of {item.inventory_id}; the shop's stay as they are"
        return KeptBack(reason="links_unknown", text=text)
    return (mapped,)


def image_rule(
    record: ItemWithImages, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ProductImages] | KeptBack | Refused:
    """Judge and map the images of a product (R101, B23)."""
    kept = first_reason((lambda: entity_gate("product_image", settings), lambda: product_gate(record.item, settings)))
    return kept or _one(map_images(record.item, record.files))


def attribute_rule(
    attribute: ErpAttribute, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ShopAttribute] | KeptBack | Refused:
    """Judge and map the definition of an attribute (B37)."""
    kept = entity_gate("attribute", settings)
    if kept is not None:
        return kept
    mapped = map_attribute(attribute, settings)
    if mapped is None:
        text = f"attribute {attribute.attribute_id} is not active in the product schema"
        return KeptBack(reason="fields_inactive", text=text)
    return (mapped,)


def attribute_set_rule(
    item_class: ErpItemClass, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ShopAttributeSet] | KeptBack | Refused:
    """Judge and map an item class (R77, R78, B45)."""
    kept = first_reason((lambda: entity_gate("attribute_set", settings), lambda: class_gate(item_class, settings)))
    return kept or (map_attribute_set(item_class, settings),)


def tier_price_switch(document: SettingsDocument) -> KeptBack | None:
    """
    Keep back every item while tier prices go out nowhere, neither for all websites nor for one (B36).

    Reading the prices of one item costs the ERP requests.
    """
    kept = tier_price_gate(document.default)
    if kept is not None and any(tier_price_gate(held) is None for _, held in document.websites()):
        return None
    return kept


def tier_price_rule(
    prices: ErpItemPrices, document: SettingsDocument, event: ChangeEvent
) -> Sequence[ShopTierPrices] | KeptBack | Refused:
    """Judge and map the prices of an item that depend on quantity and customer group, as of the event's day (B36)."""
    return tier_price_switch(document) or (map_tier_prices(prices, document, today=event.time.date()),)


def tax_category_rule(
    category: ErpTaxCategory, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ShopTaxClass] | KeptBack | Refused:
    """Judge and map a tax category (B7)."""
    kept = entity_gate("tax_category", settings)
    if kept is not None:
        return kept
    mapped = map_tax_category(category, settings)
    if mapped is None:
        text = f"tax category {category.tax_category_id} is not active in the ERP"
        return KeptBack(reason="tax_category_inactive", text=text)
    return (mapped,)


def category_rule(
    record: CategoryWithAncestors, settings: ConnectorSettings, event: ChangeEvent
) -> Sequence[ShopCategory] | KeptBack | Refused:
    """
    Judge and map a category, and before it those above it that go out (R51, R82, R83, D27).

    The shop takes no child without its parent.
    """
    category = record.category
    kept = first_reason(
        (
            lambda: entity_gate("category", settings),
            lambda: schema_gate("category", event.changed, settings),
            lambda: _category_itself(category, settings),
        )
    )
    if kept is not None:
        return kept
    path = [each for each in record.ancestors if _category_itself(each, settings) is None]
    mapped = [map_category(each, settings) for each in (*path, category)]
    wrong = next((each for each in mapped if isinstance(each, Refused)), None)
    return wrong or [each for each in mapped if not isinstance(each, Refused)]


def _category_itself(category: ErpCategory, settings: ConnectorSettings) -> KeptBack | None:
    return first_reason(
        (lambda: category_gate(category, settings), lambda: rules_gate("category", category.fields, settings))
    )


def customer_rule(
    record: CustomerWithDefinitions, settings: ConnectorSettings, event: ChangeEvent
) -> Sequence[ShopCustomer] | KeptBack | Refused:
    """Judge and map a customer (R38, R41, R52, B39)."""
    customer = record.customer
    kept = first_reason(
        (
            lambda: entity_gate("customer", settings),
            lambda: schema_gate("customer", event.changed, settings),
            lambda: customer_gate(customer, settings),
            lambda: rules_gate("customer", customer.fields, settings),
        )
    )
    return kept or _one(map_customer(customer, settings, definitions=record.definitions))


def order_status_rule(
    order: ErpOrder, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ShopOrderStatus] | KeptBack | Refused:
    """Judge and map the status of an order (R39, B43)."""
    kept = first_reason((lambda: entity_gate("order_status", settings), lambda: order_status_gate(order, settings)))
    return kept or _one(map_order_status(order, settings))


def shipment_rule(
    shipment: ErpShipment, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ShopShipment] | KeptBack | Refused:
    """Judge and map a shipment, order by order (R37, R40, B51)."""
    kept = first_reason((lambda: entity_gate("shipment", settings), lambda: shipment_gate(shipment, settings)))
    return kept or map_shipment(shipment, settings)


def invoice_rule(
    record: InvoiceWithOrders, settings: ConnectorSettings, _: ChangeEvent
) -> Sequence[ShopInvoice] | KeptBack | Refused:
    """Judge and map an invoice, order by order (B51)."""
    kept = first_reason((lambda: entity_gate("invoice", settings), lambda: invoice_gate(record, settings)))
    return kept or map_invoice(record, settings)


def _one(mapped: ShopT | Refused) -> tuple[ShopT] | Refused:
    return mapped if isinstance(mapped, Refused) else (mapped,)
