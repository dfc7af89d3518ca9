"""The gates of what becomes of orders: their status and their shipments (R37, R39, B43, B51)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.shipment import ShipmentTrigger
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.records.order import ErpOrder
from daemon.sync.records.shipment import ErpShipment, ErpShipmentOrder

_CONFIRMED = frozenset({"confirmed", "partially invoiced", "invoiced", "completed"})


def order_type_gate(order_type: str | None, settings: ConnectorSettings) -> KeptBack | None:
    """Let the order types pass that were chosen; with none chosen, none does (D32)."""
    chosen = settings.orders.types_to_shop
    if order_type in chosen:
        return None
    told = ", ".join(chosen) or "none is chosen"
    return KeptBack(reason="order_type", text=f"order type {order_type or 'none'} does not go to the shop ({told})")


def order_status_gate(order: ErpOrder, settings: ConnectorSettings) -> KeptBack | None:
    """Let the status of an order pass that came from the shop and whose status the map knows, letter by letter."""
    kept = order_type_gate(order.order_type, settings)
    if kept is not None:
        return kept
    if not order.external_ref:
        text = f"order {order.order_type} {order.order_number} did not come from the shop"
        return KeptBack(reason="not_from_shop", text=text)
    if all(row.erp_status != order.status for row in settings.mappings.order_statuses):
        return KeptBack(reason="status_not_mapped", text=f"the status {order.status!r} is in no row of the status map")
    return None


def shipped_orders(shipment: ErpShipment, settings: ConnectorSettings) -> tuple[ErpShipmentOrder, ...]:
    """Give the orders of the shipment that are told to the shop now, by the Shipment Sync Trigger."""
    return tuple(
        order
        for order in shipment.orders
        if order.external_ref
        and order_type_gate(order.order_type, settings) is None
        and (settings.shipment.trigger == "shipment_confirmation" or order.is_invoice_released)
    )


def shipment_gate(
    shipment: ErpShipment, settings: ConnectorSettings, *, event: ShipmentTrigger | None = None
) -> KeptBack | None:
    """
    Let a shipment pass when the chosen event of the ERP has come about.

    Args:
        shipment: read whole.
        settings: of the scope.
        event: what was reported; None: the shipment was looked at for another reason, and its state alone decides.
    """
    trigger, number = settings.shipment.trigger, shipment.shipment_number
    if shipment.status.strip().casefold() not in _CONFIRMED:
        return KeptBack(reason="shipment_not_confirmed", text=f"shipment {number} is {shipment.status!r}")
    reasons = [order_type_gate(order.order_type, settings) for order in shipment.orders]
    if all(reasons):
        return next(filter(None, reasons), None) or KeptBack(
            reason="not_from_shop", text=f"shipment {number} serves no order"
        )
    if not any(order.external_ref for order in shipment.orders):
        return KeptBack(reason="not_from_shop", text=f"no order of shipment {number} came from the shop")
    if trigger == "invoice_release" and (event == "shipment_confirmation" or not shipped_orders(shipment, settings)):
        return KeptBack(
            reason="invoice_not_released", text=f"shipments go out on invoice release, and that of {number} is not yet"
        )
    if not shipped_orders(shipment, settings):
        return KeptBack(
            reason="not_from_shop", text=f"no order of shipment {number} that goes to the shop came from it"
        )
    return None
