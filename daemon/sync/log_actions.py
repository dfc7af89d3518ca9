"""The operators' words for what a request did: the Enabled Connector actions (R66, B29)."""

import re
from collections.abc import Mapping
from typing import Final

from queues.definition import QueueDefinition
from queues.ports import FinishedRequest

_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("to_magento", "product"): "product",
    ("to_magento", "product_status"): "product",
    ("to_magento", "product_dependencies"): "product",
    ("to_magento", "product_image"): "product",
    ("to_magento", "attribute"): "product",
    ("to_magento", "attribute_set"): "product",
    ("to_magento", "category"): "category",
    ("to_magento", "pricing"): "price",
    ("to_magento", "inventory"): "inventory",
    ("to_magento", "customer"): "customer",
    ("to_magento", "order"): "order",
    ("to_magento", "order_status"): "order",
    ("to_magento", "shipment"): "shipment",
    ("to_acumatica", "customer"): "acumatica_customer",
    ("to_acumatica", "order"): "acumatica_order",
}
_ONLY_CREATED: Final = frozenset({"order", "shipment", "acumatica_order"})
_ALWAYS_UPDATED: Final = frozenset({"price", "inventory"})
_SALES_PRICES: Final = re.compile(r"/products/(special-price|tier-prices)")
_COLLECTION: Final = re.compile(r"POST \S*/V1/(products|categories|customers)")
_SETTLED_BEFORE: Final = frozenset({"skipped", "superseded", "coalesced"})


def action_of(definition: QueueDefinition, request: FinishedRequest) -> str:
    """
    Name the action of *request*; empty for what the list of actions has no word for.

    A message that went no further than its queue (kept back, or a newer one took its place) is an action of the
    *publisher*: it says what came in, not what was sent.
    """
    word = _WORDS.get((definition.direction, definition.entity))
    if word is None:
        return ""
    sent = "" if request.exchange is None else request.exchange.request
    if not sent and {outcome.state for outcome in request.outcomes} <= _SETTLED_BEFORE:
        return "acumatica_order_create" if word == "acumatica_order" else f"{word}_publisher"
    if word == "price" and _SALES_PRICES.search(sent):
        return "sales_price_update"
    if word == "customer" and sent.startswith("DELETE "):
        return "customer_delete"
    is_new = word in _ONLY_CREATED or (word not in _ALWAYS_UPDATED and _COLLECTION.fullmatch(sent))
    return f"{word}_create" if is_new else f"{word}_update"
