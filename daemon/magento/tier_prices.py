"""Tier prices into the store: all of a product in one call that replaces what was there."""

from daemon.magento.answers import fill_in
from daemon.magento.client import Answered, MagentoClient, not_in_form
from daemon.magento.customer_groups import CustomerGroups
from daemon.magento.stored_products import read_existing
from daemon.magento.talk import Document, Halted, applied, refuse, settled, tell
from daemon.magento.websites import Websites
from daemon.sync.shop.prices import ShopTierPrices, TierPrice
from queues.verdicts import Delivered, Verdict

_ALL_GROUPS = "ALL GROUPS"
_ALL_WEBSITES = 0
_TOP_DISCOUNT = 100
_TIERED = frozenset({"simple", "virtual", "downloadable", "bundle"})


class TierPriceWriter:
    """
    Brings tier prices to a store.

    An unknown SKU refuses the whole call with 404, other faults are rows of a 200; two rows of the same place are both
    refused. One product a call, checked before, keeps them apart.
    """

    def __init__(self, client: MagentoClient, *, groups: CustomerGroups, websites: Websites) -> None:
        self._client = client
        self._groups = groups
        self._websites = websites

    async def write(self, record: ShopTierPrices) -> Verdict:
        """Bring the store to hold exactly these tier prices of the product."""
        return await settled(self._write(record))

    async def _write(self, record: ShopTierPrices) -> Verdict:
        product = await read_existing(self._client, record.sku)
        if product.type_id not in _TIERED:
            refuse("validation", f"{record.sku} is a {product.type_id} product: its parts have tier prices, not itself")
        rows = [await self._row(record.sku, tier) for tier in record.tiers]
        places = [(row["website_id"], row["customer_group"].casefold(), row["quantity"]) for row in rows]
        if len(set(places)) < len(places):
            refuse("validation", f"{record.sku} has two tier prices of the same group, website and quantity")
        if record.websites is not None:
            rows += await self._of_others(record.sku, record.websites)
        if not rows:
            return await self._clear(record.sku)
        return _judged(await tell(self._client, "PUT", ("products", "tier-prices"), {"prices": rows}))

    async def _row(self, sku: str, tier: TierPrice) -> Document:
        if tier.quantity < 1 or tier.price < 0 or (tier.is_discount and tier.price > _TOP_DISCOUNT):
            refuse("validation", f"a tier price of {sku} is {tier.price:f} from {tier.quantity:f}; mend it in the ERP")
        website_id = _ALL_WEBSITES
        if tier.website is not None:
            website_id = (await self._websites.resolve((tier.website,)))[0]
        if tier.group is not None and await self._groups.find(tier.group) is None:
            refuse("mapping", f"the store has no customer group {tier.group!r}; sync its customers, or map the class")
        return {
            "price": tier.price,
            "price_type": "discount" if tier.is_discount else "fixed",
            "website_id": website_id,
            "sku": sku,
            "customer_group": tier.group or _ALL_GROUPS,
            "quantity": tier.quantity,
        }

    async def _of_others(self, sku: str, websites: tuple[str, ...]) -> list[Document]:
        """Give the stored rows that are of none of *websites*: the call replaces all there are."""
        ours = set(await self._websites.resolve(websites))
        _, rows = await self._known(sku)
        return [row for row in rows if row.get("website_id") not in ours]

    async def _known(self, sku: str) -> tuple[Answered, list[Document]]:
        known = await tell(self._client, "POST", ("products", "tier-prices-information"), {"skus": [sku]})
        rows = known.document
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Halted(not_in_form(known.exchange, "a list of tier prices").verdict)
        return known, rows

    async def _clear(self, sku: str) -> Delivered:
        known, rows = await self._known(sku)
        if not rows:
            return applied(known)
        return _judged(await tell(self._client, "POST", ("products", "tier-prices-delete"), {"prices": rows}))


def _judged(reply: Answered) -> Delivered:
    """Read the 200 of a price call: an empty list is a success, rows are refusals."""
    rows = reply.document
    if not isinstance(rows, list):
        raise Halted(not_in_form(reply.exchange, "a list of refused rows").verdict)
    if rows:
        texts = [fill_in(str(row.get("message", "")), row.get("parameters")) for row in rows if isinstance(row, dict)]
        refuse("validation", "; ".join(dict.fromkeys(texts)) or "a row was refused", exchange=reply.exchange)
    return applied(reply)
