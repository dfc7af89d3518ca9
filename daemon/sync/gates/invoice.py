"""The gate of invoices: an order is invoiced in the shop once, when the ERP has nothing of it left to invoice (B51)."""

from collections.abc import Iterable
from decimal import Decimal

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.gates.order import order_type_gate
from daemon.sync.records.invoice import ErpInvoice, ErpInvoicedLine, ErpInvoicedOrder, InvoiceWithOrders


def invoice_gate(record: InvoiceWithOrders, settings: ConnectorSettings) -> KeptBack | None:
    """Let a released invoice pass that completes the invoicing of an order of the shop."""
    invoice = record.invoice
    number = f"{invoice.type} {invoice.reference_number}"
    if not invoice.is_of_a_sale:
        return KeptBack(reason="invoice_type", text=f"{number} is no invoice of a sale")
    if not invoice.is_released:
        return KeptBack(reason="invoice_not_released", text=f"{number} is {invoice.status!r}, not released")
    from_shop = [order for order in record.orders if order.external_ref]
    if not from_shop:
        return KeptBack(reason="not_from_shop", text=f"{number} is for no order of the shop")
    kept = [order_type_gate(order.order_type, settings) for order in from_shop]
    if all(kept):
        return kept[0]
    if not invoiced_orders(record, settings):
        told = "; ".join(_left(order) for order, reason in zip(from_shop, kept, strict=True) if reason is None)
        return KeptBack(reason="partly_invoiced", text=f"{number} is one part of several: {told}")
    return None


def invoiced_orders(record: InvoiceWithOrders, settings: ConnectorSettings) -> tuple[ErpInvoicedOrder, ...]:
    """Give the orders of the shop that are told as invoiced now: those with nothing left."""
    return tuple(
        order
        for order in record.orders
        if order.external_ref and order_type_gate(order.order_type, settings) is None and not _open(order)
    )


def counted_invoices(order: ErpInvoicedOrder) -> tuple[ErpInvoice, ...]:
    """Give the invoices of an order that count: released ones of sales, by their numbers."""
    counted = (each for each in order.invoices if each.is_released and each.is_of_a_sale)
    return tuple(sorted(counted, key=lambda each: each.reference_number))


def lines_of(order: ErpInvoicedOrder) -> Iterable[ErpInvoicedLine]:
    """Give what is invoiced of an order, by all of its invoices that count."""
    key = (order.order_type, order.order_number)
    for invoice in counted_invoices(order):
        yield from (line for line in invoice.lines if (line.order_type, line.order_number) == key)


def _open(order: ErpInvoicedOrder) -> dict[str, Decimal]:
    """Count what is still to be invoiced, by item; a line that was closed short is done with what was shipped."""
    due: dict[str, Decimal] = {}
    for line in order.lines:
        ordered = line.shipped_quantity if line.is_completed else line.quantity
        due[line.inventory_id] = due.get(line.inventory_id, Decimal(0)) + ordered
    for invoiced in lines_of(order):
        due[invoiced.inventory_id] = due.get(invoiced.inventory_id, Decimal(0)) - invoiced.quantity
    return {item: left for item, left in due.items() if left > 0}


def _left(order: ErpInvoicedOrder) -> str:
    items = ", ".join(f"{left.normalize():f} of {item}" for item, left in sorted(_open(order).items()))
    return f"of order {order.order_type} {order.order_number} are left {items}"
