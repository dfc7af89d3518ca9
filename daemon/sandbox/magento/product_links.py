"""Which products a product points at: related, up-sell, cross-sell, and the parts of a grouped one."""

from daemon.sandbox.magento.errors import Refusal, no_such_product
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_parts import ProductLink
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.values import JsonObject, integer, text

LINK_TYPES = {"related": "related", "upsell": "upsell", "crosssell": "crosssell", "associated": "associated"}


def read_links(shop: Shop, given: list[JsonObject]) -> list[ProductLink]:
    """
    Check links as they are saved.

    Raises:
        Refusal: 400 for an unknown type, 404 for an unknown product.
    """
    read: list[ProductLink] = []
    for row in given:
        link_type, linked_sku = text(row, "link_type") or "", text(row, "linked_product_sku")
        if link_type not in LINK_TYPES:
            raise Refusal('The "%1" link type wasn\'t found. Verify the type and try again.', parameters=[link_type])
        linked = None if linked_sku is None else shop.catalogue.get(linked_sku)
        if linked is None:
            raise no_such_product()
        read.append(ProductLink(link_type=link_type, linked_sku=linked.sku, position=integer(row, "position") or 0))
    return read


def links_view(shop: Shop, product: Product, link_type: str | None = None) -> list[JsonObject]:
    """The links of a product, kind by kind, each in its order; gone products are left out."""
    view: list[JsonObject] = []
    for kind in LINK_TYPES:
        for link in sorted(product.links, key=lambda each: each.position):
            linked = shop.catalogue.get(link.linked_sku)
            if link.link_type != kind or linked is None or link_type not in (None, kind):
                continue
            view.append(
                {
                    "sku": product.sku,
                    "link_type": kind,
                    "linked_product_sku": linked.sku,
                    "linked_product_type": linked.type_id,
                    "position": link.position,
                }
            )
    return view
