"""Sales orders, as far as the shop is told of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpOrderLine:
    """
    One line of an order.

    Attributes:
        is_dropship: marked for drop shipment: the vendor sends it, no shipment of our own is made.
        shipped_quantity: how much has left, by shipments or by drop shipment receipts.
        is_completed: closed: nothing more will leave, even if less than was ordered has.
    """

    line_number: int
    inventory_id: str
    quantity: Decimal
    shipped_quantity: Decimal = Decimal(0)
    unit: str | None = None
    is_dropship: bool = False
    is_completed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpOrder:
    """
    One sales order.

    Attributes:
        external_ref: `ExternalRef`: the shop's number of the order; None: the order did not come from the shop.
        status: exactly as the ERP words it: `Open`, `On Hold`, `Completed` ...
        invoices: type and number of each invoice made of it, each once.
    """

    order_type: str
    order_number: str
    status: str
    customer_id: str | None = None
    external_ref: str | None = None
    ship_via: str | None = None
    lines: tuple[ErpOrderLine, ...] = ()
    invoices: tuple[tuple[str, str], ...] = ()
    modified_at: datetime | None = None
