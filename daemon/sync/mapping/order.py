"""What becomes of orders: their status and their shipments (R37, R40, B41, B43, B51)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.order import shipped_orders
from daemon.sync.mapping.refusal import unmapped
from daemon.sync.records.order import ErpOrder
from daemon.sync.records.shipment import ErpShipment, ErpShipmentOrder
from daemon.sync.shop.order import ShippedLine, ShopOrderStatus, ShopShipment, Track
from queues.verdicts import Refused


def map_order_status(order: ErpOrder, settings: ConnectorSettings) -> ShopOrderStatus | Refused:
    """Give the shop's status of an order; the map is read letter by letter, as operators type it."""
    row = next((each for each in settings.mappings.order_statuses if each.erp_status == order.status), None)
    if row is None or not order.external_ref:
        return unmapped(
            f"order {order.order_type} {order.order_number} has the status {order.status!r}, which is not mapped"
        )
    return ShopOrderStatus(order=order.external_ref, status=row.status, state=row.state, notify=row.notify)


def map_shipment(shipment: ErpShipment, settings: ConnectorSettings) -> tuple[ShopShipment, ...] | Refused:
    """Give a shipment order by order; those of dropship orders carry the ship-via chosen for them."""
    ship_via = shipment.ship_via
    if shipment.is_dropship:
        ship_via = settings.shipment.dropship_ship_via
        if ship_via is None:
            return unmapped(
                f"shipment {shipment.shipment_number} is a drop shipment, and shipment.dropship_ship_via is not chosen"
            )
    tracks = tuple(_tracks(shipment, ship_via, settings))
    sources = {row.warehouse.strip().casefold(): row.source for row in settings.mappings.warehouses}
    source = sources.get((shipment.warehouse or "").strip().casefold())
    shipments = [
        ShopShipment(
            order=order.external_ref,
            key=shipment.shipment_number,
            lines=lines,
            tracks=tracks,
            source=source,
            notify=settings.shipment.notify,
        )
        for order in shipped_orders(shipment, settings)
        if order.external_ref and (lines := _lines(shipment, order))
    ]
    if not shipments:
        return unmapped(f"shipment {shipment.shipment_number} has no line for an order of the shop")
    return tuple(shipments)


def _lines(shipment: ErpShipment, order: ErpShipmentOrder) -> tuple[ShippedLine, ...]:
    return tuple(
        ShippedLine(sku=line.inventory_id.strip(), quantity=line.quantity)
        for line in shipment.lines
        if (line.order_type, line.order_number) == (order.order_type, order.order_number) and line.quantity > 0
    )


def _tracks(shipment: ErpShipment, ship_via: str | None, settings: ConnectorSettings) -> list[Track]:
    row = next((each for each in settings.mappings.carriers if each.ship_via == (ship_via or "").strip()), None)
    numbers = dict.fromkeys(
        package.tracking_number.strip()
        for package in shipment.packages
        if package.tracking_number and package.tracking_number.strip()
    )
    title = row.title if row else (ship_via or "Shipping").strip()
    return [Track(number=number, title=title, carrier=row.carrier if row else "custom") for number in numbers]
