"""Orders as a store holds them now, found by the number people see."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from daemon.magento.client import MagentoClient
from daemon.magento.talk import Condition, Document, refuse, search

_FIELDS: Final = (
    "entity_id,increment_id,state,status,status_histories[comment],"
    "items[item_id,parent_item_id,sku,product_type,qty_ordered,qty_shipped,qty_invoiced,qty_canceled,qty_refunded]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """One line as bought: of a configurable the line that carries the price, whose SKU is the part's."""

    item_id: int
    sku: str
    product_type: str
    ordered: Decimal
    shipped: Decimal
    invoiced: Decimal
    canceled: Decimal
    refunded: Decimal

    @property
    def to_ship(self) -> Decimal:
        """What is left to ship; a virtual product is never shipped."""
        if self.product_type in {"virtual", "downloadable"}:
            return Decimal(0)
        return max(self.ordered - self.shipped - self.canceled - self.refunded, Decimal(0))

    @property
    def to_invoice(self) -> Decimal:
        """What is left to invoice."""
        return max(self.ordered - self.invoiced - self.canceled, Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """One order as stored; `comments` are those of its history."""

    order_id: int
    number: str
    state: str
    status: str
    lines: Sequence[StoredLine]
    comments: Sequence[str]


async def read_order(client: MagentoClient, number: str) -> StoredOrder:
    """
    Read the order of a number.

    Raises:
        Halted: there is none, or it could not be read.
    """
    number = number.strip()
    if not number:
        refuse("validation", "the order has no number of the store; only orders that came from there are told about")
    conditions = [Condition(field="increment_id", value=number)]
    rows = await search(client, ("orders",), conditions, what=f"the order {number}", fields=_FIELDS)
    row = next((each for each in rows if each.get("increment_id") == number), None)
    if row is None:
        refuse(
            "not_found",
            f"the store has no order {number}; mend the External Reference of the order in the ERP, or discard this",
        )
    items = [item for item in row.get("items") or [] if isinstance(item, dict)]
    history = [entry for entry in row.get("status_histories") or [] if isinstance(entry, dict)]
    return StoredOrder(
        order_id=int(row["entity_id"]),
        number=number,
        state=str(row.get("state", "")),
        status=str(row.get("status", "")),
        # The part below a configurable line is neither shipped nor invoiced by itself.
        lines=[_line(item) for item in items if not item.get("parent_item_id")],
        comments=[str(entry["comment"]) for entry in history if entry.get("comment")],
    )


def _line(item: Document) -> StoredLine:
    return StoredLine(
        item_id=int(item["item_id"]),
        sku=str(item.get("sku", "")),
        product_type=str(item.get("product_type", "")),
        ordered=quantity_in(item, "qty_ordered"),
        shipped=quantity_in(item, "qty_shipped"),
        invoiced=quantity_in(item, "qty_invoiced"),
        canceled=quantity_in(item, "qty_canceled"),
        refunded=quantity_in(item, "qty_refunded"),
    )


def quantity_in(row: Document, name: str) -> Decimal:
    """Read a quantity; none is 0."""
    try:
        return Decimal(str(row.get(name) or 0))
    except InvalidOperation:
        return Decimal(0)
