"""All writers of one store, sharing what they know of it."""

from dataclasses import dataclass
from typing import Self

from daemon.magento.attribute_sets import AttributeSets, AttributeSetWriter
from daemon.magento.attribute_writer import AttributeWriter
from daemon.magento.attributes import Attributes
from daemon.magento.categories import Categories
from daemon.magento.category_writer import CategoryWriter
from daemon.magento.client import MagentoClient
from daemon.magento.countries import Countries
from daemon.magento.customer_groups import CustomerGroups, CustomerGroupWriter
from daemon.magento.customer_writer import CustomerWriter
from daemon.magento.image_writer import ImageWriter
from daemon.magento.invoice_writer import InvoiceWriter
from daemon.magento.order_status_writer import OrderStatusWriter
from daemon.magento.product_links_writer import ProductLinksWriter
from daemon.magento.product_writer import ProductWriter
from daemon.magento.shipment_writer import ShipmentWriter
from daemon.magento.stores import StoreViews
from daemon.magento.tax_classes import TaxClasses, TaxClassWriter
from daemon.magento.tier_prices import TierPriceWriter
from daemon.magento.turns import Turns
from daemon.magento.websites import Websites


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """One writer for each kind of record; each matches `ShopWriter` of its record."""

    attributes: AttributeWriter
    attribute_sets: AttributeSetWriter
    categories: CategoryWriter
    products: ProductWriter
    links: ProductLinksWriter
    images: ImageWriter
    tier_prices: TierPriceWriter
    customers: CustomerWriter
    customer_groups: CustomerGroupWriter
    tax_classes: TaxClassWriter
    order_statuses: OrderStatusWriter
    shipments: ShipmentWriter
    invoices: InvoiceWriter

    @classmethod
    def of(cls, client: MagentoClient, *, stores: StoreViews) -> Self:
        """Make the writers of one store."""
        attributes, websites, tax_classes = Attributes(client), Websites(client), TaxClasses(client)
        categories, sets = Categories(client), AttributeSets(client)
        groups, turns = CustomerGroups(client, tax_classes=tax_classes), Turns()
        return cls(
            attributes=AttributeWriter(client, attributes=attributes, stores=stores),
            attribute_sets=AttributeSetWriter(sets=sets),
            categories=CategoryWriter(client, categories=categories, websites=websites),
            products=ProductWriter(
                client,
                attributes=attributes,
                sets=sets,
                categories=categories,
                tax_classes=tax_classes,
                websites=websites,
            ),
            links=ProductLinksWriter(client),
            images=ImageWriter(client),
            tier_prices=TierPriceWriter(client, groups=groups, websites=websites),
            customers=CustomerWriter(
                client, groups=groups, countries=Countries(client), websites=websites, stores=stores
            ),
            customer_groups=CustomerGroupWriter(groups=groups),
            tax_classes=TaxClassWriter(client, tax_classes=tax_classes),
            order_statuses=OrderStatusWriter(client, turns=turns),
            shipments=ShipmentWriter(client, turns=turns),
            invoices=InvoiceWriter(client, turns=turns),
        )
