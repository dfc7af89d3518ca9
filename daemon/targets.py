"""The store as the queues see it: client and senders of Magento, made from the configuration."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from daemon.config import MagentoBearer, MagentoConfig, MagentoOAuth
from daemon.http.connections import not_connected
from daemon.http.ports import Connection
from daemon.magento.authentication import Authentication, BearerToken, OAuth1
from daemon.magento.catalogue import Catalogue
from daemon.magento.client import MagentoClient
from daemon.magento.connection import test_connection
from daemon.magento.inventory import InventorySender
from daemon.magento.pricing import PricingSender
from daemon.magento.product_status import ProductStatusSender
from daemon.magento.rows import InputLimits
from daemon.magento.session import Timeouts, open_session
from daemon.magento.stores import StoreViews
from daemon.magento.writers import Writers
from daemon.settings.document.routing import Routing
from daemon.sync.entities import INVENTORY, PRICING, PRODUCT_STATUS
from queues.ports import Clock, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """
    A store that is configured; whether it can be reached shows when it is needed.

    Attributes:
        senders: by event type, `to_magento.pricing`.
        limits: what the shop told of the most rows a call may have; shared by the senders.
        writers: for the records that are read from the ERP when they are sent.
    """

    client: MagentoClient
    senders: Mapping[str, Sender]
    limits: InputLimits
    writers: Writers

    def input_limits(self) -> Mapping[str, int | None]:
        """Tell the most records the shop takes in one request, by entity; None: it told none yet."""
        return {
            PRICING.name: self.limits.limit("products/base-prices"),
            INVENTORY.name: self.limits.limit("inventory/source-items"),
        }


@asynccontextmanager
async def open_store(
    config: MagentoConfig, clock: Clock, routing: Routing | None = None
) -> AsyncIterator[Store | None]:
    """
    Open the one session of the store and the senders that share it; None when no store is configured.

    Args:
        config: of the store.
        clock: for the times of exchanges.
        routing: where calls go now; None: where they go as shipped.
    """
    if config.url is None:
        yield None
        return
    timeouts = Timeouts(
        connect_seconds=config.connect_timeout.total_seconds(), total_seconds=config.timeout.total_seconds()
    )
    async with open_session(timeouts) as session:
        client = MagentoClient(config.url, _authentication(config), session=session, clock=clock, routing=routing)
        stores, limits = StoreViews(client), InputLimits()
        yield Store(
            client=client,
            senders=_senders(client, stores, limits),
            limits=limits,
            writers=Writers.of(client, stores=stores),
        )


def test_of_store(store: Store | None) -> Connection:
    """Give the operators' button Test Connection."""
    return not_connected("CONNECTOR_MAGENTO_URL") if store is None else partial(test_connection, store.client)


def _authentication(config: MagentoConfig) -> Authentication | None:
    match config.credentials:
        case MagentoBearer(token=token):
            return BearerToken(token)
        case MagentoOAuth() as four:
            return OAuth1(
                consumer_key=four.consumer_key,
                consumer_secret=four.consumer_secret,
                access_token=four.access_token,
                access_token_secret=four.access_token_secret,
            )
        case None:
            return None


def _senders(client: MagentoClient, stores: StoreViews, limits: InputLimits) -> Mapping[str, Sender]:
    catalogue = Catalogue(client)
    return {
        PRICING.event_type: PricingSender(client, stores=stores, limits=limits),
        INVENTORY.event_type: InventorySender(client, catalogue=catalogue, limits=limits),
        PRODUCT_STATUS.event_type: ProductStatusSender(client, catalogue=catalogue, stores=stores),
    }
