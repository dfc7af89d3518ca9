"""Whether a shop keeps prices by website: it says so only when it refuses a row."""

from typing import Final

from daemon.magento.classification import Failure
from daemon.magento.client import Call, MagentoClient, NotDone, not_in_form
from daemon.remembering import Remembered
from queues.verdicts import Refused

_SPECIAL_PRICE: Final = ("products", "special-price")
_EVERYWHERE: Final = 0
_NEVER_SAVED: Final = -1
"""A price no shop takes: the rows are refused, whatever else is said of them."""


class PriceScope:
    """
    Knows whether prices of one store view stay there: asked when first needed, a yes is believed for five minutes.

    A shop that keeps prices for all websites alike writes the price of one for all, without a word. Of a special price
    it complains: a row of a store view has one complaint more than the same row of all store views.
    """

    def __init__(self, client: MagentoClient) -> None:
        self._client = client
        self._by_website: Remembered[str, bool] = Remembered(client.clock)

    async def fault(self, store_id: int, sku: str) -> Failure | None:
        """Say why prices of the store view *store_id* must not be sent, None if they may; *sku* is any of them."""
        if self._by_website.get("") is not None:
            return None
        rows = [{"price": _NEVER_SAVED, "store_id": each, "sku": sku} for each in (_EVERYWHERE, store_id)]
        call = Call(method="POST", segments=_SPECIAL_PRICE, document={"prices": rows}, records=len(rows))
        reply = await self._client.call(call)
        if isinstance(reply, NotDone):
            return reply.verdict
        complaints = _count(reply.document, str(store_id))
        if complaints is None:
            return not_in_form(reply.exchange, "a list of refused rows").verdict
        everywhere, here = complaints
        if here > everywhere:
            text = "the store keeps one price for all websites: set its Catalog Price Scope to Website"
            return Refused(error_class="mapping", text=text, status=reply.exchange.status, exchange=reply.exchange)
        self._by_website.keep("", True)  # noqa: FBT003 - what is remembered
        return None


def _count(document: object, store: str) -> tuple[int, int] | None:
    """Count the complaints about all store views, and about *store*; None where the answer is no list of them."""
    if not isinstance(document, list) or not document:
        return None
    counted = {str(_EVERYWHERE): 0, store: 0}
    for each in document:
        parameters = each.get("parameters") if isinstance(each, dict) else None
        if not isinstance(parameters, list):
            return None
        # The SKU stands first or second, the store view behind it, then two days that were not sent.
        place = parameters[-3] if len(parameters) > 3 else None  # noqa: PLR2004 - sku, store, from, to
        if place in counted:
            counted[place] += 1
    # Without a complaint the rows were taken, or told of in a way nobody knows.
    return (counted[str(_EVERYWHERE)], counted[store]) if counted[str(_EVERYWHERE)] else None
