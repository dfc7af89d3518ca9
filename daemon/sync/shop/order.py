"""What becomes of an order in the shop: its status, shipments and invoices."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

OrderState: TypeAlias = Literal[
    "new", "pending_payment", "processing", "complete", "closed", "canceled", "holded", "payment_review"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrderStatus:
    """
    The status of one order.

    Attributes:
        order: its number as people see it (`increment_id`).
        status: code of the shop's status, `processing`.
        state: the state that a status of the merchant's own belongs to; None: a status of Magento's own.
        comment: put into the order's history, once.
        notify: tell the customer of the comment.
    """

    order: str
    status: str
    state: OrderState | None = None
    comment: str | None = None
    notify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedLine:
    """A SKU of the order (of a configurable line: the part's) and how many of it, above 0."""

    sku: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """
    One parcel.

    Attributes:
        number: tracking number, not empty.
        carrier: code of a carrier of the shop, or `custom`.
        title: how the carrier is called.
    """

    number: str
    title: str
    carrier: str = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopShipment:
    """
    One shipment of an order, whole or partial; made once, however often it is sent.

    Attributes:
        order: the order's number as people see it.
        key: the ERP's number of the shipment; it stands in the shipment's comment and tells a repeat.
        lines: what is shipped; of a SKU in several lines the sum counts.
        tracks: may come later: a repeat adds those that are missing.
        source: code of the inventory source it leaves from; None: the shop's default.
        notify: send the customer a mail.
    """

    order: str
    key: str
    lines: tuple[ShippedLine, ...]
    tracks: tuple[Track, ...] = ()
    source: str | None = None
    notify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopInvoice:
    """
    One invoice of an order; made once, however often it is sent.

    Attributes:
        order: the order's number as people see it.
        key: the ERP's number of the invoice; it stands in the invoice's comment and tells a repeat.
        lines: what is invoiced; None: everything that is not invoiced yet.
        capture: take the money, for payment methods that work online.
        notify: send the customer a mail.
    """

    order: str
    key: str
    lines: tuple[ShippedLine, ...] | None = None
    capture: bool = False
    notify: bool = False
