"""The product calls: read, search, save, delete, and assignment to websites."""

from decimal import Decimal

from daemon.sandbox.magento.attributes import IMAGE_CODES
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.configurables import refuse_broken
from daemon.sandbox.magento.decimals import number
from daemon.sandbox.magento.errors import PhpFault, Refusal, no_such_product
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_saving import save_product
from daemon.sandbox.magento.product_view import price_of, product_view, tier_view
from daemon.sandbox.magento.search import find, result, wanted_texts
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES, STORE_IDS, WEBSITE_IDS
from daemon.sandbox.magento.values import JsonObject, integer, mapping, text


def existing(shop: Shop, sku: str) -> Product:
    """
    The product of a SKU.

    Raises:
        Refusal: 404.
    """
    product = shop.catalogue.get(sku)
    if product is None:
        raise no_such_product()
    return product


def get_product(call: Call) -> JsonObject:
    """`GET products/:sku`."""
    product = existing(call.shop, call.path["sku"])
    refuse_broken(call.shop, product)
    asked = next((value for name, value in call.query if name in ("storeId", "store_id")), "")
    store_id = int(asked) if asked.isascii() and asked.isdigit() and int(asked) in STORE_IDS else call.store_id
    return product_view(call.shop, product, store_id, with_links=True)


def search_products(call: Call) -> JsonObject:
    """`GET products?searchCriteria…`."""
    criteria = call.criteria()
    for field in criteria.fields:
        if not call.shop.attributes.is_searchable(field):
            raise Refusal('The "%1" attribute name is invalid. Reset the name and try again.', parameters=[field])
    skus = wanted_texts(criteria, "sku")
    rows = call.shop.catalogue.by_age() if skus is None else call.shop.products_of(skus)
    found, total = find(rows, criteria, lambda product, field: _field(call, product, field))
    items = [product_view(call.shop, product, call.store_id, with_links=True, with_stock=False) for product in found]
    return result(items, criteria, total)


def _field(call: Call, product: Product, field: str) -> object:
    match field:
        case "entity_id" | "sku" | "type_id" | "attribute_set_id" | "created_at" | "updated_at":
            return getattr(product, field)
        case "price":
            return price_of(call.shop, product, call.store_id)
        case _:
            return product.value(field, call.store_id)


def save_product_call(call: Call) -> JsonObject:
    """`POST products` and `PUT products/:sku`, which create as well as change."""
    given = dict(mapping(call.body, "product") or {})
    path_sku = call.path.get("sku")
    if path_sku is not None and call.sent_keys == 1:
        given["sku"] = path_sku  # with a second top-level key the path's SKU goes to the top level and is lost
    sku = text(given, "sku")
    if sku is None:
        raise PhpFault
    refusal = call.shop.veto.record(sku)
    if refusal is not None:
        raise refusal
    known = call.shop.catalogue.get(sku)
    if known is not None:
        refuse_broken(call.shop, known)
    product = save_product(call.shop, given, call.store_id)
    # The saved product is answered from the request's own object, which lacks these two, unless it was loaded anew.
    loaded = (path_sku is not None and known is not None) or product.sku != sku or call.is_async
    return product_view(call.shop, product, call.store_id, with_links=loaded)


def delete_product(call: Call) -> bool:
    """`DELETE products/:sku`."""
    product = existing(call.shop, call.path["sku"])
    refuse_broken(call.shop, product)
    call.shop.catalogue.remove(product)
    call.shop.inventory.forget(product.sku)
    return True


def assign_website(call: Call) -> bool:
    """`POST|PUT products/:sku/websites`."""
    link = mapping(call.body, "productWebsiteLink") or {}
    product = existing(call.shop, text(link, "sku") or call.path["sku"])
    website = integer(link, "website_id")
    if website not in WEBSITE_IDS:
        raise Refusal('Could not assign product "%1" to websites "%2"', parameters=[product.sku, website])
    product.website_ids = sorted({*product.website_ids, website})
    _saved_without_repository(call.shop, product)
    return True


def unassign_website(call: Call) -> bool:
    """`DELETE products/:sku/websites/:websiteId`."""
    product = existing(call.shop, call.path["sku"])
    website = call.path["websiteId"]
    if website not in {str(known) for known in product.website_ids}:
        raise Refusal('Could not save product "%1" with websites %2', parameters=[product.entity_id, website])
    product.website_ids = [known for known in product.website_ids if str(known) != website]
    _saved_without_repository(call.shop, product)
    return True


def _saved_without_repository(shop: Shop, product: Product) -> None:
    """Save the model directly, which leaves a mark on products without images."""
    for code in IMAGE_CODES:
        product.set_value(code, ALL_STORES, "no_selection")
    product.updated_at = shop.timestamp()


def tier_list(call: Call) -> list[JsonObject]:
    """`GET products/:sku/group-prices/:customerGroupId/tiers`."""
    product = existing(call.shop, call.path["sku"])
    group = call.path["customerGroupId"]
    return [
        {name: value for name, value in tier_view(tier).items() if name != "extension_attributes"}
        for tier in product.tier_prices
        if group == "all" or str(tier.group_id) == group
    ]


def summary(shop: Shop, product: Product) -> JsonObject:
    """What the sandbox's own pages tell of a product: prices by store view, stock by source."""
    prices = product.values.get("price", {})
    return {
        "sku": product.sku,
        "id": product.entity_id,
        "name": product.value("name", ALL_STORES),
        "type_id": product.type_id,
        "prices": {str(store): number(price) for store, price in sorted(prices.items()) if isinstance(price, Decimal)},
        "sources": {
            item.source_code: {"quantity": number(item.quantity), "status": item.status}
            for item in shop.inventory.items_of(product.sku)
        },
        "stock_item": {
            "qty": None if product.stock.quantity is None else number(product.stock.quantity),
            "is_in_stock": product.stock.is_in_stock,
        },
        "special_price": _decimal(product, "special_price"),
        "cost": _decimal(product, "cost"),
        "updated_at": product.updated_at,
    }


def _decimal(product: Product, code: str) -> object:
    value = product.value(code, ALL_STORES)
    return number(value) if isinstance(value, Decimal) else None
