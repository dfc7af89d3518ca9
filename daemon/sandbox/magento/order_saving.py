"""Orders stored directly, without a cart: as they are sent, with hardly anything of what an order has."""

from decimal import Decimal

from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.orders import Order, OrderItem
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject, integer, mapping, number, rows, text


def create_directly(shop: Shop, given: JsonObject) -> JsonObject:
    """Store a new order as it was sent; return the answer."""
    now, sales = shop.timestamp(), shop.sales
    items = [_item(shop, row, now) for row in rows(given, "items")]
    order_id = sales.next("order")
    address = {name: value for name, value in (mapping(given, "billing_address") or {}).items() if value is not None}
    payment = {name: value for name, value in (mapping(given, "payment") or {}).items() if value is not None}
    total = number(given, "grand_total") or Decimal(0)
    order = Order(
        order_id=order_id,
        increment_id=text(given, "increment_id") or f"{order_id:09}",
        quote_id=0,
        email=text(given, "customer_email") or "",
        state=text(given, "state") or "new",
        status=text(given, "status") or "pending",
        created_at=now,
        updated_at=now,
        address=address,
        shipping_address_id=None,
        billing_address_id=sales.next("order_address"),
        items=items,
        shipping_amount=Decimal(0),
        payment={"account_status": None, "additional_information": [], "cc_last4": None, **payment}
        | {"entity_id": order_id, "parent_id": order_id},
        store_id=integer(given, "store_id") or 1,
    )
    sales.orders[order_id] = order
    told = {name: value for name, value in given.items() if not isinstance(value, dict | list) and value is not None}
    return {
        **told,
        "base_grand_total": json_number(number(given, "base_grand_total") or total),
        "base_total_due": json_number(total),
        "billing_address_id": order.billing_address_id,
        "created_at": now,
        "entity_id": order_id,
        "grand_total": json_number(total),
        "increment_id": order.increment_id,
        "protect_code": f"{order_id:032x}",
        "store_name": "Main Website\nMain Website Store\nDefault Store View",
        "total_due": json_number(total),
        "total_item_count": len(items),
        "updated_at": now,
        "items": [_item_view(order, item) for item in items],
        "billing_address": {
            **address,
            "address_type": "billing",
            "entity_id": order.billing_address_id,
            "parent_id": order_id,
        },
        "payment": order.payment,
        "status_histories": [],
    }


def _item(shop: Shop, row: JsonObject, now: str) -> OrderItem:
    sku, price = text(row, "sku") or "", number(row, "price") or Decimal(0)
    return OrderItem(
        item_id=shop.sales.next("order_item"),
        quote_item_id=0,
        sku=sku,
        name=text(row, "name") or sku,
        product_id=integer(row, "product_id") or 0,
        product_type=text(row, "product_type") or "simple",
        price=price,
        original_price=price,
        ordered=number(row, "qty_ordered") or Decimal(0),
        weight=Decimal(0),
        created_at=now,
        updated_at=now,
    )


def _item_view(order: Order, item: OrderItem) -> JsonObject:
    zeros = ("row_total", "base_row_total", "row_total_incl_tax", "base_row_total_incl_tax")
    return {
        **dict.fromkeys(zeros, 0),
        "base_price": json_number(item.price),
        "created_at": item.created_at,
        "item_id": item.item_id,
        "order_id": order.order_id,
        "original_price": json_number(item.original_price),
        "price": json_number(item.price),
        "qty_ordered": json_number(item.ordered),
        "sku": item.sku,
        "updated_at": item.updated_at,
    }
