"""Documents: sales orders, shipments, invoices, as far as the shop is told of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import make_one
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.invoice import ErpInvoice, ErpInvoicedLine
from daemon.sync.records.order import ErpOrder, ErpOrderLine
from daemon.sync.records.shipment import ErpPackage, ErpShipment, ErpShipmentOrder, ErpShippedLine
from queues.verdicts import Refused

_RELEASED: Final = frozenset({"Open", "Closed"})

ORDER: Final = Reading(
    entity="SalesOrder",
    fields=(
        "OrderType", "OrderNbr", "Status", "CustomerID", "ExternalRef", "ShipVia", "LastModified",
        *(f"Details/{name}" for name in ("LineNbr", "InventoryID", "OrderQty", "QtyOnShipments", "UOM", "MarkForPO")),
    ),
)  # fmt: skip
_REFERENCE: Final = Reading(entity="SalesOrder", fields=("OrderType", "OrderNbr", "ExternalRef"))
SHIPMENT: Final = Reading(
    entity="Shipment",
    fields=(
        "ShipmentNbr", "Type", "Status", "ShipVia", "WarehouseID", "LastModifiedDateTime",
        *(f"Details/{name}" for name in ("OrderType", "OrderNbr", "OrderLineNbr", "InventoryID", "ShippedQty", "UOM")),
        *(f"Packages/{name}" for name in ("TrackingNbr", "Weight")),
        *(f"Orders/{name}" for name in ("OrderType", "OrderNbr", "InvoiceType", "InvoiceNbr")),
    ),
)  # fmt: skip
INVOICE: Final = Reading(
    entity="SalesInvoice",
    fields=(
        "Type", "ReferenceNbr", "Status", "LastModifiedDateTime",
        *(f"Details/{name}" for name in ("OrderType", "OrderNbr", "InventoryID", "Qty", "ShipmentNbr")),
    ),
)  # fmt: skip
_INVOICE_STATUS: Final = Reading(entity="SalesInvoice", fields=("Type", "ReferenceNbr", "Status"))


async def read_order(client: AcumaticaClient, order_type: str, order_number: str) -> ErpOrder | NotDone:
    """Read one sales order."""
    return await make_one(client, ORDER, (order_type, order_number), _order)


async def read_shipment(client: AcumaticaClient, shipment_number: str) -> ErpShipment | NotDone:
    """Read one shipment, with the shop's number of each order and whether its invoice is released."""
    shipment = await make_one(client, SHIPMENT, (shipment_number,), _shipment)
    if isinstance(shipment, NotDone):
        return shipment
    orders = []
    for order in shipment.orders:
        reference = await _external_ref(client, order.order_type, order.order_number)
        released = await _is_released(client, order.invoice_number)
        if isinstance(reference, NotDone):
            return reference
        if isinstance(released, NotDone):
            return released
        orders.append(replace(order, external_ref=reference, is_invoice_released=released))
    return replace(shipment, orders=tuple(orders))


async def read_invoice(client: AcumaticaClient, type_: str, reference_number: str) -> ErpInvoice | NotDone:
    """Read one sales invoice, with the shop's number of each order on it."""
    invoice = await make_one(client, INVOICE, (type_, reference_number), _invoice)
    if isinstance(invoice, NotDone):
        return invoice
    references: dict[tuple[str, str], str | None] = {}
    for line in invoice.lines:
        if line.order_type is None or line.order_number is None:
            continue
        order = (line.order_type, line.order_number)
        if order not in references:
            reference = await _external_ref(client, *order)
            if isinstance(reference, NotDone):
                return reference
            references[order] = reference
    lines = (
        replace(line, external_ref=references.get((line.order_type or "", line.order_number or "")))
        for line in invoice.lines
    )
    return replace(invoice, lines=tuple(lines))


async def _external_ref(client: AcumaticaClient, order_type: str, order_number: str) -> str | NotDone | None:
    found = await make_one(client, _REFERENCE, (order_type, order_number), lambda row: row.text("ExternalRef"))
    return None if _is_missing(found) else found


async def _is_released(client: AcumaticaClient, number: str | None) -> bool | NotDone:
    if number is None:
        return False
    found = await make_one(client, _INVOICE_STATUS, ("Invoice", number), lambda row: row.text("Status") in _RELEASED)
    return False if _is_missing(found) else found


def _is_missing(found: object) -> bool:
    return (
        isinstance(found, NotDone) and isinstance(found.verdict, Refused) and found.verdict.error_class == "not_found"
    )


def _order(row: Wrapped) -> ErpOrder:
    return ErpOrder(
        order_type=row.required("OrderType"),
        order_number=row.required("OrderNbr"),
        status=row.text("Status") or "",
        customer_id=row.text("CustomerID"),
        external_ref=row.text("ExternalRef"),
        ship_via=row.text("ShipVia"),
        lines=tuple(
            ErpOrderLine(
                line_number=line.whole("LineNbr") or 0,
                inventory_id=line.required("InventoryID"),
                quantity=line.number("OrderQty") or Decimal(0),
                shipped_quantity=line.number("QtyOnShipments") or Decimal(0),
                unit=line.text("UOM"),
                is_dropship=bool(line.flag("MarkForPO")),
            )
            for line in row.rows("Details")
        ),
        modified_at=row.moment("LastModified"),
    )


def _shipment(row: Wrapped) -> ErpShipment:
    kind = row.text("Type") or "Shipment"
    return ErpShipment(
        shipment_number=row.required("ShipmentNbr"),
        status=row.text("Status") or "",
        type=kind,
        ship_via=row.text("ShipVia"),
        warehouse=row.text("WarehouseID"),
        is_dropship="drop" in kind.lower(),
        orders=tuple(
            ErpShipmentOrder(
                order_type=order.required("OrderType"),
                order_number=order.required("OrderNbr"),
                invoice_number=order.text("InvoiceNbr"),
            )
            for order in row.rows("Orders")
        ),
        lines=tuple(
            ErpShippedLine(
                order_type=line.required("OrderType"),
                order_number=line.required("OrderNbr"),
                inventory_id=line.required("InventoryID"),
                quantity=line.number("ShippedQty") or Decimal(0),
                unit=line.text("UOM"),
                order_line=line.whole("OrderLineNbr"),
            )
            for line in row.rows("Details")
        ),
        packages=tuple(
            ErpPackage(tracking_number=package.text("TrackingNbr"), weight=package.number("Weight"))
            for package in row.rows("Packages")
        ),
        modified_at=row.moment("LastModifiedDateTime"),
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
