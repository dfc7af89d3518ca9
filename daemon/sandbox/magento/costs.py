"""The cost calls, row by row as base prices."""

from decimal import Decimal

from daemon.sandbox.magento import decimals
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import NO_SUCH_PRODUCT
from daemon.sandbox.magento.product import SIMPLE_PRICE_TYPES
from daemon.sandbox.magento.stores import STORE_IDS
from daemon.sandbox.magento.values import JsonObject, integer, number, rows, text, texts


def update_costs(call: Call) -> list[JsonObject]:
    """`POST products/cost`."""
    problems: list[JsonObject] = []
    for row in rows(call.body, "prices"):
        sku, store, cost = text(row, "sku"), integer(row, "store_id"), number(row, "cost")
        shown_store = None if store is None else str(store)
        row_id = f"Row ID: SKU = {sku or ''}, Store ID: {shown_store or ''}."
        faults: list[JsonObject] = []
        product = None if sku is None else call.shop.catalogue.get(sku)
        if product is None or product.type_id not in SIMPLE_PRICE_TYPES:
            faults.append({"message": f"{NO_SUCH_PRODUCT} {row_id}", "parameters": [sku, shown_store]})
        if cost is None or cost < 0:
            shown = None if cost is None else decimals.text(cost)
            faults.append(
                {
                    "message": f"Invalid attribute Cost = {shown or ''}. {row_id}",
                    "parameters": [shown, sku, shown_store],
                }
            )
        if store is None or store not in STORE_IDS:
            faults.append({"message": f"Requested store is not found. {row_id}", "parameters": [sku, shown_store]})
        problems.extend(faults)
        if not faults and product is not None and store is not None and cost is not None:
            product.values.setdefault("cost", {})[store] = decimals.as_price(cost)
    return problems


def delete_costs(call: Call) -> bool:
    """`POST products/cost-delete`."""
    for product in call.shop.products_of(texts(call.body, "skus")):
        product.values.pop("cost", None)
    return True


def cost_information(call: Call) -> list[JsonObject]:
    """`POST products/cost-information`."""
    return [
        {"cost": decimals.number(cost), "store_id": store, "sku": product.sku}
        for product in call.shop.products_of(texts(call.body, "skus"))
        for store, cost in sorted(product.values.get("cost", {}).items())
        if isinstance(cost, Decimal)
    ]
