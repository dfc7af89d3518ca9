"""Sales invoices, as far as the shop is told of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from daemon.sync.records.order import ErpOrderLine

_RELEASED: Final = frozenset({"open", "closed", "released"})
_OF_SALES: Final = frozenset({"invoice", "cash sale"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoicedLine:
    """How much of an item is invoiced for one order."""

    order_type: str | None
    order_number: str | None
    inventory_id: str
    quantity: Decimal
    shipment_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoice:
    """One sales invoice; *status* as the ERP words it: `On Hold`, `Balanced`, `Open`, `Closed` ..."""

    type: str
    reference_number: str
    status: str
    lines: tuple[ErpInvoicedLine, ...] = ()
    modified_at: datetime | None = None

    @property
    def is_released(self) -> bool:
        """Whether it counts: what is released cannot be changed any more."""
        return is_released(self.status)

    @property
    def is_of_a_sale(self) -> bool:
        """Whether it asks for money; credit memos and the like do not."""
        return self.type.strip().casefold() in _OF_SALES


def is_released(status: str | None) -> bool:
    """Tell whether a document of that status is released."""
    return (status or "").strip().casefold() in _RELEASED


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoicedOrder:
    """
    One order that an invoice is for.

    Attributes:
        external_ref: the shop's number of the order; None: it did not come from the shop.
        lines: what was ordered.
        invoices: all sales invoices of the order, released or not, each once; of an order that did not come from the
            shop they need not be read.
    """

    order_type: str
    order_number: str
    external_ref: str | None = None
    lines: tuple[ErpOrderLine, ...] = ()
    invoices: tuple[ErpInvoice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWithOrders:
    """An invoice and the orders it is for; of one that is not released they need not be read."""

    invoice: ErpInvoice
    orders: tuple[ErpInvoicedOrder, ...] = ()
