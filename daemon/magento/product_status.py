"""Enabling and disabling a product: a PUT that carries the status alone, to the SKU exactly as stored."""

from collections.abc import Sequence
from typing import Final

from daemon.magento.address import ALL_STORES
from daemon.magento.catalogue import Catalogue, Product
from daemon.magento.client import Answered, Call, MagentoClient, not_in_form
from daemon.magento.probe import answers_and_accepts
from daemon.magento.stores import GLOBAL_STORE_ID, StoreViews
from daemon.sync.product_status import StatusChange, read_status
from queues.errors import InvalidMessage
from queues.message import Message
from queues.verdicts import Delivered, Refused, Skipped, Verdict

_ENABLED: Final = 1
_DISABLED: Final = 2


class ProductStatusSender:
    """
    Brings a product's status to a store, by `PUT /rest/all/V1/products/<sku>`, one record a request.

    A SKU in other letter case would rename the product, an unknown one would be created: both are looked up before.
    With a store view the status is written for that view only.
    """

    def __init__(self, client: MagentoClient, *, catalogue: Catalogue, stores: StoreViews) -> None:
        self._client = client
        self._catalogue = catalogue
        self._stores = stores

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Send *messages*, one request each, and answer one verdict each, in order."""
        return [await self._send(message) for message in messages]

    async def probe(self) -> bool:
        """Tell whether the store answers and accepts the credentials."""
        return await answers_and_accepts(self._client)

    async def _send(self, message: Message) -> Verdict:
        try:
            change = read_status(message.event)
        except InvalidMessage as error:
            return Refused(error_class="validation", text=str(error))
        store = (await self._stores.resolve({change.storeview}))[change.storeview]
        if not isinstance(store, int):
            return store
        product = (await self._catalogue.find([change.sku]))[change.sku]
        if not isinstance(product, Product):
            if change.when_missing == "skip" and isinstance(product, Refused) and product.error_class == "not_found":
                return Skipped(reason=f"not_in_shop: the shop has no product {change.sku}, whose status would be set")
            return product
        return await self._put(change, store_code=_scope(change, store))

    async def _put(self, change: StatusChange, *, store_code: str) -> Verdict:
        status = _ENABLED if change.enabled else _DISABLED
        reply = await self._client.call(
            Call(
                method="PUT",
                segments=("products", change.sku),
                query=(("fields", "sku,status"),),
                document={"product": {"sku": change.sku, "status": status}},
                store_code=store_code,
                action="product_status",
            )
        )
        if not isinstance(reply, Answered):
            return reply.verdict
        document = reply.document
        if not isinstance(document, dict):
            return not_in_form(reply.exchange, "a product").verdict
        shown = document.get("status")
        if shown not in (None, status):
            now = shown if isinstance(shown, int) else type(shown).__name__
            text = f"the store answered 200, but the status is {now} and not {status}"
            return Refused(error_class="not_applied", text=text, status=200, exchange=reply.exchange)
        return Delivered(exchange=reply.exchange)


def _scope(change: StatusChange, store_id: int) -> str:
    return ALL_STORES if change.storeview is None or store_id == GLOBAL_STORE_ID else change.storeview
