"""
The status of orders into the store, by the call that brings each about.

A comment cannot change a status, and a status set directly is not checked. So cancelling, holding and releasing have
their own calls, a merchant's status within the order's state is set directly, and what only shipping and invoicing
bring about is left to them.
"""

from collections.abc import Mapping
from typing import Final

from daemon.magento.client import Answered, MagentoClient
from daemon.magento.stored_orders import StoredOrder, read_order
from daemon.magento.talk import applied, refuse, settled, tell
from daemon.magento.turns import Turns
from daemon.sync.shop.order import OrderState, ShopOrderStatus
from queues.verdicts import Delivered, Skipped, Verdict

_STATES: Final[Mapping[str, OrderState]] = {
    "pending": "new",
    "pending_payment": "pending_payment",
    "processing": "processing",
    "complete": "complete",
    "closed": "closed",
    "canceled": "canceled",
    "holded": "holded",
    "payment_review": "payment_review",
    "fraud": "payment_review",
}
"""The statuses that come with a shop, and the state of each."""

_ENDED: Final = frozenset({"complete", "closed", "canceled"})


class OrderStatusWriter:
    """
    Brings the status of orders to a store, and a comment into their history.

    Args:
        client: the store.
        turns: by order, shared with shipments and invoices.
    """

    def __init__(self, client: MagentoClient, *, turns: Turns) -> None:
        self._client = client
        self._turns = turns

    async def write(self, record: ShopOrderStatus) -> Verdict:
        """Bring the order to the status, as far as a call can; skipped where only shipping and invoicing can."""
        async with self._turns.of(record.order.strip()):
            return await settled(self._write(record))

    async def _write(self, record: ShopOrderStatus) -> Verdict:
        state = record.state or _STATES.get(record.status)
        if state is None:
            refuse(
                "mapping",
                f"{record.status!r} is not a status of every shop; name its state in the mapping of statuses",
            )
        order = await read_order(self._client, record.order)
        verdict = await self._reach(order, record.status, state)
        if record.comment is None or record.comment in order.comments or not record.comment.strip():
            return verdict
        commented = await self._comment(order, record)
        return verdict if isinstance(verdict, Skipped) else commented

    async def _reach(self, order: StoredOrder, status: str, state: OrderState) -> Delivered | Skipped:
        if order.state == "holded" and state not in {"holded", "payment_review"}:
            await self._act(order, "unhold")
            order = await read_order(self._client, order.number)
        if order.status == status and order.state == state:
            return Delivered()
        if state == "canceled":
            return await self._cancel(order)
        if state == "holded":
            if order.state in _ENDED:
                refuse(
                    "conflict", f"the order {order.number} is {order.state} in the store and cannot be held any more"
                )
            return applied(await self._act(order, "hold"))
        if order.state == state:
            entity = {"entity_id": order.order_id, "increment_id": order.number, "state": state, "status": status}
            # Two members of its own are all that is sent: the rest of the order stays.
            return applied(await tell(self._client, "POST", ("orders",), {"entity": entity}))
        return Skipped(
            reason=f"order {order.number} is {order.state} in the store; it becomes {state} by being paid, shipped or "
            "invoiced, not by a status"
        )

    async def _cancel(self, order: StoredOrder) -> Delivered | Skipped:
        if order.state in {"complete", "closed"}:
            refuse(
                "conflict", f"the order {order.number} is {order.state} in the store and cannot be cancelled any more"
            )
        if any(line.shipped or line.invoiced for line in order.lines):
            refuse(
                "conflict",
                f"the order {order.number} is partly shipped or invoiced in the store: cancelling it would complete it "
                "instead; cancel the rest there by hand",
            )
        reply = await self._act(order, "cancel")
        if reply.document is not True:
            refuse(
                "conflict",
                f"the store answered 200, but did not cancel the order {order.number} (state {order.state})",
                exchange=reply.exchange,
            )
        return applied(reply)

    async def _act(self, order: StoredOrder, action: str) -> Answered:
        hint = f"the order is {order.state} in the store"
        return await tell(self._client, "POST", ("orders", str(order.order_id), action), hint=hint)

    async def _comment(self, order: StoredOrder, record: ShopOrderStatus) -> Delivered:
        history = {
            "comment": record.comment,
            "is_customer_notified": int(record.notify),
            "is_visible_on_front": int(record.notify),
        }
        segments = ("orders", str(order.order_id), "comments")
        return applied(await tell(self._client, "POST", segments, {"statusHistory": history}))
