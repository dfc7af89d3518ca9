"""Documents of the simulated ERP, as its control call takes them: plain values, lines by item."""

from collections.abc import Mapping
from typing import Any


def sales_order(number: str, reference: str | None, lines: Mapping[str, int], **values: Any) -> dict[str, Any]:  # noqa: ANN401 - plain values of any field
    """Make an order of type SO; *reference* is the shop's number of it."""
    details = [
        {"LineNbr": place, "InventoryID": item, "OrderQty": quantity, "UOM": "EACH", "WarehouseID": "MAIN"}
        for place, (item, quantity) in enumerate(lines.items(), start=1)
    ]
    own = {"OrderType": "SO", "OrderNbr": number, "CustomerID": "C000001", "ExternalRef": reference, "Status": "Open"}
    return {**own, "Details": details, **values}


def shipment(number: str, order: str, lines: Mapping[str, int], *tracks: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Make a confirmed shipment of an order of type SO."""
    of = {"OrderType": "SO", "OrderNbr": order}
    return {
        "ShipmentNbr": number,
        "Type": "Shipment",
        "Status": "Confirmed",
        "ShipVia": "GROUND",
        "WarehouseID": "MAIN",
        "Details": [{**of, "InventoryID": item, "ShippedQty": quantity} for item, quantity in lines.items()],
        "Packages": [{"TrackingNbr": track, "Weight": 1} for track in tracks],
        "Orders": [{**of, "ShipmentNbr": number, "InvoiceNbr": values.pop("InvoiceNbr", None)}],
        **values,
    }


def invoice(
    number: str,
    order: str,
    lines: Mapping[str, int],
    *,
    shipment: str | None,
    **values: Any,  # noqa: ANN401 - as above
) -> dict[str, Any]:
    """Make a sales invoice of an order of type SO, not yet released."""
    of = {"OrderType": "SO", "OrderNbr": order, "ShipmentNbr": shipment}
    details = [{**of, "InventoryID": item, "Qty": quantity} for item, quantity in lines.items()]
    return {"Type": "Invoice", "ReferenceNbr": number, "Status": "Balanced", "Details": details, **values}
