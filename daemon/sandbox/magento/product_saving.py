"""Saving a product the way the product repository does, with its checks in their order."""

from decimal import Decimal

from daemon.sandbox.magento.attributes import Attribute, in_set
from daemon.sandbox.magento.conversion import invalid_value, to_float, to_int, to_string
from daemon.sandbox.magento.decimals import as_price
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.legacy_stock import apply_stock_item, set_low_stock_date
from daemon.sandbox.magento.part_saving import store_parts
from daemon.sandbox.magento.product import Product, StockItem
from daemon.sandbox.magento.product_view import has_price_attributes
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES, STORE_VIEWS, WEBSITE_IDS, stores_of_website
from daemon.sandbox.magento.text_values import slug
from daemon.sandbox.magento.values import JsonObject, integer, mapping, number, rows, text

_SKU_LENGTH = 64
_STOCK_FREE_DEFAULTS = {"options_container": "container2", "required_options": "0", "has_options": "0"}
_PRICED_DEFAULTS = {"msrp_display_actual_price_type": "0", "tax_class_id": "2"}


def save_product(shop: Shop, given: JsonObject, store_id: int) -> Product:
    """
    Create or change a product.

    Args:
        shop: where it goes.
        given: the converted product, with a SKU.
        store_id: where store-scoped values go; 0 for the global ones.

    Raises:
        Refusal: what the shop does not accept.
    """
    sku = (text(given, "sku") or "").strip()
    product = _found(shop, given, sku)
    custom = _custom_values(shop, given)
    attribute_set = integer(given, "attribute_set_id")
    if attribute_set is None and product is not None:
        attribute_set = product.attribute_set_id
    if attribute_set is None or attribute_set not in shop.attribute_sets:
        raise Refusal("Invalid product data: %1", parameters=["Invalid attribute set entity type"])
    if not sku:
        raise _empty("sku")
    _check_values(shop, given, custom, product, attribute_set, store_id)
    if len(sku) > _SKU_LENGTH:
        raise Refusal("SKU length should be 64 characters maximum.")
    extensions = mapping(given, "extension_attributes") or {}
    websites = extensions.get("website_ids")
    if isinstance(websites, list) and not WEBSITE_IDS.issuperset(websites):
        raise Refusal("The product was unable to be saved. Please try again.")
    url_key = text(custom, "url_key") or (None if product else slug(text(given, "name") or sku))
    if url_key is not None and shop.catalogue.has_url_key(url_key, beside=product):
        raise Refusal("URL key for specified store already exists.")
    created = product is None
    if product is None:
        product = _created(shop, given, sku, attribute_set, store_id)
        store_id = ALL_STORES  # the first values of a product are global, whatever the path says
    if url_key is not None:
        custom["url_key"] = url_key
    _store(shop, product, given, custom, sku, attribute_set, store_id)
    _store_extensions(shop, product, extensions, created=created)
    store_parts(shop, product, given, extensions)
    shop.catalogue.put(product)  # once more: it has its URL key now
    product.updated_at = product.created_at if created else shop.timestamp()
    return product


def _found(shop: Shop, given: JsonObject, sku: str) -> Product | None:
    product = shop.catalogue.get(sku)
    entity_id = integer(given, "id")
    if product is None and entity_id is not None:
        return shop.catalogue.by_id(entity_id)  # the one way to rename a product
    return product


def _custom_values(shop: Shop, given: JsonObject) -> JsonObject:
    """The custom attributes by code, converted to their types; unknown ones stay out."""
    values: JsonObject = {}
    for row in rows(given, "custom_attributes"):
        code = row.get("attribute_code")
        attribute = shop.attributes.get(code) if isinstance(code, str) else None
        if attribute is not None:
            values[attribute.code] = _converted(attribute, row.get("value"))
    return values


def _converted(attribute: Attribute, value: object) -> object:
    if value is None:
        return None
    converters = {"int": to_int, "decimal": to_float}
    try:
        converted = converters.get(attribute.kind, to_string)(value, attribute.code, None)
    except Refusal:
        expected = {"int": "int", "decimal": "float"}.get(attribute.kind, "string")
        raise Refusal(
            f'Error occurred during "custom_attributes" processing. Attribute "{attribute.code}" has invalid value. '
            f"{invalid_value(value, expected)} Verify and try again."
        ) from None
    if isinstance(converted, Decimal):
        return as_price(converted)
    return str(converted)


