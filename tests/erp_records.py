"""Records of the ERP and settings that let them pass: tests change the one thing they are about."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import laid_over
from daemon.sync.records.category import ErpCategory
from daemon.sync.records.customer import ErpAddress, ErpContact, ErpCustomer
from daemon.sync.records.invoice import ErpInvoice, ErpInvoicedLine, ErpInvoicedOrder, InvoiceWithOrders
from daemon.sync.records.item import ErpCategoryLink, ErpItem
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.records.order import ErpOrder
from daemon.sync.records.shipment import ErpPackage, ErpShipment, ErpShipmentOrder, ErpShippedLine

EVERYTHING_ON: Final[Mapping[str, Any]] = {
    "syncs": {
        name: {"enabled": True}
        for name in (
            "tax_category", "category", "product_attribute", "product", "inventory_price", "product_image",
            "customer_attribute", "customer", "order", "product_configurator",
        )
    },
    "customers": {"classes_to_shop": ["RETAIL"]},
    "orders": {"types_to_shop": ["SO"]},
}  # fmt: skip


def settings_with(**groups: Any) -> ConnectorSettings:  # noqa: ANN401 - JSON
    """Make settings with every sync enabled; *groups* are laid over them."""
    return ConnectorSettings.from_document(laid_over(EVERYTHING_ON, groups))


MUGS: Final = ErpItemClass(class_id="MUGS", is_enabled_for_sync=True, attributes=("COLOR", "SIZE"))
MUG: Final = ErpItem(
    inventory_id="MUG-RED",
    description="Red mug",
    item_class=MUGS,
    is_enabled_for_sync=True,
    visibility="Catalog, Search",
    tax_category="TAXABLE",
    default_price=Decimal("12.50"),
    weight=Decimal("0.4"),
    categories=(ErpCategoryLink(category_id="1042", is_enabled_for_sync=True),),
)
CUPS: Final = ErpCategory(category_id="1042", description="Cups", is_enabled_for_sync=True, shop_status="Active")
ADA: Final = ErpCustomer(
    customer_id="C000000123",
    name="Ada Lovelace",
    customer_class="RETAIL",
    main=ErpContact(
        email="ada@example.com",
        phone="+44 20 7946 0000",
        address=ErpAddress(line_1="12 St James's Square", city="London", postal_code="SW1Y 4JH", country="GB"),
    ),
)
ORDER: Final = ErpOrder(order_type="SO", order_number="SO000123", status="Shipping", external_ref="000000123")
SHIPMENT: Final = ErpShipment(
    shipment_number="000045",
    status="Confirmed",
    ship_via="UPS GROUND",
    warehouse="MAIN",
    orders=(ErpShipmentOrder(order_type="SO", order_number="SO000123", external_ref="000000123"),),
    lines=(ErpShippedLine(order_type="SO", order_number="SO000123", inventory_id="MUG-RED", quantity=Decimal(2)),),
    packages=(ErpPackage(tracking_number="1Z999"),),
)
_INVOICE: Final = ErpInvoice(
    type="Invoice",
    reference_number="AR000123",
    status="Open",
    lines=(ErpInvoicedLine(order_type="SO", order_number="SO000123", inventory_id="MUG-RED", quantity=Decimal(2)),),
)
INVOICE: Final = InvoiceWithOrders(
    invoice=_INVOICE,
    orders=(
        ErpInvoicedOrder(order_type="SO", order_number="SO000123", external_ref="000000123", invoices=(_INVOICE,)),
    ),
)
