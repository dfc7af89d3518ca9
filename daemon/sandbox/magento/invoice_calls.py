"""The calls about invoices."""

from decimal import Decimal

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.order_calls import existing_order
from daemon.sandbox.magento.order_view import amounts, comment_view
from daemon.sandbox.magento.orders import NONE, Invoice, Order, OrderItem
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.shipment_calls import document_comment, refuse_document
from daemon.sandbox.magento.values import JsonObject, integer, mapping, number, rows, text

_HEADING = "Invoice Document Validation Error(s):"
_CLOSED = frozenset({"holded", "payment_review", "canceled", "closed"})
_PAID = 2


def invoice_order(call: Call) -> str:
    """`POST order/:id/invoice`: more than open is refused; a repeat invoices again, as long as something is open."""
    order = existing_order(call, "orderId")
    lines = _lines(order, call.body)
    complaints: list[str] = []
    if not lines:
        complaints.append("The invoice can't be created without products. Add products and try again.")
    if order.state in _CLOSED:
        complaints.append(f"An invoice cannot be created when an order has a status of {order.status}")
    elif order.is_invoiced():
        complaints.append("The order does not allow an invoice to be created.")
    refuse_document(_HEADING, complaints)
    sales, now = call.shop.sales, call.shop.timestamp()
    is_first = all(known.order_id != order.order_id for known in sales.invoices.values())
    invoice_id = sales.next("invoice")
    invoice = Invoice(
        invoice_id=invoice_id,
        order_id=order.order_id,
        increment_id=f"{invoice_id:09}",
        created_at=now,
        updated_at=now,
        lines=[(sales.next("invoice_item"), item, quantity) for item, quantity in lines],
        shipping_amount=order.shipping_amount if is_first else NONE,
    )
    said = mapping(call.body, "comment")
    if said is not None and text(said, "comment"):
        invoice.comments.append(document_comment(call, said, "invoice_comment"))
    sales.invoices[invoice_id] = invoice
    for item, quantity in lines:
        item.invoiced += quantity
    order.paid += _total(invoice)
    order.settle()
    order.updated_at = now
    return str(invoice_id)


def _lines(order: Order, body: JsonObject) -> list[tuple[OrderItem, Decimal]]:
    if not rows(body, "items"):
        return [(item, item.to_invoice) for item in order.items if item.to_invoice > 0]
    lines: list[tuple[OrderItem, Decimal]] = []
    for row in rows(body, "items"):
        item, quantity = order.item(integer(row, "order_item_id")), number(row, "qty") or NONE
        if item is None or item.parent is not None or quantity <= 0:
            continue
        if quantity > item.to_invoice:
            raise Refusal('We found an invalid quantity to invoice item "%1".', parameters=[item.name])
        lines.append((item, quantity))
        lines += [(part, quantity) for part in order.parts_of(item)]
    return lines


def _total(invoice: Invoice) -> Decimal:
    return sum((item.price * quantity for _, item, quantity in invoice.lines), invoice.shipping_amount)


def get_invoice(call: Call) -> JsonObject:
    """`GET invoices/:id`."""
    invoice = call.shop.sales.invoices.get(call.number("id"))
    if invoice is None:
        raise Refusal("The entity that was requested doesn't exist. Verify the entity and try again.", status=404)
    return invoice_view(call, invoice)


def search_invoices(call: Call) -> JsonObject:
    """`GET invoices?searchCriteria…`."""
    criteria = call.criteria()
    views = [invoice_view(call, invoice) for invoice in call.shop.sales.invoices.values()]
    found, total = find(views, criteria, lambda view, field: view.get(field))
    return result(found, criteria, total)


def invoice_view(call: Call, invoice: Invoice) -> JsonObject:
    """An invoice as the shop shows it."""
    order = call.shop.sales.orders[invoice.order_id]
    subtotal = _total(invoice) - invoice.shipping_amount
    currencies = ("base_currency_code", "global_currency_code", "order_currency_code", "store_currency_code")
    zeros = {"discount_amount": NONE, "discount_tax_compensation_amount": NONE, "tax_amount": NONE}
    return {
        **dict.fromkeys(currencies, "USD"),
        **amounts(
            {
                **zeros,
                "shipping_tax_amount": NONE,
                "grand_total": _total(invoice),
                "shipping_amount": invoice.shipping_amount,
                "shipping_incl_tax": invoice.shipping_amount,
                "subtotal": subtotal,
                "subtotal_incl_tax": subtotal,
            }
        ),
        "base_shipping_discount_tax_compensation_amnt": 0,
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "billing_address_id": order.billing_address_id,
        "can_void_flag": 0,
        "created_at": invoice.created_at,
        "entity_id": invoice.invoice_id,
        "increment_id": invoice.increment_id,
        "order_id": order.order_id,
        "shipping_address_id": order.shipping_address_id,
        "shipping_discount_tax_compensation_amount": 0,
        "state": _PAID,
        "store_id": order.store_id,
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
        "total_qty": json_number(sum((quantity for _, _, quantity in invoice.lines), NONE)),
        "updated_at": invoice.updated_at,
        "items": [_line_view(invoice, line_id, item, quantity) for line_id, item, quantity in invoice.lines],
        "comments": [comment_view(comment, invoice.invoice_id) for comment in invoice.comments],
    }


def _line_view(invoice: Invoice, line_id: int, item: OrderItem, quantity: Decimal) -> JsonObject:
    view: JsonObject = {
        **amounts({"price": item.price}),
        "entity_id": line_id,
        "name": item.name,
        "parent_id": invoice.invoice_id,
        "product_id": item.product_id,
        "sku": item.sku,
        "order_item_id": item.item_id,
        "qty": json_number(quantity),
    }
    if item.parent is None:
        row = item.price * quantity
        view |= amounts(
            {
                "discount_tax_compensation_amount": NONE,
                "price_incl_tax": item.price,
                "row_total": row,
                "row_total_incl_tax": row,
                "tax_amount": NONE,
            }
        )
    return view
