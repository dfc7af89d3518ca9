"""The calls about orders: reading, comments, cancelling, holding, and saving directly."""

import re

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, internal_error
from daemon.sandbox.magento.order_saving import create_directly
from daemon.sandbox.magento.order_view import comment_view, item_view, order_view, saved_view
from daemon.sandbox.magento.orders import CLOSED_STATES, NONE, Comment, Order
from daemon.sandbox.magento.search import Filter, SearchCriteria, find, result
from daemon.sandbox.magento.values import JsonObject, integer, mapping, text

_ABSENT = "The entity that was requested doesn't exist. Verify the entity and try again."
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?")
_FIELDS = frozenset(
    {
        "entity_id",
        "increment_id",
        "state",
        "status",
        "store_id",
        "customer_email",
        "created_at",
        "updated_at",
        "ext_order_id",
        "grand_total",
        "customer_id",
    }
)


def existing_order(call: Call, variable: str) -> Order:
    """
    The order of the path.

    Raises:
        Refusal: 404; 400 if the id is no number.
    """
    order = call.shop.sales.orders.get(call.number(variable))
    if order is None:
        raise Refusal(_ABSENT, status=404)
    return order


def get_order(call: Call) -> JsonObject:
    """`GET orders/:id`."""
    return order_view(existing_order(call, "id"))


def search_orders(call: Call) -> JsonObject:
    """`GET orders?searchCriteria…`; a date that is none counts as the beginning of time."""
    criteria = call.criteria()
    if not criteria.fields <= _FIELDS:
        raise internal_error()
    orders = call.shop.sales.orders.values()
    found, total = find(orders, dated(criteria), _field)
    return result([order_view(order) for order in found], criteria, total)


def dated(criteria: SearchCriteria) -> SearchCriteria:
    """The criteria with the values of date fields in the database's own form; zones are ignored."""
    groups = tuple(tuple(_dated(entry) for entry in group) for group in criteria.groups)
    return SearchCriteria(
        groups=groups, orders=criteria.orders, page_size=criteria.page_size, current_page=criteria.current_page
    )


def _dated(entry: Filter) -> Filter:
    if entry.field not in ("created_at", "updated_at"):
        return entry
    read = _DATE.match(entry.value)
    value = f"{read[1]} {read[2] or '00:00:00'}" if read else ""
    return Filter(field=entry.field, value=value, condition=entry.condition)


def _field(order: Order, field: str) -> object:
    match field:
        case "entity_id":
            return order.order_id
        case "customer_email":
            return order.email
        case "ext_order_id" | "customer_id":
            return order.facts.get(field)
        case _:
            return getattr(order, field)


def list_items(call: Call) -> JsonObject:
    """`GET orders/items?searchCriteria…`."""
    criteria = call.criteria()
    views = [
        item_view(order, item, with_extensions=True)
        for order in call.shop.sales.orders.values()
        for item in order.items
    ]
    found, total = find(views, criteria, lambda view, field: view.get(field))
    return result(found, criteria, total)


def status_of(call: Call) -> str:
    """`GET orders/:id/statuses`: this order's status, as a text."""
    return existing_order(call, "id").status


def list_comments(call: Call) -> JsonObject:
    """`GET orders/:id/comments`."""
    order = existing_order(call, "id")
    asked: JsonObject = {"field": "parent_id", "value": str(order.order_id), "condition_type": "eq"}
    return {
        "items": [comment_view(entry, order.order_id) for entry in order.history],
        "search_criteria": {"filter_groups": [{"filters": [asked]}]},
        "total_count": len(order.history),
    }


def add_comment(call: Call) -> bool:
    """`POST orders/:id/comments`: it can neither change the status nor move `updated_at`."""
    order = existing_order(call, "id")
    given = mapping(call.body, "statusHistory") or {}
    status = text(given, "status")
    if status not in (None, order.status):
        raise Refusal(
            'Unable to add comment: The status "%1" is not part of the order\n                 status history.',
            parameters=[status],
        )
    order.history.append(
        Comment(
            comment_id=call.shop.sales.next("history"),
            text=text(given, "comment") or None,
            created_at=call.shop.timestamp(),
            is_notified=integer(given, "is_customer_notified"),
            is_visible=integer(given, "is_visible_on_front") or 0,
            status=order.status,
        )
    )
    return True


def cancel_order(call: Call) -> bool:
    """`POST orders/:id/cancel`: false, with 200, if it cannot be; of an order half done only the open rest."""
    order = existing_order(call, "id")
    if order.state in (*CLOSED_STATES, "holded", "payment_review") or order.is_invoiced():
        return False
    for item in order.items:
        settled = item.shipped if item.parent is None else (item.parent.shipped if item.parent else NONE)
        item.canceled = max(item.ordered - max(item.invoiced, settled), NONE)
    begun = any(item.shipped or item.invoiced for item in order.items)
    order.state = order.status = "complete" if begun else "canceled"
    order.updated_at = call.shop.timestamp()
    return True


def hold_order(call: Call) -> bool:
    """`POST orders/:id/hold`."""
    order = existing_order(call, "id")
    if order.state in (*CLOSED_STATES, "holded", "payment_review"):
        raise Refusal("A hold action is not available.")
    order.before_hold = order.state, order.status
    order.state = order.status = "holded"
    order.updated_at = call.shop.timestamp()
    return True


def unhold_order(call: Call) -> bool:
    """`POST orders/:id/unhold`."""
    order = existing_order(call, "id")
    if order.before_hold is None or order.state != "holded":
        raise Refusal("You cannot remove the hold.")
    order.state, order.status = order.before_hold
    order.before_hold = None
    order.updated_at = call.shop.timestamp()
    return True


def save_order(call: Call) -> JsonObject:
    """`POST orders`: lays what is sent over a stored order, unchecked, or stores a new one as it is."""
    given = mapping(call.body, "entity") or {}
    order = call.shop.sales.orders.get(integer(given, "entity_id") or 0)
    if order is None:
        if mapping(given, "payment") is None:
            raise Refusal("Please provide payment for the order.")
        return create_directly(call.shop, given)
    order.state = text(given, "state") or order.state
    order.status = text(given, "status") or order.status
    skipped = ("entity_id", "increment_id", "state", "status", "items", "payment", "billing_address")
    order.facts |= {
        name: value
        for name, value in given.items()
        if name not in skipped and value is not None and not isinstance(value, dict | list)
    }
    order.updated_at = call.shop.timestamp()
    return saved_view(order, given)
