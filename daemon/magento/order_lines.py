"""From SKUs and quantities to the lines of an order, never more than is open: the store would cut it down silently."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from daemon.magento.stored_orders import StoredLine, StoredOrder
from daemon.magento.talk import Document, refuse
from daemon.sync.shop.order import ShippedLine


def allotted(
    order: StoredOrder, lines: Sequence[ShippedLine], *, is_open: Callable[[StoredLine], Decimal], doing: str
) -> list[Document]:
    """
    Give the items of a shipment or an invoice.

    Args:
        order: as the store holds it now.
        lines: what is to be shipped or invoiced.
        is_open: how much of a line is left.
        doing: `ship` or `invoice`, for the text of a refusal.

    Raises:
        Halted: a SKU is not in the order, or more than is open is asked for.
    """
    wanted: dict[str, Decimal] = {}
    shown = {line.sku.casefold(): line.sku for line in lines}
    for line in lines:
        if line.quantity <= 0:
            refuse("validation", f"there is no way to {doing} {line.quantity:f} of {line.sku}")
        wanted[line.sku.casefold()] = wanted.get(line.sku.casefold(), Decimal(0)) + line.quantity
    if not wanted:
        refuse("validation", f"there is nothing to {doing} of order {order.number}")
    items: list[Document] = []
    for sku, quantity in wanted.items():
        rows = [row for row in order.lines if row.sku.casefold() == sku]
        if not rows:
            refuse("not_found", f"order {order.number} of the store has no line with {shown[sku]}; mend it in the ERP")
        left = quantity
        for row in rows:
            part = min(left, is_open(row))
            if part > 0:
                items.append({"order_item_id": row.item_id, "qty": part})
                left -= part
        if left > 0:
            refuse(
                "conflict",
                f"{_plain(quantity)} of {shown[sku]} to {doing}, only {_plain(quantity - left)} left in order "
                f"{order.number} of the store (state {order.state}); mend the quantity in the ERP, or look whether "
                "somebody has done it in the store by hand",
            )
    return items


def _plain(quantity: Decimal) -> str:
    """Write a quantity as people do: `2`, not `2.0`, and never `2E+1`."""
    return f"{quantity.normalize():f}"
