"""
What the store's catalogue says of SKUs, asked in bulk before they are sent.

Source items take an unknown SKU, a configurable one and one in other letter case without a word, and leave rows behind
that nobody sees; a product PUT in other letter case renames the product. So these are found out before.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from daemon.magento.classification import Failure
from daemon.magento.client import Call, MagentoClient, NotDone, not_in_form
from daemon.magento.look_ups import look_up_failed, page_limit
from queues.verdicts import Refused

_KEPT_SECONDS: Final = 300.0
"""How long a known SKU is believed; an unknown one is asked for again at each attempt."""
_MOST_KEPT: Final = 50_000
_PAGE_SIZE: Final = 300
"""The largest page of a shop with input limits switched on and nothing else set."""
_LONGEST_VALUE: Final = 4_500
"""Encoded characters of the SKUs in one address, so that the whole stays below 6 kB."""

WITHOUT_STOCK: Final = frozenset({"configurable", "grouped", "bundle"})
"""Types made of other products: they carry no stock of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product as stored: the SKU letter by letter, and its type."""

    sku: str
    type_id: str


class Catalogue:
    """
    Asks the store which SKUs it has; what was found is kept for five minutes.

    Args:
        client: the store.
        kept_seconds: how long a found SKU is believed.
        most_kept: SKUs kept at most; the ones not used for longest are forgotten.
    """

    def __init__(
        self, client: MagentoClient, *, kept_seconds: float = _KEPT_SECONDS, most_kept: int = _MOST_KEPT
    ) -> None:
        self._client = client
        self._kept_seconds = kept_seconds
        self._most_kept = most_kept
        self._page_size = _PAGE_SIZE
        self._known: OrderedDict[str, tuple[Product, float]] = OrderedDict()

    async def find(self, skus: Sequence[str]) -> dict[str, Product | Failure]:
        """
        Find every SKU as stored, or the verdict for its message: unknown, other spelling, or the look-up's own failure.

        The look-up's failure blames no record, however many there are: bisecting would find nothing.
        """
        found: dict[str, Product | Failure] = {}
        missing: list[str] = []
        for sku in dict.fromkeys(skus):
            known = self._recall(sku)
            if known is None:
                missing.append(sku)
            else:
                found[sku] = known
        asked = list(_portions(missing, self._page_size))
        for at, portion in enumerate(asked):
            stored = await self._ask(portion)
            if isinstance(stored, NotDone):
                verdict = look_up_failed(stored.verdict, "checking the SKUs before sending")
                found |= {sku: verdict for rest in asked[at:] for sku in rest}
                break
            found |= {sku: self._match(sku, stored) for sku in portion}
        return found

    def _recall(self, sku: str) -> Product | None:
        known = self._known.get(sku)
        if known is None:
            return None
        product, expires_at = known
        if self._client.clock.monotonic() >= expires_at:
            del self._known[sku]
            return None
        self._known.move_to_end(sku)
        return product

    def _match(self, sku: str, stored: dict[str, Product]) -> Product | Refused:
        product = stored.get(sku)
        if product is not None:
            self._known[sku] = (product, self._client.clock.monotonic() + self._kept_seconds)
            self._known.move_to_end(sku)
            while len(self._known) > self._most_kept:
                self._known.popitem(last=False)
            return product
        folded = sku.casefold()
        other = next((each for each in stored if each.casefold() == folded), None)
        if other is not None:
            text = f"the store spells this SKU {other!r}, not {sku!r}; send it letter by letter as stored"
            return Refused(error_class="validation", text=text)
        return Refused(error_class="not_found", text=f"the store has no product with the SKU {sku!r}")

    async def _ask(self, skus: Sequence[str]) -> dict[str, Product] | NotDone:
        stored: dict[str, Product] = {}
        page = 1
        while True:
            size = self._page_size
            reply = await self._client.call(
                Call(method="GET", segments=("products",), query=_search(skus, size, page), records=len(skus))
            )
            if isinstance(reply, NotDone):
                smaller = page_limit(reply)
                if smaller is not None and smaller < size:
                    self._page_size, page = smaller, 1
                    continue
                return reply
            document = reply.document
            items = (document.get("items") or []) if isinstance(document, dict) else None
            total = document.get("total_count") if isinstance(document, dict) else None
            if not isinstance(items, list) or not isinstance(total, int):
                return not_in_form(reply.exchange, "a search result with items and total_count")
            for item in items:
                if isinstance(item, dict) and isinstance(item.get("sku"), str):
                    stored[item["sku"]] = Product(sku=item["sku"], type_id=str(item.get("type_id", "")))
            if page * size >= total or not items:
                return stored
            page += 1


def _portions(skus: Sequence[str], most: int) -> Iterator[list[str]]:
    portion: list[str] = []
    length = 0
    for sku in skus:
        added = len(quote(sku, safe="")) + (_OWN_FILTER if "," in sku else len("%2C"))
        if portion and (length + added > _LONGEST_VALUE or len(portion) >= most):
            yield portion
            portion, length = [], 0
        portion.append(sku)
        length += added
    if portion:
        yield portion


_OWN_FILTER: Final = 260
"""Encoded characters of a filter of its own, for a SKU with a comma: `in` takes a list separated by commas."""


def _search(skus: Sequence[str], size: int, page: int) -> list[tuple[str, str]]:
    listed = [sku for sku in skus if "," not in sku]
    filters = [(sku, "eq") for sku in skus if "," in sku]
    if listed:
        filters.append((",".join(listed), "in"))
    query: list[tuple[str, str]] = []
    for number, (value, condition) in enumerate(filters):
        # Filters of one group are alternatives.
        name = f"searchCriteria[filter_groups][0][filters][{number}]"
        query += [(f"{name}[field]", "sku"), (f"{name}[value]", value), (f"{name}[condition_type]", condition)]
    return [
        *query,
        ("searchCriteria[sortOrders][0][field]", "entity_id"),
        ("searchCriteria[sortOrders][0][direction]", "ASC"),
        ("searchCriteria[pageSize]", str(size)),
        ("searchCriteria[currentPage]", str(page)),
        ("fields", "items[sku,type_id],total_count"),
    ]
