"""The calls about configurable products."""

from decimal import Decimal

from daemon.sandbox.magento.attributes import IMAGE_CODES
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.configurables import check_parts, options_view, refuse_broken, save_option
from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.errors import Refusal, no_such_product
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_parts import ConfigurableOption
from daemon.sandbox.magento.product_view import price_of
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.values import JsonObject, integer, mapping, rows, text

_NO_OPTION = "The option that was requested doesn't exist. Verify the entity and try again."


def existing_parent(call: Call) -> Product:
    """
    The product of the path, whole.

    Raises:
        Refusal: 404 if it is absent, 500 if an unknown attribute among its options broke it.
    """
    product = call.shop.catalogue.get(call.path["sku"])
    if product is None:
        raise no_such_product()
    refuse_broken(call.shop, product)
    return product


def add_option(call: Call) -> str:
    """`POST configurable-products/:sku/options`; the attribute is not looked up, which can break the product."""
    product = existing_parent(call)
    given = mapping(call.body, "option") or {}
    if not rows(given, "values"):
        raise Refusal("Option values are not specified.")
    option = save_option(call.shop, product, given)
    _saved(call.shop, product)
    return str(option.option_id)


def _saved(shop: Shop, product: Product) -> None:
    for code in IMAGE_CODES:
        if code != "swatch_image" and product.value(code, ALL_STORES) is None:
            product.set_value(code, ALL_STORES, "no_selection")
    product.updated_at = shop.timestamp()


def list_options(call: Call) -> list[JsonObject]:
    """`GET configurable-products/:sku/options/all`."""
    return options_view(call.shop, existing_parent(call))


def _option(call: Call, product: Product) -> ConfigurableOption:
    wanted = call.number("id")
    option = next((each for each in product.options if each.option_id == wanted), None)
    if option is None:
        raise Refusal(_NO_OPTION, status=404)
    return option


def update_option(call: Call) -> int:
    """`PUT configurable-products/:sku/options/:id`."""
    product = existing_parent(call)
    option = _option(call, product)
    given = mapping(call.body, "option") or {}
    option.label = text(given, "label") or option.label
    position = integer(given, "position")
    option.position = option.position if position is None else position
    return option.option_id


def delete_option(call: Call) -> bool:
    """`DELETE configurable-products/:sku/options/:id`; the parts go with it."""
    product = existing_parent(call)
    product.options.remove(_option(call, product))
    product.children.clear()
    _saved(call.shop, product)
    return True


def add_child(call: Call) -> bool:
    """`POST configurable-products/:sku/child`."""
    product = existing_parent(call)
    child = call.shop.catalogue.get(text(call.body, "childSku") or "")
    if child is None:
        raise no_such_product()
    if not product.options:
        raise Refusal("The parent product doesn't have configurable product options.")
    if child.entity_id in product.children:
        raise Refusal("The product is already attached.")
    check_parts(call.shop, product, [*product.children, child.entity_id], newest_first=True)
    product.children.append(child.entity_id)
    _saved(call.shop, product)
    return True


def list_children(call: Call) -> list[JsonObject]:
    """`GET configurable-products/:sku/children`; only a few members of each."""
    product = existing_parent(call)
    shown: list[JsonObject] = []
    for child_id in product.children:
        part = call.shop.catalogue.by_id(child_id)
        if part is not None:
            price = price_of(call.shop, part, call.store_id)
            shown.append({"sku": part.sku, "price": json_number(price or Decimal(0))})
    return shown


def remove_child(call: Call) -> bool:
    """`DELETE configurable-products/:sku/children/:childSku`."""
    product = existing_parent(call)
    child = call.shop.catalogue.get(call.path["childSku"])
    if child is None or child.entity_id not in product.children:
        raise Refusal(_NO_OPTION, status=404)
    product.children.remove(child.entity_id)
    _saved(call.shop, product)
    return True
