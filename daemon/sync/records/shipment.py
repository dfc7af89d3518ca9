"""Shipments and what they carry."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpShippedLine:
    """How much of an item leaves for one line of an order; *quantity* in *unit*, above 0."""

    order_type: str
    order_number: str
    inventory_id: str
    quantity: Decimal
    unit: str | None = None
    order_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpPackage:
    """One parcel; *tracking_number* is None until the carrier has given one."""

    tracking_number: str | None = None
    weight: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpShipmentOrder:
    """
    One order a shipment serves.

    Attributes:
        external_ref: the shop's number of the order; None: it did not come from the shop.
        invoice_type, invoice_number: of the invoice made from this shipment; *invoice_number* None: none yet.
        is_invoice_released: that invoice is released.
    """

    order_type: str
    order_number: str
    external_ref: str | None = None
    invoice_type: str = "Invoice"
    invoice_number: str | None = None
    is_invoice_released: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpShipment:
    """
    One shipment; it may serve several orders.

    Attributes:
        status: as the ERP words it: `Open`, `Confirmed`, `Invoiced`, `Completed` ...
        is_dropship: made by a vendor's drop shipment (its type or the receipt says so).
    """

    shipment_number: str
    status: str
    type: str = "Shipment"
    ship_via: str | None = None
    warehouse: str | None = None
    is_dropship: bool = False
    orders: tuple[ErpShipmentOrder, ...] = ()
    lines: tuple[ErpShippedLine, ...] = ()
    packages: tuple[ErpPackage, ...] = ()
    modified_at: datetime | None = None
