"""How orders look in answers."""

from collections.abc import Mapping
from decimal import Decimal

from daemon.sandbox.magento.decimals import number
from daemon.sandbox.magento.orders import NONE, Comment, Order, OrderItem
from daemon.sandbox.magento.values import JsonObject

_STORE_NAME = "Main Website\nMain Website Store\nDefault Store View"
_ITEM_ZEROS = (
    "amount_refunded",
    "base_amount_refunded",
    "base_discount_amount",
    "base_discount_invoiced",
    "base_tax_amount",
    "base_tax_invoiced",
    "discount_amount",
    "discount_invoiced",
    "discount_percent",
    "free_shipping",
    "is_qty_decimal",
    "no_discount",
    "qty_refunded",
    "tax_amount",
    "tax_invoiced",
    "tax_percent",
)
_ORDER_ZEROS = (
    "base_discount_amount",
    "base_discount_tax_compensation_amount",
    "base_shipping_discount_amount",
    "base_shipping_discount_tax_compensation_amnt",
    "base_shipping_tax_amount",
    "base_tax_amount",
    "customer_group_id",
    "discount_amount",
    "discount_tax_compensation_amount",
    "is_virtual",
    "shipping_discount_amount",
    "shipping_discount_tax_compensation_amount",
    "shipping_tax_amount",
    "store_to_base_rate",
    "store_to_order_rate",
    "tax_amount",
)


def amounts(values: Mapping[str, Decimal]) -> JsonObject:
    """Each amount twice, in the order's and in the shop's currency."""
    return {f"{base}{name}": number(value) for name, value in values.items() for base in ("", "base_")}


def item_view(order: Order, item: OrderItem, *, with_extensions: bool) -> JsonObject:
    """A line; a part of a configurable carries the line above it inside."""
    view: JsonObject = {
        **dict.fromkeys(_ITEM_ZEROS, 0),
        **amounts({"price": item.price, "row_total": item.row_total, "row_invoiced": item.price * item.invoiced}),
        "created_at": item.created_at,
        "is_virtual": int(item.product_type == "virtual"),
        "item_id": item.item_id,
        "name": item.name,
        "order_id": order.order_id,
        "original_price": number(item.original_price),
        "product_id": item.product_id,
        "product_type": item.product_type,
        "qty_canceled": number(item.canceled),
        "qty_invoiced": number(item.invoiced),
        "qty_ordered": number(item.ordered),
        "qty_shipped": number(item.shipped),
        "quote_item_id": item.quote_item_id,
        "row_weight": number(item.weight * item.ordered if item.parent is None else NONE),
        "sku": item.sku,
        "store_id": order.store_id,
        "updated_at": item.updated_at,
        "weight": number(item.weight),
        **amounts({"row_total_incl_tax": item.row_total}),
    }
    if item.parent is None:
        view |= {
            **amounts({"price_incl_tax": item.price, "discount_tax_compensation_amount": NONE}),
            "base_original_price": number(item.original_price),
        }
    else:
        view["parent_item_id"] = item.parent.item_id
        view["parent_item"] = item_view(order, item.parent, with_extensions=with_extensions)
    if item.chosen:
        view["product_option"] = {
            "extension_attributes": {
                "configurable_item_options": [
                    {"option_id": str(option), "option_value": value} for option, value in item.chosen
                ]
            }
        }
    if with_extensions:
        view["extension_attributes"] = {"itemized_taxes": []}
    return view


def comment_view(comment: Comment, parent_id: int) -> JsonObject:
    """An entry of a history."""
    view: JsonObject = {
        "comment": comment.text,
        "created_at": comment.created_at,
        "entity_id": comment.comment_id,
        "is_customer_notified": comment.is_notified,
        "is_visible_on_front": comment.is_visible,
        "parent_id": parent_id,
    }
    return view if comment.status is None else {**view, "status": comment.status}


def address_view(order: Order, kind: str) -> JsonObject:
    """The buyer's address, as billing or shipping address."""
    address_id = order.billing_address_id if kind == "billing" else order.shipping_address_id
    return {
        **order.address,
        "address_type": kind,
        "email": order.email,
        "entity_id": address_id,
        "parent_id": order.order_id,
    }


