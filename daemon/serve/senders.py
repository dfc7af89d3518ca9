"""Who sends what: the senders of values, and those that read the record in the ERP when they send."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from daemon.acumatica.client import AcumaticaClient
from daemon.acumatica.connection import answers
from daemon.erp.catalogue import (
    attribute_reader,
    attribute_set_reader,
    dependencies_reader,
    image_reader,
    product_reader,
    tax_category_reader,
)
from daemon.erp.categories import category_reader
from daemon.erp.customers import customer_reader
from daemon.erp.documents import invoice_reader, order_reader, shipment_reader
from daemon.erp.items import Items
from daemon.erp.prices import PriceReader
from daemon.erp.records import OneOfMany
from daemon.magento.probe import answers_and_accepts
from daemon.magento.product_writer import OnMade
from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.entities import (
    ATTRIBUTE,
    ATTRIBUTE_SET,
    CATEGORY,
    CUSTOMER,
    INVOICE,
    ORDER_STATUS,
    PRODUCT,
    PRODUCT_DEPENDENCIES,
    PRODUCT_IMAGE,
    SHIPMENT,
    TAX_CATEGORY,
    TIER_PRICE,
    Entity,
)
from daemon.sync.entity_rules import (
    attribute_rule,
    attribute_set_rule,
    category_rule,
    customer_rule,
    dependencies_rule,
    image_rule,
    invoice_rule,
    order_status_rule,
    product_rule,
    shipment_rule,
    tax_category_rule,
    tier_price_rule,
    tier_price_switch,
)
from daemon.sync.hydrating import (
    HydratingSender,
    RecordReader,
    Rule,
    ScopedRule,
    Switch,
    SwitchedSender,
    for_all_websites,
)
from daemon.sync.shop.writing import ShopWriter
from daemon.targets import Store
from queues.ports import Sender

RecordT = TypeVar("RecordT")
ShopT = TypeVar("ShopT")


def senders(
    store: Store | None, erp: AcumaticaClient | None, settings: ConnectorVersions, *, budget: timedelta, on_made: OnMade
) -> Mapping[str, Sender]:
    """
    Give the senders there are, by event type: none without a store, those of values alone without an ERP.

    Args:
        store: of the shop.
        erp: the records are read from.
        settings: asked for every message.
        budget: for one record, all its requests together.
        on_made: told the SKU of every product that is new in the shop.
    """
    if store is None:
        return {}
    if erp is None:
        return store.senders
    writers, hydrating, items = store.writers, _Hydrating(store, erp, settings, budget), Items(erp)
    writers.products.when_made(on_made)
    return {
        **store.senders,
        TAX_CATEGORY.event_type: hydrating.sender(
            TAX_CATEGORY, tax_category_reader(erp), tax_category_rule, writers.tax_classes
        ),
        ATTRIBUTE.event_type: hydrating.sender(ATTRIBUTE, attribute_reader(erp), attribute_rule, writers.attributes),
        ATTRIBUTE_SET.event_type: hydrating.sender(
            ATTRIBUTE_SET, attribute_set_reader(erp), attribute_set_rule, writers.attribute_sets
        ),
        CATEGORY.event_type: hydrating.sender(CATEGORY, category_reader(erp), category_rule, writers.categories),
        PRODUCT.event_type: hydrating.sender(PRODUCT, product_reader(erp, items), product_rule, writers.products),
        PRODUCT_IMAGE.event_type: hydrating.sender(PRODUCT_IMAGE, image_reader(erp, items), image_rule, writers.images),
        PRODUCT_DEPENDENCIES.event_type: hydrating.sender(
            PRODUCT_DEPENDENCIES, dependencies_reader(items), dependencies_rule, writers.links
        ),
        TIER_PRICE.event_type: hydrating.scoped_sender(
            TIER_PRICE,
            OneOfMany(PriceReader(erp)),
            tier_price_rule,
            writers.tier_prices,
            switch=tier_price_switch,
        ),
        CUSTOMER.event_type: hydrating.sender(CUSTOMER, customer_reader(erp), customer_rule, writers.customers),
        ORDER_STATUS.event_type: hydrating.sender(
            ORDER_STATUS, order_reader(erp), order_status_rule, writers.order_statuses
        ),
        SHIPMENT.event_type: hydrating.sender(
            SHIPMENT, shipment_reader(erp), shipment_rule, writers.shipments, parts_stand_alone=True
        ),
        INVOICE.event_type: hydrating.sender(
            INVOICE, invoice_reader(erp), invoice_rule, writers.invoices, parts_stand_alone=True
        ),
    }


def missing_variable(event_type: str, store: Store | None) -> str:
    """Name the variable without which nobody sends events of *event_type*."""
    needs_erp = store is not None and event_type not in store.senders
    return "CONNECTOR_ACUMATICA_URL" if needs_erp else "CONNECTOR_MAGENTO_URL"


class _Hydrating:
    """Makes senders that read the record first; all ask the same settings and probe the same two systems."""

    def __init__(self, store: Store, erp: AcumaticaClient, settings: ConnectorVersions, budget: timedelta) -> None:
        self._store = store
        self._erp = erp
        self._settings = _Current(settings)
        self._budget = budget

    def sender(
        self,
        entity: Entity,
        reader: RecordReader[RecordT],
        rule: Rule[RecordT, ShopT],
        writer: ShopWriter[ShopT],
        *,
        parts_stand_alone: bool = False,
    ) -> Sender:
        """Make one for records that are the same on every website."""
        return self.scoped_sender(entity, reader, for_all_websites(rule), writer, parts_stand_alone=parts_stand_alone)

    def scoped_sender(
        self,
        entity: Entity,
        reader: RecordReader[RecordT],
        rule: ScopedRule[RecordT, ShopT],
        writer: ShopWriter[ShopT],
        *,
        switch: Switch | None = None,
        parts_stand_alone: bool = False,
    ) -> Sender:
        """Make one for records that websites may say something different about."""
        sender = HydratingSender(
            entity.name,
            reader=reader,
            rule=rule,
            writer=writer,
            settings=self._settings,
            probe=self._probe,
            budget=self._budget,
            parts_stand_alone=parts_stand_alone,
        )
        return sender if switch is None else SwitchedSender(sender, switch, self._settings)

    async def _probe(self) -> bool:
        """Ask the ERP first: it answers from a session it has, and where it is away the shop need not be asked."""
        return await answers(self._erp) and await answers_and_accepts(self._store.client)


class _Current:
    """Matches `CurrentSettings`."""

    def __init__(self, settings: ConnectorVersions) -> None:
        self._settings = settings

    async def document(self) -> SettingsDocument:
        return (await self._settings.recent()).document