def _empty(label: str) -> Refusal:
    return Refusal(f'The "{label}" attribute value is empty. Set the attribute and try again.')


def _check_values(
    shop: Shop,
    given: JsonObject,
    custom: JsonObject,
    product: Product | None,
    attribute_set: int,
    store_id: int,
) -> None:
    price = number(given, "price")
    if "price" in given and price is None:
        raise _empty("Price")
    for attribute in shop.attributes.required_of(attribute_set):
        sent = {**given, **custom}
        value = sent.get(attribute.code)
        if attribute.code not in sent and product is not None:
            value = product.value(attribute.code, store_id)
        if value in (None, ""):
            raise _empty(attribute.label)
    if price is not None and price < 0:
        raise Refusal("Please enter a number 0 or greater in this field.")


def _created(shop: Shop, given: JsonObject, sku: str, attribute_set: int, store_id: int) -> Product:
    type_id = text(given, "type_id") or "simple"
    now = shop.timestamp()
    product = Product(
        entity_id=shop.catalogue.next_entity_id(),
        sku=sku,
        type_id=type_id,
        attribute_set_id=attribute_set,
        created_at=now,
        updated_at=now,
        stock=StockItem(item_id=shop.catalogue.next_item_id()),
    )
    if not product.carries_stock:
        product.stock.quantity = Decimal(0)
    product.website_ids = [next(store.website_id for store in STORE_VIEWS if store.id == store_id) or 1]
    defaults: JsonObject = {"status": 1, "visibility": 4, **_STOCK_FREE_DEFAULTS}
    if has_price_attributes(type_id):
        defaults |= _PRICED_DEFAULTS
    for code, value in defaults.items():
        product.set_value(code, ALL_STORES, value)
    return product


def _store(
    shop: Shop,
    product: Product,
    given: JsonObject,
    custom: JsonObject,
    sku: str,
    attribute_set: int,
    store_id: int,
) -> None:
    if product.sku != sku:
        if shop.catalogue.get(product.sku) is product:
            shop.catalogue.remove(product)
        product.sku = sku
    shop.catalogue.put(product)
    product.attribute_set_id = attribute_set
    product.type_id = text(given, "type_id") or product.type_id
    unpriced = not has_price_attributes(product.type_id)
    for code in ("name", "price", "status", "visibility", "weight"):
        value = given.get(code)
        if value is None or (unpriced and code in ("price", "weight")):
            continue
        if code == "price" and product.type_id == "configurable":
            continue  # accepted and forgotten
        _set_scoped(shop, product, code, as_price(value) if isinstance(value, Decimal) else value, store_id)
    for code, value in custom.items():
        attribute = shop.attributes.get(code)
        if attribute is not None and in_set(attribute, attribute_set):
            _set_scoped(shop, product, code, value, store_id)


def _set_scoped(shop: Shop, product: Product, code: str, value: object, store_id: int) -> None:
    attribute = shop.attributes.get(code)
    scope = "global" if attribute is None else attribute.scope
    if code == "price":
        scope = shop.configuration.price_scope
    if store_id == ALL_STORES or scope == "global":
        product.set_value(code, ALL_STORES, value)
    elif scope == "website":
        for store in stores_of_website(store_id):
            product.set_value(code, store, value)
    else:
        product.set_value(code, store_id, value)


def _store_extensions(shop: Shop, product: Product, extensions: JsonObject, *, created: bool) -> None:
    websites = extensions.get("website_ids")
    if isinstance(websites, list):
        product.website_ids = list(websites)
    links = extensions.get("category_links")
    if links == []:
        product.category_links = {}
    for link in rows(extensions, "category_links"):
        category = text(link, "category_id") or ""
        if category.isascii() and category.isdigit() and int(category) in shop.categories:
            product.category_links[int(category)] = integer(link, "position") or 0
    stock = mapping(extensions, "stock_item")
    if stock is not None:
        apply_stock_item(shop, product, stock)
    elif created:
        if product.carries_stock:
            shop.inventory.store(sku=product.sku, source_code="default", quantity=Decimal(0), status=0)
    else:
        set_low_stock_date(shop, product)
