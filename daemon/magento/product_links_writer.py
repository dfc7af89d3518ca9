"""Links between products into the store: all kinds in one save, those not told as they are."""

from collections.abc import Mapping
from typing import Final

from daemon.magento.client import MagentoClient
from daemon.magento.stored_products import StoredProduct, read_existing, read_products
from daemon.magento.talk import Document, applied, refuse, settled, tell
from daemon.sync.shop.product import LinkKind, ProductLinks
from queues.verdicts import Delivered, Verdict

_KINDS: Final[Mapping[LinkKind, str]] = {
    "related": "related",
    "up_sell": "upsell",
    "cross_sell": "crosssell",
    "associated": "associated",
}
_SHOWN: Final = 20


class ProductLinksWriter:
    """
    Brings the links of products to a store.

    The list of a save replaces all links of all kinds: the kinds that are not told are sent as they are.
    """

    def __init__(self, client: MagentoClient) -> None:
        self._client = client

    async def write(self, record: ProductLinks) -> Verdict:
        """Bring the store to hold the links; those to products it lacks are left out, and the record is refused."""
        return await settled(self._write(record))

    async def _write(self, record: ProductLinks) -> Verdict:
        stored = await read_existing(self._client, record.sku)
        if record.links.get("associated") and stored.type_id != "grouped":
            refuse("validation", f"{record.sku} is a {stored.type_id} product; only a grouped one has parts")
        linked = await read_products(self._client, [sku for skus in record.links.values() for sku in skus])
        wanted = [row for kind, skus in record.links.items() for row in _rows(stored, _KINDS[kind], skus, linked)]
        told = {_KINDS[kind] for kind in record.links}
        kept = [row for row in stored.rows("product_links") if row.get("link_type") not in told]
        done = Delivered()
        if not _same([*kept, *wanted], stored.rows("product_links")):
            document = {"product": {"sku": stored.sku, "product_links": [*map(_plain, kept), *wanted]}}
            segments = ("products", stored.sku)
            done = applied(await tell(self._client, "PUT", segments, document, action="product_links"))
        missing = sorted({sku for skus in record.links.values() for sku in skus} - linked.keys())
        if missing:
            more = ", …" if len(missing) > _SHOWN else ""
            refuse(
                "not_found",
                f"the store has no {', '.join(missing[:_SHOWN])}{more} to link {record.sku} with; the other links are "
                "there. Sync these products, or take the links away in the ERP",
                exchange=done.exchange,
            )
        return done


def _rows(
    stored: StoredProduct, kind: str, skus: tuple[str, ...], linked: Mapping[str, StoredProduct]
) -> list[Document]:
    known = [sku for sku in dict.fromkeys(skus) if sku in linked and sku != stored.sku]
    return [
        {
            "sku": stored.sku,
            "link_type": kind,
            "linked_product_sku": sku,
            "linked_product_type": linked[sku].type_id,
            "position": position,
        }
        for position, sku in enumerate(known, 1)
    ]


def _plain(row: Document) -> Document:
    members = ("sku", "link_type", "linked_product_sku", "linked_product_type", "position")
    return {name: row[name] for name in members if name in row}


def _same(wanted: list[Document], stored: list[Document]) -> bool:
    return _order(wanted) == _order(stored)


def _order(rows: list[Document]) -> dict[str, list[str]]:
    """The linked SKUs kind by kind, in their order."""
    kinds: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda each: int(each.get("position") or 0)):
        kinds.setdefault(str(row.get("link_type")), []).append(str(row.get("linked_product_sku")))
    return kinds
