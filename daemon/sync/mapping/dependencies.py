"""Product dependencies: related, up-sell and cross-sell items, and the parts of kits."""

from collections.abc import Mapping
from typing import Final

from daemon.sync.records.item import ErpItem, ErpRelation
from daemon.sync.shop.product import LinkKind, ProductLinks

_KINDS: Final[Mapping[ErpRelation, LinkKind]] = {
    "related": "related",
    "substitute": "related",
    "up_sell": "up_sell",
    "cross_sell": "cross_sell",
}
"""The shop has no word for a substitute: customers see it among the related products. `other` is not told."""


def map_dependencies(item: ErpItem) -> ProductLinks:
    """Give all links of an item: a kind without any is told as empty, so that old ones go; none points at itself."""
    sku = item.inventory_id.strip()
    links: dict[LinkKind, dict[str, None]] = {"related": {}, "up_sell": {}, "cross_sell": {}}
    for each in sorted(item.related, key=lambda related: related.position):
        kind = _KINDS.get(each.relation)
        if kind is not None and each.is_active and each.inventory_id.strip() != sku:
            links[kind][each.inventory_id.strip()] = None
    if item.is_kit:
        links["associated"] = {part.inventory_id.strip(): None for part in item.kit_parts}
    return ProductLinks(sku=sku, links={kind: tuple(skus) for kind, skus in links.items()})
