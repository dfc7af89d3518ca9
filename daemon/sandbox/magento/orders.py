"""Orders, their lines, shipments and invoices, as the shop keeps them."""

from dataclasses import dataclass, field
from decimal import Decimal

from daemon.sandbox.magento.values import JsonObject

NONE = Decimal(0)
CLOSED_STATES = frozenset({"complete", "closed", "canceled"})


@dataclass(slots=True, kw_only=True)
class OrderItem:
    """One line; shipping and invoicing change it in place, hence not frozen. A part of a configurable has a parent."""

    item_id: int
    quote_item_id: int
    sku: str
    name: str
    product_id: int
    product_type: str
    price: Decimal
    original_price: Decimal
    ordered: Decimal
    weight: Decimal
    created_at: str
    updated_at: str
    parent: "OrderItem | None" = None
    chosen: tuple[tuple[int, int], ...] = ()
    invoiced: Decimal = NONE
    shipped: Decimal = NONE
    canceled: Decimal = NONE

    @property
    def is_shippable(self) -> bool:
        """Whether it is shipped itself: the parent of a configurable line is, its part is not."""
        return self.parent is None and self.product_type not in ("virtual", "downloadable")

    @property
    def to_ship(self) -> Decimal:
        """What is left to ship."""
        return self.ordered - self.shipped - self.canceled if self.is_shippable else NONE

    @property
    def to_invoice(self) -> Decimal:
        """What is left to invoice."""
        return self.ordered - self.invoiced - self.canceled

    @property
    def row_total(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.ordered


@dataclass(slots=True, kw_only=True)
class Comment:
    """One entry of an order's history, or one comment of a shipment or invoice."""

    comment_id: int
    text: str | None
    created_at: str
    is_notified: int | None
    is_visible: int
    status: str | None = None


@dataclass(slots=True, kw_only=True)
class Track:
    """One parcel of a shipment."""

    track_id: int
    number: str
    title: str
    carrier: str
    created_at: str


@dataclass(slots=True, kw_only=True)
class Shipment:
    """One shipment: lines with their quantity."""

    shipment_id: int
    order_id: int
    increment_id: str
    created_at: str
    updated_at: str
    lines: list[tuple[int, OrderItem, Decimal]]
    source: str
    tracks: list[Track] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Invoice:
    """One invoice: lines with their quantity."""

    invoice_id: int
    order_id: int
    increment_id: str
    created_at: str
    updated_at: str
    lines: list[tuple[int, OrderItem, Decimal]]
    shipping_amount: Decimal
    comments: list[Comment] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Order:
    """
    One order; calls change it in place, hence not frozen.

    Attributes:
        facts: what `POST orders` laid over it, by name: `ext_order_id` and the like.
        address: the buyer's address, without ids.
        before_hold: state and status to return to.
    """

    order_id: int
    increment_id: str
    quote_id: int
    email: str
    state: str
    status: str
    created_at: str
    updated_at: str
    address: JsonObject
    shipping_address_id: int | None
    billing_address_id: int
    items: list[OrderItem]
    shipping_amount: Decimal
    payment: JsonObject
    store_id: int = 1
    facts: JsonObject = field(default_factory=dict)
    history: list[Comment] = field(default_factory=list)
    paid: Decimal = NONE
    before_hold: tuple[str, str] | None = None

    @property
    def subtotal(self) -> Decimal:
        """The lines without shipping."""
        return sum((item.row_total for item in self.items if item.parent is None), NONE)

    @property
    def grand_total(self) -> Decimal:
        """Everything."""
        return self.subtotal + self.shipping_amount

    def item(self, item_id: int | None) -> OrderItem | None:
        """The line of that id."""
        return next((each for each in self.items if each.item_id == item_id), None)

    def parts_of(self, item: OrderItem) -> list[OrderItem]:
        """The lines below one."""
        return [each for each in self.items if each.parent is item]

    def is_shipped(self) -> bool:
        """Whether nothing is left to ship."""
        return all(item.to_ship <= 0 for item in self.items)

    def is_invoiced(self) -> bool:
        """Whether nothing is left to invoice."""
        return all(item.to_invoice <= 0 for item in self.items)

    def settle(self) -> None:
        """Move on to the state that shipping and invoicing have brought it to, with that state's own status."""
        done = self.is_shipped() and self.is_invoiced()
        self.state = self.status = "complete" if done else "processing"


class Sales:
    """Orders, shipments and invoices by id."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.shipments: dict[int, Shipment] = {}
        self.invoices: dict[int, Invoice] = {}
        self._last: dict[str, int] = {}

    def next(self, kind: str) -> int:
        """A new id of one kind; failed attempts use one up too where the database does."""
        self._last[kind] = self._last.get(kind, 0) + 1
        return self._last[kind]

    def reserved(self, sku: str) -> Decimal:
        """How much of a SKU is ordered and neither shipped nor cancelled."""
        return sum(
            (
                item.to_ship
                for order in self.orders.values()
                for item in order.items
                if item.is_shippable and item.sku.lower() == sku.lower()
            ),
            NONE,
        )
