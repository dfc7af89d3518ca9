"""Sales invoices, as far as the shop is told of them."""

from decimal import Decimal
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import is_missing, make_one
from daemon.acumatica.records.orders import read_order
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.invoice import ErpInvoice, ErpInvoicedLine, ErpInvoicedOrder, InvoiceWithOrders, is_released
from daemon.sync.records.order import ErpOrder

INVOICE: Final = Reading(
    entity="SalesInvoice",
    fields=(
        "Type", "ReferenceNbr", "Status", "LastModifiedDateTime",
        *(f"Details/{name}" for name in ("OrderType", "OrderNbr", "InventoryID", "Qty", "ShipmentNbr")),
    ),
)  # fmt: skip
_STATUS: Final = Reading(entity="SalesInvoice", fields=("Type", "ReferenceNbr", "Status"))


async def read_invoice(client: AcumaticaClient, type_: str, reference_number: str) -> ErpInvoice | NotDone:
    """Read one sales invoice by itself."""
    return await make_one(client, INVOICE, (type_, reference_number), _invoice)


async def read_invoice_with_orders(
    client: AcumaticaClient, type_: str, reference_number: str
) -> InvoiceWithOrders | NotDone:
    """Read one sales invoice; of one that counts its orders as well, with all other invoices of theirs."""
    invoice = await read_invoice(client, type_, reference_number)
    if isinstance(invoice, NotDone):
        return invoice
    if not (invoice.is_released and invoice.is_of_a_sale):
        return InvoiceWithOrders(invoice=invoice)
    orders = []
    for order_type, order_number in dict.fromkeys((line.order_type, line.order_number) for line in invoice.lines):
        if not order_type or not order_number:
            continue  # invoiced without an order
        order = await read_order(client, order_type, order_number)
        if isinstance(order, NotDone):
            if is_missing(order):
                continue
            return order
        invoiced = await _invoiced(client, order, invoice)
        if isinstance(invoiced, NotDone):
            return invoiced
        orders.append(invoiced)
    return InvoiceWithOrders(invoice=invoice, orders=tuple(orders))


async def read_is_released(client: AcumaticaClient, type_: str, reference_number: str) -> bool | NotDone:
    """Tell whether an invoice is released; one that is not there is not."""
    key = (type_, reference_number)
    found = await make_one(client, _STATUS, key, lambda row: is_released(row.text("Status")))
    return False if is_missing(found) else found


async def _invoiced(client: AcumaticaClient, order: ErpOrder, known: ErpInvoice) -> ErpInvoicedOrder | NotDone:
    invoices = [known]
    for type_, number in order.invoices if order.external_ref else ():
        if (type_, number) == (known.type, known.reference_number):
            continue
        other = await read_invoice(client, type_, number)
        if not isinstance(other, NotDone):
            invoices.append(other)
        elif not is_missing(other):
            return other
    return ErpInvoicedOrder(
        order_type=order.order_type,
        order_number=order.order_number,
        external_ref=order.external_ref,
        lines=order.lines,
        invoices=tuple(invoices),
    )


def _invoice(row: Wrapped) -> ErpInvoice:
    return ErpInvoice(
        type=row.required("Type"),
        reference_number=row.required("ReferenceNbr"),
        status=row.text("Status") or "",
        lines=tuple(
            ErpInvoicedLine(
                order_type=line.text("OrderType"),
                order_number=line.text("OrderNbr"),
                inventory_id=line.text("InventoryID") or "",
                quantity=line.number("Qty") or Decimal(0),
                shipment_number=line.text("ShipmentNbr"),
            )
            for line in row.rows("Details")
        ),
        modified_at=row.moment("LastModifiedDateTime"),
    )
