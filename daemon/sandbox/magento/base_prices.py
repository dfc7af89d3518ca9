"""The base price calls: good rows are saved, bad rows are told about, and the answer is 200 either way."""

from decimal import Decimal

from daemon.sandbox.magento import decimals
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES, STORE_IDS, stores_of_website
from daemon.sandbox.magento.values import JsonObject, integer, number, rows, text, texts

_INVALID = "Invalid attribute %fieldName = %fieldValue."


def update_base_prices(call: Call) -> list[JsonObject]:
    """`POST products/base-prices`; a SKU sent twice keeps its last price."""
    problems: list[JsonObject] = []
    good: list[tuple[Product, int, Decimal]] = []
    for position, row in enumerate(rows(call.body, "prices")):
        sku, store, price = text(row, "sku"), integer(row, "store_id"), number(row, "price")
        product = None if sku is None else call.shop.catalogue.get(sku)
        vetoed = call.shop.veto.price_row(position, sku)
        faults = _faults(sku, product, store, price) if vetoed is None else [vetoed]
        if faults:
            problems.extend(faults)
        elif product is not None and store is not None and price is not None:
            good.append((product, store, price))
    for product, store, price in good:
        set_base_price(call.shop, product, store, price)
    return problems


def _faults(sku: str | None, product: Product | None, store: int | None, price: Decimal | None) -> list[JsonObject]:
    faults: list[JsonObject] = []
    if product is None or not product.has_own_price:
        faults.append(refused_row("SKU", sku))
    if price is None or price < 0:
        faults.append(refused_row("Price", None if price is None else decimals.text(price)))
    if store is None or store not in STORE_IDS:
        shown = None if store is None else str(store)
        faults.append(
            {
                "message": f"Requested store is not found. Row ID: SKU = {sku or ''}, Store ID: {shown or ''}.",
                "parameters": [sku, shown],
            }
        )
    return faults


def refused_row(field: str, value: str | None) -> JsonObject:
    """The problem entry of a row: it names a field and its value, never the row."""
    return {"message": _INVALID, "parameters": [field, value]}


def set_base_price(shop: Shop, product: Product, store: int, price: Decimal) -> None:
    """Store a price; `updated_at` does not move. Global scope forces store 0, website scope fills the whole website."""
    stored = decimals.as_price(price)
    if store == ALL_STORES or shop.configuration.price_scope == "global":
        product.values.setdefault("price", {})[ALL_STORES] = stored
    else:
        for view in stores_of_website(store):
            product.values.setdefault("price", {})[view] = stored


def base_price_information(call: Call) -> list[JsonObject]:
    """`POST products/base-prices-information`: a row per SKU and store view that has a price of its own."""
    return [
        {"price": decimals.number(price), "store_id": store, "sku": product.sku}
        for product in call.shop.products_of(texts(call.body, "skus"))
        if product.has_own_price
        for store, price in sorted(product.values.get("price", {}).items())
        if isinstance(price, Decimal)
    ]
