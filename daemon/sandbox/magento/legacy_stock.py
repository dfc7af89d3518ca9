"""The legacy stock item: one quantity per product, kept in step with the default source."""

from decimal import Decimal

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.decimals import as_quantity
from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.inventory import DEFAULT_SOURCE
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_view import stock_view
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject, flag, mapping, number

_NOTIFY_BELOW = Decimal(1)


def apply_stock_item(shop: Shop, product: Product, given: JsonObject) -> None:
    """Lay the given fields over the stored item, and carry the result to the default source."""
    stock = product.stock
    quantity = number(given, "qty")
    in_stock = flag(given, "is_in_stock")
    if quantity is not None:
        stock.quantity = as_quantity(quantity)
    if in_stock is not None:
        stock.is_in_stock = in_stock
        stock.changed_auto = False
    if product.carries_stock:
        if stock.is_in_stock and (stock.quantity or 0) <= 0:
            stock.is_in_stock = False
            stock.changed_auto = True
        elif not stock.is_in_stock and stock.changed_auto and (stock.quantity or 0) > 0:
            stock.is_in_stock = True  # it went out of stock by itself, so it comes back by itself
            stock.changed_auto = False
        set_low_stock_date(shop, product)
        shop.inventory.store(
            sku=product.sku,
            source_code=DEFAULT_SOURCE,
            quantity=stock.quantity or Decimal(0),
            status=int(stock.is_in_stock),
        )


def set_low_stock_date(shop: Shop, product: Product) -> None:
    """Note since when the quantity is below the level that asks for attention."""
    if not product.carries_stock:
        return
    if (product.stock.quantity or 0) >= _NOTIFY_BELOW:
        product.stock.low_stock_date = None
    elif product.stock.low_stock_date is None:
        product.stock.low_stock_date = shop.timestamp()


def _existing(shop: Shop, sku: str) -> Product:
    product = shop.catalogue.get(sku)
    if product is None:
        raise Refusal('The Product with the "%1" SKU doesn\'t exist.', status=404, parameters=[sku])
    return product


def put_stock_item(call: Call) -> int:
    """`PUT products/:productSku/stockItems/:itemId`; the SKU decides, the item id of the path does not."""
    product = _existing(call.shop, call.path["productSku"])
    apply_stock_item(call.shop, product, mapping(call.body, "stockItem") or {})
    return product.stock.item_id


def get_stock_item(call: Call) -> JsonObject:
    """`GET stockItems/:productSku`."""
    return stock_view(_existing(call.shop, call.path["productSku"]))


def get_stock_status(call: Call) -> JsonObject:
    """`GET stockStatuses/:productSku`; the two ids are null in a shop with several sources."""
    product = _existing(call.shop, call.path["productSku"])
    return {
        "product_id": None,
        "stock_id": None,
        "qty": json_number(product.stock.quantity or Decimal(0)),
        "stock_status": int(product.stock.is_in_stock),
    }
