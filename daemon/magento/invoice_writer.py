"""Invoices into the store: made once, recognised by the ERP's number in their comment."""

from daemon.magento.client import MagentoClient
from daemon.magento.order_lines import allotted
from daemon.magento.stored_orders import read_order
from daemon.magento.talk import Condition, Document, applied, id_in, refuse, search, settled, tell
from daemon.magento.turns import Turns
from daemon.sync.shop.order import ShopInvoice
from queues.verdicts import Delivered, Verdict


class InvoiceWriter:
    """
    Brings invoices to a store. Invoicing is not repeatable: what the order's invoices say is read before.

    Args:
        client: the store.
        turns: by order, shared with shipments and statuses.
    """

    def __init__(self, client: MagentoClient, *, turns: Turns) -> None:
        self._client = client
        self._turns = turns

    async def write(self, record: ShopInvoice) -> Verdict:
        """Bring the store to hold the invoice."""
        async with self._turns.of(record.order.strip()):
            return await settled(self._write(record))

    async def _write(self, record: ShopInvoice) -> Verdict:
        mark = invoice_mark(record.key)
        order = await read_order(self._client, record.order)
        rows = await search(
            self._client,
            ("invoices",),
            [Condition(field="order_id", value=str(order.order_id))],
            what=f"the invoices of order {order.number}",
            fields="entity_id,comments[comment]",
        )
        for row in rows:
            if any(isinstance(each, dict) and each.get("comment") == mark for each in row.get("comments") or []):
                return Delivered()
        document: Document = {
            "capture": record.capture,
            "notify": record.notify,
            "appendComment": False,
            "comment": {"comment": mark, "is_visible_on_front": 0},
        }
        if record.lines is not None:
            document["items"] = allotted(order, record.lines, is_open=lambda line: line.to_invoice, doing="invoice")
        elif all(line.to_invoice == 0 for line in order.lines):
            refuse(
                "conflict",
                f"nothing is left to invoice of order {order.number} in the store (state {order.state}); somebody may "
                "have done it there by hand",
            )
        reply = await tell(
            self._client,
            "POST",
            ("order", str(order.order_id), "invoice"),
            document,
            hint=f"the order is {order.state} in the store",
        )
        id_in(reply, "an invoice")
        return applied(reply)


def invoice_mark(key: str) -> str:
    """Write the comment by which an invoice of the ERP is recognised."""
    return f"ERP invoice {key.strip()}"
