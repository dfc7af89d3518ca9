"""Invoices: told order by order, once, when nothing of the order is left to invoice in the ERP (B51)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.invoice import invoice_gate
from daemon.sync.mapping.invoice import map_invoice
from daemon.sync.records.invoice import ErpInvoice, ErpInvoicedLine, ErpInvoicedOrder, InvoiceWithOrders
from daemon.sync.records.order import ErpOrderLine
from daemon.sync.shop.order import ShippedLine, ShopInvoice
from queues.verdicts import Refused
from tests.erp_records import settings_with

HELD = settings_with()


def invoice(number: str, status: str, *lines: tuple[str, str, int], kind: str = "Invoice") -> ErpInvoice:
    """An invoice of so many of an item for orders of type SO: order, item, quantity."""
    return ErpInvoice(
        type=kind,
        reference_number=number,
        status=status,
        lines=tuple(
            ErpInvoicedLine(order_type="SO", order_number=order, inventory_id=item, quantity=Decimal(quantity))
            for order, item, quantity in lines
        ),
    )


def order(number: str, *invoices: ErpInvoice, reference: str | None = "000000009", **lines: int) -> ErpInvoicedOrder:
    return ErpInvoicedOrder(
        order_type="SO",
        order_number=number,
        external_ref=reference,
        lines=tuple(
            ErpOrderLine(line_number=place, inventory_id=item, quantity=Decimal(quantity))
            for place, (item, quantity) in enumerate(lines.items(), start=1)
        ),
        invoices=invoices,
    )


FIRST = invoice("AR1", "Closed", ("SO1", "MUG", 2))
LAST = invoice("AR2", "Open", ("SO1", "MUG", 1), ("SO1", "CUP", 1))
WHOLE = order("SO1", FIRST, LAST, MUG=3, CUP=1)


def reason(record: InvoiceWithOrders, held: ConnectorSettings = HELD) -> str | None:
    kept = invoice_gate(record, held)
    return None if kept is None else kept.reason


def told(record: InvoiceWithOrders, held: ConnectorSettings = HELD) -> tuple[ShopInvoice, ...]:
    mapped = map_invoice(record, held)
    assert not isinstance(mapped, Refused)
    return mapped


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"type": "Credit Memo"}, "invoice_type"),
        ({"status": "Balanced"}, "invoice_not_released"),
        ({"status": "On Hold"}, "invoice_not_released"),
        ({"type": "Cash Sale", "status": "Closed"}, None),
        ({}, None),
    ],
)
def test_released_invoices_of_sales_pass(changed: dict[str, Any], expected: str | None) -> None:
    assert reason(InvoiceWithOrders(invoice=replace(LAST, **changed), orders=(WHOLE,))) == expected


def test_orders_that_did_not_come_from_the_shop_and_other_types_are_kept_back() -> None:
    foreign, other = replace(WHOLE, external_ref=None), replace(WHOLE, order_type="CT")

    assert reason(InvoiceWithOrders(invoice=LAST)) == "not_from_shop"
    assert reason(InvoiceWithOrders(invoice=LAST, orders=(foreign,))) == "not_from_shop"
    assert reason(InvoiceWithOrders(invoice=LAST, orders=(other, foreign))) == "order_type"
    assert reason(InvoiceWithOrders(invoice=LAST, orders=(foreign, WHOLE))) is None


def test_a_part_of_the_invoicing_waits_for_the_rest_and_says_what_is_left() -> None:
    part = replace(WHOLE, invoices=(FIRST, replace(LAST, status="Balanced")))

    kept = invoice_gate(InvoiceWithOrders(invoice=FIRST, orders=(part,)), HELD)

    assert kept is not None
    assert kept.reason == "partly_invoiced"
    assert "of order SO SO1 are left 1 of CUP, 1 of MUG" in kept.text


@pytest.mark.parametrize("reported", [FIRST, LAST])
def test_whichever_invoice_is_reported_the_order_gets_the_same_one(reported: ErpInvoice) -> None:
    (made,) = told(InvoiceWithOrders(invoice=reported, orders=(WHOLE,)))

    assert (made.order, made.key, made.capture, made.notify) == ("000000009", "AR1, AR2", False, False)
    assert made.lines == (
        ShippedLine(sku="MUG", quantity=Decimal(3)),
        ShippedLine(sku="CUP", quantity=Decimal(1)),
    )


def test_an_order_closed_short_is_done_with_what_was_shipped() -> None:
    short = tuple(replace(line, is_completed=True, shipped_quantity=Decimal(1)) for line in WHOLE.lines)
    record = InvoiceWithOrders(invoice=LAST, orders=(replace(WHOLE, lines=short, invoices=(LAST,)),))

    assert reason(record) is None
    assert [(line.sku, int(line.quantity)) for line in told(record)[0].lines or ()] == [("MUG", 1), ("CUP", 1)]


def test_only_the_orders_that_are_done_are_told_and_each_by_itself() -> None:
    both = invoice("AR9", "Open", ("SO1", "MUG", 1), ("SO2", "MUG", 1), ("SO3", "MUG", 1))
    done = [order(number, both, reference=number[-1], MUG=1) for number in ("SO1", "SO3")]
    open_ = order("SO2", both, reference="2", MUG=2)

    made = told(InvoiceWithOrders(invoice=both, orders=(done[0], open_, done[1])))

    assert [(each.order, [int(line.quantity) for line in each.lines or ()]) for each in made] == [
        ("1", [1]),
        ("3", [1]),
    ]


def test_credit_memos_and_invoices_not_released_do_not_count() -> None:
    memo = invoice("CM1", "Open", ("SO1", "MUG", 5), kind="Credit Memo")
    drafted = invoice("AR0", "On Hold", ("SO1", "MUG", 5))

    (made,) = told(InvoiceWithOrders(invoice=LAST, orders=(replace(WHOLE, invoices=(memo, LAST, drafted, FIRST)),)))

    assert (made.key, int((made.lines or ())[0].quantity)) == ("AR1, AR2", 3)


def test_the_money_is_taken_and_the_customer_told_when_the_settings_say_so() -> None:
    held = settings_with(invoice={"capture": True, "notify": True})

    (made,) = told(InvoiceWithOrders(invoice=LAST, orders=(WHOLE,)), held)

    assert (made.capture, made.notify) == (True, True)


def test_an_invoice_of_nothing_is_refused_by_name() -> None:
    nothing = invoice("AR3", "Open", ("SO1", "MUG", 0))

    mapped = map_invoice(InvoiceWithOrders(invoice=nothing, orders=(order("SO1", nothing),)), HELD)

    assert isinstance(mapped, Refused)
    assert (mapped.error_class, "AR3" in mapped.text) == ("mapping", True)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 4))
def test_the_shop_is_told_when_the_last_part_is_released_and_not_before(parts: list[int], released: int) -> None:
    invoices = [
        invoice(f"AR{place}", "Open" if place < released else "Balanced", ("SO1", "MUG", quantity))
        for place, quantity in enumerate(parts)
    ]
    record = InvoiceWithOrders(invoice=invoices[0], orders=(order("SO1", *invoices, MUG=sum(parts)),))

    if released >= len(parts):
        assert reason(record) is None
        assert [line.quantity for line in told(record)[0].lines or ()] == [sum(parts)]
    else:
        assert reason(record) == ("partly_invoiced" if released else "invoice_not_released")
