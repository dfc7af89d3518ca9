"""How a product looks in an answer."""

from decimal import Decimal

from daemon.sandbox.magento.attributes import in_set
from daemon.sandbox.magento.configurables import options_view
from daemon.sandbox.magento.decimals import number, six_places
from daemon.sandbox.magento.gallery import entry_view
from daemon.sandbox.magento.product import KNOWN_TYPES, Product, StockItem, TierPrice
from daemon.sandbox.magento.product_links import links_view
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.values import JsonObject

_STOCK_DEFAULTS: JsonObject = {
    "is_qty_decimal": False,
    "show_default_notification_message": False,
    "use_config_min_qty": True,
    "min_qty": 0,
    "use_config_min_sale_qty": 1,
    "min_sale_qty": 1,
    "use_config_max_sale_qty": True,
    "max_sale_qty": 10000,
    "use_config_backorders": True,
    "backorders": 0,
    "use_config_notify_stock_qty": True,
    "notify_stock_qty": 1,
    "use_config_qty_increments": True,
    "qty_increments": 0,
    "use_config_enable_qty_inc": True,
    "enable_qty_increments": False,
    "use_config_manage_stock": True,
    "manage_stock": True,
}


def price_of(shop: Shop, product: Product, store_id: int) -> Decimal | None:
    """The base price a store view sees; with global price scope the global one, whatever is stored for views."""
    scope = store_id if shop.configuration.price_scope == "website" else ALL_STORES
    price = product.value("price", scope)
    return price if isinstance(price, Decimal) else None


def stock_view(product: Product) -> JsonObject:
    """The legacy stock item."""
    stock: StockItem = product.stock
    return {
        "item_id": stock.item_id,
        "product_id": product.entity_id,
        "stock_id": 1,
        "qty": None if stock.quantity is None else number(stock.quantity),
        "is_in_stock": stock.is_in_stock,
        **_STOCK_DEFAULTS,
        "low_stock_date": stock.low_stock_date,
        "is_decimal_divided": False,
        "stock_status_changed_auto": int(stock.changed_auto),
    }


def tier_view(tier: TierPrice) -> JsonObject:
    """One tier price of a product."""
    view: JsonObject = {
        "customer_group_id": tier.group_id,
        "qty": number(tier.quantity),
        "value": 0 if tier.is_discount else number(tier.price),
        "extension_attributes": {"website_id": tier.website_id},
    }
    if tier.is_discount:
        view["extension_attributes"] = {"percentage_value": number(tier.price), "website_id": tier.website_id}
    return view


def product_view(
    shop: Shop, product: Product, store_id: int, *, with_links: bool, with_stock: bool = True
) -> JsonObject:
    """
    The product as a store view sees it.

    Args:
        shop: decides whose price counts.
        product: what to show.
        store_id: the store view; 0 for the global values.
        with_links: show `product_links` and `tier_prices`; the answer to a product just created leaves them out.
        with_stock: show the stock item; searches leave it out.
    """
    view: JsonObject = {
        "id": product.entity_id,
        "sku": product.sku,
        "name": product.value("name", store_id),
        "attribute_set_id": product.attribute_set_id,
    }
    price = price_of(shop, product, store_id)
    if product.type_id == "configurable":
        view["price"] = 0
    elif price is not None:
        view["price"] = number(price)
    view["status"] = product.value("status", store_id)
    view["visibility"] = product.value("visibility", store_id)
    view["type_id"] = product.type_id
    view["created_at"] = product.created_at
    view["updated_at"] = product.updated_at
    weight = product.value("weight", store_id)
    if isinstance(weight, Decimal):
        view["weight"] = number(weight)
    view["extension_attributes"] = _extensions(shop, product, with_stock=with_stock)
    if with_links:
        view["product_links"] = links_view(shop, product)
    view["options"] = []
    view["media_gallery_entries"] = [entry_view(entry, with_content=False) for entry in product.gallery]
    if with_links:
        view["tier_prices"] = [tier_view(tier) for tier in product.tier_prices]
    view["custom_attributes"] = _custom_attributes(shop, product, store_id)
    return view


def _extensions(shop: Shop, product: Product, *, with_stock: bool) -> JsonObject:
    extensions: JsonObject = {"website_ids": sorted(product.website_ids)}
    if product.category_links:
        extensions["category_links"] = [
            {"position": position, "category_id": str(category)}
            for category, position in sorted(product.category_links.items())
        ]
    if with_stock:
        extensions["stock_item"] = stock_view(product)
    if product.type_id == "configurable":
        extensions["configurable_product_options"] = options_view(shop, product, is_strict=with_stock)
        extensions["configurable_product_links"] = list(product.children)
    return extensions


def _custom_attributes(shop: Shop, product: Product, store_id: int) -> list[JsonObject]:
    placed: list[tuple[tuple[int, int], str, object]] = []
    for code in product.values:
        attribute = shop.attributes.get(code)
        if attribute is None or attribute.position is None or not in_set(attribute, product.attribute_set_id):
            continue
        value = product.value(code, store_id)
        if value is not None:
            shown = six_places(value) if isinstance(value, Decimal) else value
            placed.append((shop.attributes.rank(attribute), code, shown))
    placed.append(
        ((_CATEGORY_POSITION, 0), "category_ids", [str(category) for category in sorted(product.category_links)])
    )
    placed.sort(key=lambda entry: entry[:2])
    return [{"attribute_code": code, "value": value} for _, code, value in placed]


_CATEGORY_POSITION = 43


def has_price_attributes(type_id: str) -> bool:
    """Whether the type is one the shop knows; an unknown one is stored without price, weight and tax class."""
    return type_id in KNOWN_TYPES
