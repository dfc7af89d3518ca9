"""Product dependencies: related, up-sell and cross-sell items, and the parts of kits."""

from collections.abc import Mapping
from typing import Final

from daemon.sync.records.item import ErpItem, ErpRelatedItem, ErpRelation
from daemon.sync.shop.product import LinkKind, ProductLinks

_KINDS: Final[Mapping[ErpRelation, LinkKind]] = {
    "related": "related",
    "substitute": "related",
    "up_sell": "up_sell",
    "cross_sell": "cross_sell",
}
"""The shop has no word for a substitute: customers see it among the related products. `other` is not told."""


def map_dependencies(item: ErpItem, told: Mapping[LinkKind, tuple[str, ...]]) -> ProductLinks:
    """
    Give the links of an item that are known; none points at itself.

    A kind that is known and has none is empty, so that old links go; a kind that nobody told of is absent, so that the
    shop's stay as they are.

    Args:
        item: as the ERP tells it.
        told: what the event says itself; it goes before what the ERP says.
    """
    sku, links = item.inventory_id.strip(), dict[LinkKind, tuple[str, ...]]()
    if item.related is not None:
        links |= _of_relations(item.related)
    if item.is_kit and item.kit_parts is not None:
        links["associated"] = tuple(part.inventory_id.strip() for part in item.kit_parts)
    links |= told
    return ProductLinks(
        sku=sku,
        links={kind: tuple(dict.fromkeys(each for each in skus if each != sku)) for kind, skus in links.items()},
    )


def _of_relations(related: tuple[ErpRelatedItem, ...]) -> dict[LinkKind, tuple[str, ...]]:
    found: dict[LinkKind, list[str]] = {"related": [], "up_sell": [], "cross_sell": []}
    for each in sorted(related, key=lambda each: each.position):
        kind = _KINDS.get(each.relation)
        if kind is not None and each.is_active:
            found[kind].append(each.inventory_id.strip())
    return {kind: tuple(skus) for kind, skus in found.items()}
