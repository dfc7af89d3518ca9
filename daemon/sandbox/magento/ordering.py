"""Placing orders: what a shopper does at the shop window, which has no call here."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from daemon.sandbox.magento.decimals import as_price
from daemon.sandbox.magento.orders import Order, OrderItem
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_view import price_of
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.values import JsonObject

_FLAT_RATE = Decimal(5)
_CENT = Decimal("0.01")
DEFAULT_ADDRESS: JsonObject = {
    "city": "Sampleton",
    "country_id": "US",
    "firstname": "Olga",
    "lastname": "Order",
    "postcode": "10001",
    "region": "New York",
    "region_code": "NY",
    "region_id": 43,
    "street": ["7 Sample Street"],
    "telephone": "555-0101",
}


class OrderingError(ValueError):
    """An order that cannot be placed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One thing to buy: a simple product, or a part through its configurable. `price` overrides the catalogue's."""

    sku: str
    quantity: Decimal = Decimal(1)
    parent: str | None = None
    price: Decimal | None = None


def place_order(shop: Shop, lines: Sequence[OrderLine], *, email: str, address: JsonObject | None = None) -> Order:
    """
    Place an order of a guest: flat rate shipping, check or money order, US dollars.

    Raises:
        OrderingError: a product is not there, or a part does not belong to its configurable.
    """
    sales, now = shop.sales, shop.timestamp()
    items: list[OrderItem] = []
    for line in lines:
        items += _items(shop, line, now)
    order_id = sales.next("order")
    quantity = sum((line.quantity for line in lines), Decimal(0))
    shipping = _FLAT_RATE * quantity
    shipping_address_id, billing_address_id = sales.next("order_address"), sales.next("order_address")
    order = Order(
        order_id=order_id,
        increment_id=f"{order_id:09}",
        quote_id=sales.next("quote"),
        email=email,
        state="new",
        status="pending",
        created_at=now,
        updated_at=now,
        address=dict(DEFAULT_ADDRESS if address is None else address),
        shipping_address_id=shipping_address_id,
        billing_address_id=billing_address_id,
        items=items,
        shipping_amount=shipping,
        payment={},
    )
    order.payment = {
        "account_status": None,
        "additional_information": ["Check / Money order"],
        "amount_ordered": order.grand_total,
        "base_amount_ordered": order.grand_total,
        "base_shipping_amount": shipping,
        "cc_last4": None,
        "entity_id": order_id,
        "method": "checkmo",
        "parent_id": order_id,
        "shipping_amount": shipping,
    }
    sales.orders[order_id] = order
    return order


def _items(shop: Shop, line: OrderLine, now: str) -> list[OrderItem]:
    product = _product(shop, line.sku)
    price = as_price(line.price or price_of(shop, product, ALL_STORES) or Decimal(0))
    if line.parent is None:
        return [_item(shop, line, product, product, price, now)]
    parent = _product(shop, line.parent)
    if product.entity_id not in parent.children:
        raise OrderingError(f"{line.sku} is no part of {line.parent}")
    above = _item(shop, line, parent, product, price, now)
    above.chosen = tuple(
        (option.attribute_id, int(str(product.value(attribute.code, ALL_STORES))))
        for option in parent.options
        if (attribute := shop.attributes.by_id(option.attribute_id)) is not None
    )
    part = _item(shop, line, product, product, Decimal(0), now)
    part.parent = above
    return [above, part]


def _product(shop: Shop, sku: str) -> Product:
    product = shop.catalogue.get(sku)
    if product is None:
        raise OrderingError(f"there is no product {sku!r}")
    return product


def _item(shop: Shop, line: OrderLine, shown: Product, bought: Product, price: Decimal, now: str) -> OrderItem:
    weight = bought.value("weight", ALL_STORES)
    return OrderItem(
        item_id=shop.sales.next("order_item"),
        quote_item_id=shop.sales.next("quote_item"),
        sku=bought.sku,
        name=str(shown.value("name", ALL_STORES)),
        product_id=shown.entity_id,
        product_type=shown.type_id,
        price=price.quantize(_CENT, rounding=ROUND_HALF_UP).normalize(),
        original_price=price,
        ordered=line.quantity,
        weight=weight if isinstance(weight, Decimal) else Decimal(0),
        created_at=now,
        updated_at=now,
    )
