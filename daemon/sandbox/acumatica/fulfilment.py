"""What actions do to orders, shipments and invoices, and how each then shows the others."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from daemon.sandbox.acumatica.errors import operation_failed
from daemon.sandbox.acumatica.rows import Row, Value
from daemon.sandbox.acumatica.site import Site, make_row

_ORDER: Final = ("OrderType", "OrderNbr")


def _confirm(site: Site, row: Row) -> None:
    if row.values.get("Status") == "Confirmed":
        raise operation_failed("The shipment has already been confirmed.")
    _set(site, "Shipment", row, Status="Confirmed")
    for order in _orders_of(site, row):
        before = order.copy()
        is_left = [_count_shipped(line, order, row) for line in order.many("Details")]
        order.values["Status"] = "Back Order" if any(is_left) else "Completed"
        _link(order.many("Shipments"), ShipmentNbr=row.values.get("ShipmentNbr"))
        site.save("SalesOrder", order, before)


def _invoice(site: Site, row: Row) -> None:
    if row.values.get("Status") != "Confirmed":
        raise operation_failed("The shipment must be confirmed before it can be invoiced.")
    number = f"AR{site.next_number('SalesInvoice'):06d}"
    invoice = make_row(
        {
            "Type": "Invoice",
            "ReferenceNbr": number,
            "Status": "Balanced",
            "CustomerID": row.values.get("CustomerID"),
            "Date": site.now(),
            "Amount": Decimal(0),
            "Balance": Decimal(0),
        }
    )
    shipment = row.values.get("ShipmentNbr")
    for place, line in enumerate(row.many("Details"), start=1):
        own: dict[str, Value] = {name: line.values.get(name) for name in (*_ORDER, "OrderLineNbr", "InventoryID")}
        own |= {"LineNbr": place, "ShipmentNbr": shipment, "Qty": line.values.get("ShippedQty")}
        invoice.many("Details").append(make_row(own))
    site.save("SalesInvoice", invoice, None)
    made: dict[str, Value] = {"InvoiceType": "Invoice", "InvoiceNbr": number}
    for order in _orders_of(site, row):
        before = order.copy()
        _link(order.many("Shipments"), made, ShipmentNbr=shipment)
        site.save("SalesOrder", order, before)
        _link(row.many("Orders"), made, **{name: order.values.get(name) for name in _ORDER})
    _set(site, "Shipment", row, Status="Invoiced")


def _release(site: Site, row: Row) -> None:
    if row.values.get("Status") in ("Open", "Closed"):
        raise operation_failed("The document has already been released.")
    _set(site, "SalesInvoice", row, Status="Open")


def _cancel(site: Site, row: Row) -> None:
    if row.values.get("Status") in ("Completed", "Canceled"):
        raise operation_failed("The order cannot be canceled in its status.")
    _set(site, "SalesOrder", row, Status="Canceled")


def _orders_of(site: Site, shipment: Row) -> list[Row]:
    keys = dict.fromkeys(tuple(line.values.get(name) for name in _ORDER) for line in shipment.many("Details"))
    return [order for key in keys if (order := site.find("SalesOrder", *key)) is not None]


def _count_shipped(ordered: Row, order: Row, shipment: Row) -> bool:
    """Count what left for a line of an order; tell whether something is still to leave."""
    own = (*(order.values.get(name) for name in _ORDER), ordered.values.get("LineNbr"))
    ordered.values["QtyOnShipments"] = _decimal(ordered.values.get("QtyOnShipments")) + sum(
        (
            _decimal(line.values.get("ShippedQty"))
            for line in shipment.many("Details")
            if tuple(line.values.get(name) for name in (*_ORDER, "OrderLineNbr")) == own
        ),
        Decimal(0),
    )
    return _decimal(ordered.values["QtyOnShipments"]) < _decimal(ordered.values.get("OrderQty"))


def _link(rows: list[Row], made: Mapping[str, Value] | None = None, **key: Value) -> None:
    """Let a document be shown among *rows*, with what was made of it."""
    known = next((each for each in rows if key.items() <= each.values.items()), None)
    if known is None:
        known = make_row(key)
        rows.append(known)
    known.values |= made or {}


def _decimal(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)


def _set(site: Site, entity: str, row: Row, **values: str) -> None:
    before = row.copy()
    row.values.update(values)
    site.save(entity, row, before)


FULFILMENT: Final[Mapping[tuple[str, str], Callable[[Site, Row], None]]] = {
    ("Shipment", "ConfirmShipment"): _confirm,
    ("Shipment", "PrepareInvoice"): _invoice,
    ("SalesInvoice", "ReleaseSalesInvoice"): _release,
    ("SalesOrder", "CancelSalesOrder"): _cancel,
}
"""What each action does; SiteFault where a rule forbids it."""
