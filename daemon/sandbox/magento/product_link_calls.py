"""The calls about links between products."""

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, no_such_entity, no_such_product
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_links import LINK_TYPES, links_view, read_links
from daemon.sandbox.magento.values import JsonObject, rows


def _product(call: Call) -> Product:
    product = call.shop.catalogue.get(call.path["sku"])
    if product is None:
        raise no_such_product()
    return product


def _known_type(call: Call) -> str:
    link_type = call.path["type"]
    if link_type not in LINK_TYPES:
        raise no_such_entity("type", link_type)
    return link_type


def list_links(call: Call) -> list[JsonObject]:
    """`GET products/:sku/links/:type`."""
    return links_view(call.shop, _product(call), _known_type(call))


def add_links(call: Call) -> bool:
    """`POST products/:sku/links` and, with a single `entity`, `PUT`: those not sent stay."""
    product = _product(call)
    given = rows(call.body, "items")
    entity = call.body.get("entity")
    for link in read_links(call.shop, [entity] if isinstance(entity, dict) else given):
        _take_out(product, link.link_type, link.linked_sku)
        product.links.append(link)
    product.updated_at = call.shop.timestamp()
    return True


def delete_link(call: Call) -> bool:
    """`DELETE products/:sku/links/:type/:linkedProductSku`."""
    product = _product(call)
    if not _take_out(product, _known_type(call), call.path["linkedProductSku"]):
        raise Refusal(
            "Product %1 doesn't have linked %2 as %3",
            status=404,
            parameters=[product.sku, call.path["linkedProductSku"], call.path["type"]],
        )
    return True


def _take_out(product: Product, link_type: str, linked_sku: str) -> bool:
    kept = [
        link for link in product.links if (link.link_type, link.linked_sku.lower()) != (link_type, linked_sku.lower())
    ]
    was_there = len(kept) < len(product.links)
    product.links[:] = kept
    return was_there
