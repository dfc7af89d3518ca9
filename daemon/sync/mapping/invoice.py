"""Invoices as the shop is to hold them: one for each order, of all that the ERP has invoiced of it (B51)."""

from decimal import Decimal

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.invoice import counted_invoices, invoiced_orders, lines_of
from daemon.sync.mapping.refusal import unmapped
from daemon.sync.records.invoice import ErpInvoicedOrder, InvoiceWithOrders
from daemon.sync.shop.order import ShippedLine, ShopInvoice
from queues.verdicts import Refused


def map_invoice(record: InvoiceWithOrders, settings: ConnectorSettings) -> tuple[ShopInvoice, ...] | Refused:
    """
    Give the invoices that *record* completes, order by order.

    Each is known by the numbers of all invoices of its order: whichever of them is reported, it is the same one.
    """
    told = tuple(
        ShopInvoice(
            order=order.external_ref,
            key=", ".join(each.reference_number for each in counted_invoices(order)),
            lines=lines,
            capture=settings.invoice.capture,
            notify=settings.invoice.notify,
        )
        for order in invoiced_orders(record, settings)
        if order.external_ref and (lines := _lines(order))
    )
    return told or unmapped(f"invoice {record.invoice.reference_number} has no line for an order of the shop")


def _lines(order: ErpInvoicedOrder) -> tuple[ShippedLine, ...]:
    quantities: dict[str, Decimal] = {}
    for line in lines_of(order):
        item = line.inventory_id.strip()
        quantities[item] = quantities.get(item, Decimal(0)) + line.quantity
    return tuple(ShippedLine(sku=item, quantity=quantity) for item, quantity in quantities.items() if quantity > 0)
