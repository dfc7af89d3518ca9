"""Sales invoices, as far as the shop is told of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoicedLine:
    """How much of an item is invoiced for one order; *external_ref* is the shop's number of that order."""

    order_type: str | None
    order_number: str | None
    inventory_id: str
    quantity: Decimal
    external_ref: str | None = None
    shipment_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoice:
    """One sales invoice; *status* as the ERP words it: `On Hold`, `Balanced`, `Open`, `Closed` ..."""

    type: str
    reference_number: str
    status: str
    lines: tuple[ErpInvoicedLine, ...] = ()
    modified_at: datetime | None = None
