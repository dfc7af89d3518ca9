"""Saving what a product is made of besides values: absent keeps, an empty list removes, a list replaces."""

from decimal import Decimal

from daemon.sandbox.magento.configurables import check_parts, save_option
from daemon.sandbox.magento.decimals import as_price, as_quantity
from daemon.sandbox.magento.gallery import change_entry, new_entry, show_in_values, take_types
from daemon.sandbox.magento.people import ALL_GROUPS_ID
from daemon.sandbox.magento.product import Product, TierPrice
from daemon.sandbox.magento.product_links import read_links
from daemon.sandbox.magento.product_parts import GalleryEntry
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject, integer, mapping, number, rows, texts


def store_parts(shop: Shop, product: Product, given: JsonObject, extensions: JsonObject) -> None:
    """
    Store the images, links, tier prices, options and children that were sent with a product.

    Raises:
        Refusal: what the shop does not accept.
    """
    if "product_links" in given:
        product.links = read_links(shop, rows(given, "product_links"))
    if "tier_prices" in given:
        product.tier_prices = [_tier(shop, row) for row in rows(given, "tier_prices")]
    if "media_gallery_entries" in given:
        _store_gallery(shop, product, rows(given, "media_gallery_entries"))
    if product.type_id != "configurable":
        return
    if "configurable_product_options" in extensions:
        wanted = [save_option(shop, product, row) for row in rows(extensions, "configurable_product_options")]
        product.options = [option for option in product.options if option in wanted]
    children = extensions.get("configurable_product_links")
    if isinstance(children, list):
        check_parts(shop, product, children)
        product.children = list(dict.fromkeys(children))


def _tier(shop: Shop, row: JsonObject) -> TierPrice:
    extensions = mapping(row, "extension_attributes") or {}
    percentage, group_id = number(extensions, "percentage_value"), integer(row, "customer_group_id")
    group_id = ALL_GROUPS_ID if group_id is None else group_id
    group = shop.people.groups.get(group_id)
    return TierPrice(
        price=as_price(percentage or number(row, "value") or Decimal(0)),
        is_discount=percentage is not None,
        website_id=integer(extensions, "website_id") or 0,
        group=group.code if group else "ALL GROUPS",
        group_id=group_id,
        quantity=as_quantity(number(row, "qty") or Decimal(1)),
    )


def _store_gallery(shop: Shop, product: Product, given: list[JsonObject]) -> None:
    known = {entry.entry_id: entry for entry in product.gallery}
    gallery: list[GalleryEntry] = []
    for row in given:
        entry = known.get(integer(row, "id") or 0)
        if entry is None:
            entry = new_entry(shop, gallery, row)
            gallery.append(entry)
            take_types(gallery, entry, texts(row, "types"))
        else:
            gallery.append(entry)
            change_entry(gallery, entry, row)
    product.gallery = gallery
    show_in_values(product.gallery, product.values)
