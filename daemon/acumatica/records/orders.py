"""Sales orders, as far as the shop is told of them."""

from decimal import Decimal
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import is_missing, make_one
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.order import ErpOrder, ErpOrderLine

ORDER: Final = Reading(
    entity="SalesOrder",
    fields=(
        "OrderType", "OrderNbr", "Status", "CustomerID", "ExternalRef", "ShipVia", "LastModified",
        *(
            f"Details/{name}"
            for name in ("LineNbr", "InventoryID", "OrderQty", "QtyOnShipments", "UOM", "MarkForPO", "Completed")
        ),
        *(f"Shipments/{name}" for name in ("InvoiceType", "InvoiceNbr")),
    ),
)  # fmt: skip
_REFERENCE: Final = Reading(entity="SalesOrder", fields=("OrderType", "OrderNbr", "ExternalRef"))


async def read_order(client: AcumaticaClient, order_type: str, order_number: str) -> ErpOrder | NotDone:
    """Read one sales order."""
    return await make_one(client, ORDER, (order_type, order_number), _order)


async def read_external_ref(client: AcumaticaClient, order_type: str, order_number: str) -> str | NotDone | None:
    """Read the shop's number of an order; None: it did not come from the shop, or is not there."""
    found = await make_one(client, _REFERENCE, (order_type, order_number), lambda row: row.text("ExternalRef"))
    return None if is_missing(found) else found


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
                inventory_id=line.text("InventoryID") or "",
                quantity=line.number("OrderQty") or Decimal(0),
                shipped_quantity=line.number("QtyOnShipments") or Decimal(0),
                unit=line.text("UOM"),
                is_dropship=bool(line.flag("MarkForPO")),
                is_completed=bool(line.flag("Completed")),
            )
            for line in row.rows("Details")
        ),
        invoices=tuple(
            dict.fromkeys(
                (each.text("InvoiceType") or "Invoice", number)
                for each in row.rows("Shipments")
                if (number := each.text("InvoiceNbr")) is not None
            )
        ),
        modified_at=row.moment("LastModified"),
    )
