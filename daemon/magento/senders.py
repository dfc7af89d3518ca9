"""The senders of one store, which share what they learn of it: SKUs, store views, input limits."""

from collections.abc import Mapping

from daemon.magento.catalogue import Catalogue
from daemon.magento.client import MagentoClient
from daemon.magento.inventory import InventorySender
from daemon.magento.pricing import PricingSender
from daemon.magento.product_status import ProductStatusSender
from daemon.magento.rows import InputLimits
from daemon.magento.stores import StoreViews
from daemon.sync.entities import INVENTORY, PRICING, PRODUCT_STATUS
from queues.ports import Sender


def magento_senders(client: MagentoClient) -> Mapping[str, Sender]:
    """Build the sender of every active queue to the store, by event type (`to_magento.pricing` …)."""
    stores, catalogue, limits = StoreViews(client), Catalogue(client), InputLimits()
    return {
        PRICING.event_type: PricingSender(client, stores=stores, limits=limits),
        INVENTORY.event_type: InventorySender(client, catalogue=catalogue, limits=limits),
        PRODUCT_STATUS.event_type: ProductStatusSender(client, catalogue=catalogue, stores=stores),
    }
