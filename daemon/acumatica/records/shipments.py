"""Shipments, as far as the shop is told of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.invoices import read_is_released
from daemon.acumatica.records.making import make_one
from daemon.acumatica.records.orders import read_external_ref
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.shipment import ErpPackage, ErpShipment, ErpShipmentOrder, ErpShippedLine

SHIPMENT: Final = Reading(
    entity="Shipment",
    fields=(
        "ShipmentNbr", "Type", "Status", "ShipVia", "WarehouseID", "LastModifiedDateTime",
        *(f"Details/{name}" for name in ("OrderType", "OrderNbr", "OrderLineNbr", "InventoryID", "ShippedQty", "UOM")),
        *(f"Packages/{name}" for name in ("TrackingNbr", "Weight")),
        *(f"Orders/{name}" for name in ("OrderType", "OrderNbr", "InvoiceType", "InvoiceNbr")),
    ),
)  # fmt: skip


async def read_shipment(client: AcumaticaClient, shipment_number: str) -> ErpShipment | NotDone:
    """Read one shipment, with the shop's number of each order and whether its invoice is released."""
    shipment = await make_one(client, SHIPMENT, (shipment_number,), _shipment)
    if isinstance(shipment, NotDone):
        return shipment
    orders = []
    for order in shipment.orders:
        reference = await read_external_ref(client, order.order_type, order.order_number)
        if isinstance(reference, NotDone):
            return reference
        invoice = order.invoice_number
        released = False if invoice is None else await read_is_released(client, order.invoice_type, invoice)
        if isinstance(released, NotDone):
            return released
        orders.append(replace(order, external_ref=reference, is_invoice_released=released))
    return replace(shipment, orders=tuple(orders))


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
                order_type=order_type,
                order_number=order_number,
                invoice_type=order.text("InvoiceType") or "Invoice",
                invoice_number=order.text("InvoiceNbr"),
            )
            # A transfer between warehouses may serve none.
            for order in row.rows("Orders")
            if (order_type := order.text("OrderType")) and (order_number := order.text("OrderNbr"))
        ),
        lines=tuple(
            ErpShippedLine(
                order_type=line.text("OrderType") or "",
                order_number=line.text("OrderNbr") or "",
                inventory_id=line.text("InventoryID") or "",
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
