"""The special price calls, row by row as base prices."""

import re
from decimal import Decimal

from daemon.sandbox.magento import decimals
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import NO_SUCH_PRODUCT
from daemon.sandbox.magento.product import TIER_TYPES, Product
from daemon.sandbox.magento.stores import ALL_STORES, STORE_IDS
from daemon.sandbox.magento.values import JsonObject, integer, number, rows, text, texts

_DATE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_CODES = ("special_price", "special_from_date", "special_to_date")


def update_special_prices(call: Call) -> list[JsonObject]:
    """`POST products/special-price`; dates left out keep what is stored."""
    problems: list[JsonObject] = []
    for row in rows(call.body, "prices"):
        product, faults = _checked(call, row)
        problems.extend(faults)
        price, store = number(row, "price"), integer(row, "store_id")
        if not faults and product is not None and price is not None and store is not None:
            product.values.setdefault("special_price", {})[store] = decimals.as_price(price)
            for code, name in (("special_from_date", "price_from"), ("special_to_date", "price_to")):
                if text(row, name) is not None:
                    product.values.setdefault(code, {})[store] = text(row, name)
    return problems


def delete_special_prices(call: Call) -> list[JsonObject]:
    """`POST products/special-price-delete`; the price sent is not compared, and nothing to delete is no fault."""
    problems: list[JsonObject] = []
    for row in rows(call.body, "prices"):
        product, faults = _checked(call, row)
        problems.extend(faults)
        store = integer(row, "store_id")
        if not faults and product is not None and store is not None:
            for code in _CODES:
                product.values.get(code, {}).pop(store, None)
    return problems


def special_price_information(call: Call) -> list[JsonObject]:
    """`POST products/special-price-information`."""
    return [
        {
            "price": decimals.number(price),
            "store_id": store,
            "sku": product.sku,
            "price_from": product.values.get("special_from_date", {}).get(store),
            "price_to": product.values.get("special_to_date", {}).get(store),
        }
        for product in call.shop.products_of(texts(call.body, "skus"))
        if product.type_id in TIER_TYPES
        for store, price in sorted(product.values.get("special_price", {}).items())
        if isinstance(price, Decimal)
    ]


def _checked(call: Call, row: JsonObject) -> tuple[Product | None, list[JsonObject]]:
    sku, store, price = text(row, "sku"), integer(row, "store_id"), number(row, "price")
    begin, end = text(row, "price_from"), text(row, "price_to")
    shown_store = None if store is None else str(store)
    row_values: list[object] = [sku, shown_store, begin, end]
    row_id = (
        f"Row ID: SKU = {sku or ''}, Store ID: {shown_store or ''}, Price From: {begin or ''}, Price To: {end or ''}."
    )
    faults: list[JsonObject] = []

    def fault(message: str, *before: object) -> None:
        faults.append({"message": f"{message} {row_id}", "parameters": [*before, *row_values]})

    product = None if sku is None else call.shop.catalogue.get(sku)
    if product is None or product.type_id not in TIER_TYPES:
        fault(NO_SUCH_PRODUCT)
    if price is None or price < 0:
        shown = None if price is None else decimals.text(price)
        fault(f"Invalid attribute Price = {shown or ''}.", shown)
    for label, date in (("Price From", begin), ("Price To", end)):
        if date is not None and not _DATE.fullmatch(date):
            fault(f"Invalid attribute {label} = {end or ''}.", label)  # the shop shows the end date for both
    if store not in (None, ALL_STORES) and call.shop.configuration.price_scope == "global":
        fault("Could not change non global Price when price scope is global.")
    if store is None or store not in STORE_IDS:
        fault("Requested store is not found.")
    return product, faults