def payment_view(order: Order) -> JsonObject:
    """How it is paid."""
    return {name: number(value) if isinstance(value, Decimal) else value for name, value in order.payment.items()}


def order_view(order: Order) -> JsonObject:
    """The whole order."""
    due = order.grand_total - order.paid
    view: JsonObject = {
        **dict.fromkeys(_ORDER_ZEROS, 0),
        **dict.fromkeys(
            ("base_currency_code", "global_currency_code", "order_currency_code", "store_currency_code"), "USD"
        ),
        **amounts(
            {
                "grand_total": order.grand_total,
                "shipping_amount": order.shipping_amount,
                "shipping_incl_tax": order.shipping_amount,
                "subtotal": order.subtotal,
                "subtotal_incl_tax": order.subtotal,
                "total_due": due,
            }
        ),
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "billing_address_id": order.billing_address_id,
        "created_at": order.created_at,
        "customer_email": order.email,
        "customer_firstname": order.address.get("firstname"),
        "customer_is_guest": 1,
        "customer_lastname": order.address.get("lastname"),
        "customer_note_notify": 1,
        "email_sent": 1,
        "entity_id": order.order_id,
        "increment_id": order.increment_id,
        "protect_code": f"{order.order_id:032x}",
        "quote_id": order.quote_id,
        "remote_ip": "192.0.2.10",
        "shipping_description": "Flat Rate - Fixed",
        "state": order.state,
        "status": order.status,
        "store_id": order.store_id,
        "store_name": _STORE_NAME,
        "total_item_count": sum(item.parent is None for item in order.items),
        "total_qty_ordered": number(_bought(order)),
        "updated_at": order.updated_at,
        "weight": number(sum((i.weight * i.ordered for i in order.items if i.parent is None), NONE)),
        **order.facts,
        "items": [item_view(order, item, with_extensions=True) for item in order.items],
        "billing_address": address_view(order, "billing"),
        "payment": payment_view(order),
        "status_histories": [comment_view(entry, order.order_id) for entry in reversed(order.history)],
    }
    if order.paid:
        view |= amounts({"total_paid": order.paid})
    view["extension_attributes"] = _extensions(order)
    return view


def _bought(order: Order) -> Decimal:
    return sum((item.ordered for item in order.items if item.parent is None), NONE)


def _extensions(order: Order) -> JsonObject:
    zeros = ("discount_amount", "discount_tax_compensation_amount", "tax_amount")
    total: JsonObject = {f"shipping_{name}": 0 for name in zeros} | {
        "base_shipping_discount_amount": 0,
        "base_shipping_discount_tax_compensation_amnt": 0,
        "base_shipping_tax_amount": 0,
        **amounts({"shipping_amount": order.shipping_amount, "shipping_incl_tax": order.shipping_amount}),
    }
    return {
        "shipping_assignments": [
            {
                "shipping": {
                    "address": address_view(order, "shipping"),
                    "method": "flatrate_flatrate",
                    "total": total,
                },
                "items": [item_view(order, item, with_extensions=True) for item in order.items],
            }
        ],
        "payment_additional_info": [{"key": "method_title", "value": "Check / Money order"}],
        "applied_taxes": [],
        "item_applied_taxes": [],
        "converting_from_quote": False,
        "taxes": [],
        "additional_itemized_taxes": [],
    }


def saved_view(order: Order, given: JsonObject) -> JsonObject:
    """The answer to `POST orders`: of the order's own members only what was sent, the rest null or left out."""
    view: JsonObject = {
        "base_grand_total": None,
        "base_total_due": 0,
        "billing_address_id": order.billing_address_id,
        "created_at": order.created_at,
        "customer_email": None,
        "entity_id": order.order_id,
        "grand_total": None,
        "total_due": 0,
        "updated_at": order.updated_at,
        "items": [item_view(order, item, with_extensions=False) for item in order.items],
        "billing_address": address_view(order, "billing"),
        "payment": payment_view(order),
        "status_histories": [comment_view(entry, order.order_id) for entry in reversed(order.history)],
    }
    return view | {
        name: value for name, value in given.items() if not isinstance(value, dict | list) and value is not None
    }
