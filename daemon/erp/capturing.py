"""What change capture reads in the ERP, entity by entity: the values of events, or which records changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final

from daemon.acumatica.client import AcumaticaClient
from daemon.capture.invoice_events import InvoiceEvents
from daemon.capture.key_events import KeyEvents
from daemon.capture.only_ready import OnlyReady
from daemon.capture.ports import ChangeReader
from daemon.capture.syncing import KeyLister
from daemon.capture.unconnected import Unconnected
from daemon.capture.value_events import DocumentInForce, ValueEvents, price_values, status_values, stock_values
from daemon.erp.changes import Cursors, ErpChanges, Listed, steps_of
from daemon.erp.documents import InvoiceShipments
from daemon.erp.item_statuses import ItemStatusReader
from daemon.erp.prices import PriceReader
from daemon.erp.quantities import QuantityReader
from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.entities import (
    ATTRIBUTE,
    ATTRIBUTE_SET,
    CATEGORY,
    CUSTOMER,
    INVENTORY,
    INVOICE,
    ORDER_STATUS,
    PRICING,
    PRODUCT,
    PRODUCT_DEPENDENCIES,
    PRODUCT_IMAGE,
    PRODUCT_STATUS,
    SHIPMENT,
    TAX_CATEGORY,
    TIER_PRICE,
)
from daemon.sync.named_syncs import named_syncs
from queues.ports import Clock

_ITEMS: Final = (Listed("StockItem", part_of="TemplateItemID"), Listed("NonStockItem", part_of="TemplateItemID"))
_ALL_ITEMS: Final = (*_ITEMS, Listed("TemplateItems"))
"""Templates last: their items go before them."""

_OF_ENABLED_CLASSES: Final = Listed("ItemClass", is_of_classes=True, only_changes=True)
"""What belongs to a product follows when it is made in the shop."""

_PRICES_OF_ITEMS: Final = (
    # The stamp of an item does not move with its prices (contracts: Acumatica, section 9).
    Listed("StockItem", contents=("DefaultPrice", "MSRP", "SalesUOM")),
    Listed("NonStockItem", contents=("DefaultPrice", "MSRP", "SalesUnit")),
)

LISTED: Final[Mapping[str, tuple[Listed, ...]]] = MappingProxyType(
    {
        PRICING.event_type: (Listed("SalesPrices", only_changes=True), *_PRICES_OF_ITEMS),
        INVENTORY.event_type: (Listed("StorageDetails"),),
        PRODUCT_STATUS.event_type: _ITEMS,
        TAX_CATEGORY.event_type: (Listed("TaxCategory"),),
        TIER_PRICE.event_type: (Listed("SalesPrices"),),
        ATTRIBUTE.event_type: (Listed("AttributeDefinition"),),
        ATTRIBUTE_SET.event_type: (Listed("ItemClass"),),
        CATEGORY.event_type: (Listed("ItemSalesCategory"),),
        PRODUCT.event_type: (*_ALL_ITEMS, _OF_ENABLED_CLASSES),
        PRODUCT_IMAGE.event_type: _ALL_ITEMS,
        # The contract tells neither related items nor parts of kits: there is nothing to look for.
        PRODUCT_DEPENDENCIES.event_type: (),
        CUSTOMER.event_type: (Listed("Customer"),),
        ORDER_STATUS.event_type: (Listed("SalesOrder", key_parts=2, is_document=True),),
        SHIPMENT.event_type: (Listed("Shipment", is_document=True),),
        INVOICE.event_type: (Listed("SalesInvoice", key_parts=2, is_document=True),),
    }
)
"""The entities of the ERP that tell which records of an event type changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSide:
    """What the ERP gives to change capture: readers by event type, listers by the names of syncs as well."""

    readers: Mapping[str, ChangeReader]
    listers: Mapping[str, KeyLister]


def erp_side(
    client: AcumaticaClient | None, settings: ConnectorVersions, cursors: Cursors, *, tenant: str | None
) -> ErpSide:
    """Give readers and listers of the ERP; without one configured, what is noted waits for it."""
    runs = {each: (each,) for each in LISTED} | {each.name: each.kinds for each in named_syncs(list(LISTED))}
    if client is None:
        absent = Unconnected("CONNECTOR_ACUMATICA_URL")
        return ErpSide(readers=dict.fromkeys(LISTED, absent), listers=dict.fromkeys(runs, absent))
    source, in_force = f"acumatica/{tenant or 'default'}", _InForce(settings)
    items = ItemStatusReader(client, in_force)
    prices = ValueEvents(PriceReader(client), price_values, in_force, source=source)
    stock = ValueEvents(QuantityReader(client, in_force), stock_values, in_force, source=source)
    own: Mapping[str, ChangeReader] = {
        PRICING.event_type: OnlyReady("pricing", prices, items, in_force),
        INVENTORY.event_type: OnlyReady("inventory", stock, items, in_force),
        PRODUCT_STATUS.event_type: ValueEvents(items, status_values, in_force, source=source),
        INVOICE.event_type: InvoiceEvents(InvoiceShipments(client), in_force, source=source),
    }
    # The rest is read when it is sent, so that its newest state goes out.
    by_key = KeyEvents(source)
    return ErpSide(
        readers={each: own.get(each, by_key) for each in LISTED},
        listers={
            name: ErpChanges(
                client,
                name,
                steps_of(kinds, LISTED),
                cursors,
                settings=in_force,
                horizon=partial(horizon, client.clock, in_force),
            )
            for name, kinds in runs.items()
            if kinds
        },
    )


async def horizon(clock: Clock, settings: DocumentInForce) -> datetime | None:
    """Tell from when on a run of everything looks at documents; None: from the first on. Raises DatabaseUnavailable."""
    days = (await settings.document()).default.orders.look_back_days
    return clock.now() - timedelta(days=days) if days else None


class _InForce:
    """Matches `DocumentInForce`."""

    def __init__(self, settings: ConnectorVersions) -> None:
        self._settings = settings

    async def document(self) -> SettingsDocument:
        return (await self._settings.current()).document
