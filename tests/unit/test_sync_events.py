"""What the events of each entity say, and which are refused before any attempt."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sync.document_key import document_key
from daemon.sync.entities import known_event_types
from daemon.sync.events import check_event, part_of
from daemon.sync.inventory import read_stock
from daemon.sync.pricing import read_price
from daemon.sync.product_status import read_status
from queues.errors import InvalidMessage
from queues.message import ChangeEvent, decode, encode


def event(kind: str, data: dict[str, Any], *, storeview: str | None = None) -> ChangeEvent:
    return ChangeEvent(
        id="1",
        source="tests",
        type=kind,
        subject="AC-1",
        time=datetime(2026, 11, 21, tzinfo=UTC),
        storeview=storeview,
        data=data,
    )


def pricing(**data: Any) -> ChangeEvent:  # noqa: ANN401 - JSON
    return event("to_magento.pricing", {"price": "1", **data})


def stock(**data: Any) -> ChangeEvent:  # noqa: ANN401 - JSON
    return event("to_magento.inventory", {"quantity": "1", **data})


def test_a_price_event_is_read_whole_and_unknown_members_do_no_harm() -> None:
    said = pricing(
        price="12.50",
        cost=3,
        special_price=Decimal("9.99"),
        special_from="2026-12-01",
        special_to="2026-12-24T23:59:59+01:00",
        colour="red",
    )

    change = read_price(decode(encode(said)).event)

    assert (change.sku, change.storeview) == ("AC-1", None)
    assert (change.price, change.cost, change.special_price) == (Decimal("12.50"), Decimal(3), Decimal("9.99"))
    assert change.special_from == datetime(2026, 12, 1, tzinfo=UTC)
    assert change.special_to == datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "member"),
    [
        ({"price": "-4"}, "data.price"),
        ({"price": None}, "data.price"),
        ({"cost": "-1"}, "data.cost"),
        ({"special_price": "x"}, "data.special_price"),
        ({"special_price": 1, "special_price_withdrawn": True}, "data.special_price_withdrawn"),
        ({"special_price_withdrawn": "yes"}, "data.special_price_withdrawn"),
        ({"website": "eu"}, "storeview"),
        ({"price_inherited": True}, "data.price_inherited"),
        ({"special_from": "2026-12-01"}, "data.special_from"),
        ({"special_price": 1, "special_from": "tomorrow"}, "data.special_from"),
        ({"special_price": 1, "special_from": "2026-13-01"}, "data.special_from"),
        ({"special_price": 1, "special_to": "0001-01-01T00:00:00+14:00"}, "data.special_to"),
        ({"special_price": 1, "special_to": 20261224}, "data.special_to"),
        ({"special_price": 1, "special_from": "2026-12-24", "special_to": "2026-12-01"}, "data.special_to"),
    ],
)
def test_a_bad_price_event_names_the_member(data: dict[str, Any], member: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_event(pricing(**data))

    assert caught.value.member == member


@pytest.mark.parametrize(("quantity", "in_stock"), [("5", True), ("0", False), ("-3", False), ("0.0001", True)])
def test_without_in_stock_a_positive_quantity_is_in_stock(quantity: str, in_stock: bool) -> None:  # noqa: FBT001 - a case
    change = read_stock(stock(quantity=quantity))

    assert change.quantity == Decimal(quantity)
    assert change.in_stock is in_stock
    assert change.source_code == "default"


def test_in_stock_may_be_said() -> None:
    assert read_stock(stock(quantity=0, in_stock=True)).in_stock
    assert not read_stock(stock(quantity=9, in_stock=False)).in_stock


@pytest.mark.parametrize(
    ("data", "member"),
    [
        ({"quantity": "many"}, "data.quantity"),
        ({"quantity": "100000000"}, "data.quantity"),
        ({"source_code": "de fault"}, "data.source_code"),
        ({"source_code": "a\u00a0b"}, "data.source_code"),
        ({"source_code": ""}, "data.source_code"),
        ({"source_code": 5}, "data.source_code"),
        ({"source_code": "x" * 256}, "data.source_code"),
        ({"in_stock": 1}, "data.in_stock"),
        ({"in_stock": "yes"}, "data.in_stock"),
    ],
)
def test_a_bad_stock_event_names_the_member(data: dict[str, Any], member: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_event(stock(**data))

    assert caught.value.member == member


@pytest.mark.parametrize(("status", "enabled"), [("enabled", True), ("disabled", False)])
def test_a_status_is_enabled_or_disabled(status: str, enabled: bool) -> None:  # noqa: FBT001 - a case
    change = read_status(event("to_magento.product_status", {"status": status}, storeview="second"))

    assert (change.sku, change.storeview, change.enabled) == ("AC-1", "second", enabled)


@pytest.mark.parametrize("data", [{}, {"status": None}, {"status": 1}, {"status": "Enabled"}, {"status": ["enabled"]}])
def test_another_status_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_event(event("to_magento.product_status", data))

    assert caught.value.member == "data.status"


@pytest.mark.parametrize("kind", ["to_magento.order_status", "to_magento.invoice"])
@pytest.mark.parametrize("subject", ["000123", "/000123", "SO/", "SO/  ", " /1"])
def test_a_document_is_named_by_type_and_number(kind: str, subject: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_event(replace(event(kind, {}), subject=subject))

    assert (caught.value.code, caught.value.member) == ("invalid", "subject")
    assert "a type and a number, such as SO/SO000123" in caught.value.text


@pytest.mark.parametrize(
    ("text", "expected"), [("SO/000123", "SO/000123"), ("Cash Sale / A/1", "Cash Sale/A/1"), ("SO", None)]
)
def test_the_number_of_a_document_may_hold_slashes(text: str, expected: str | None) -> None:
    key = document_key(text)

    assert (None if key is None else str(key)) == expected


@pytest.mark.parametrize("kind", ["to_magento.pricings", "to_magento.", "pricing", "to_acumatica.order"])
def test_an_unknown_type_is_refused_naming_the_known_ones(kind: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_event(event(kind, {}))

    assert (caught.value.code, caught.value.member) == ("unknown_type", "type")
    assert ", ".join(known_event_types()) in caught.value.text


def test_stock_at_two_sources_is_two_parts_of_a_record_and_prices_have_none() -> None:
    assert part_of(stock()) == "default"
    assert part_of(stock(source_code="default")) == "default"
    assert part_of(stock(source_code="west")) == "west"
    assert not part_of(pricing())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(["price", "cost", "special_price", "special_from", "quantity", "source_code", "status"])


@given(
    st.sampled_from(["to_magento.pricing", "to_magento.inventory", "to_magento.product_status", "other"]),
    st.dictionaries(members, json_values),
)
def test_nothing_but_a_refusal_escapes_whatever_the_data(kind: str, data: dict[str, Any]) -> None:
    refusal = None
    try:
        check_event(event(kind, data))
    except InvalidMessage as error:
        refusal = error

    assert refusal is None or (refusal.member and len(refusal.text) < 400)
    assert refusal is not None or kind != "other"


@pytest.mark.parametrize(
    ("data", "member"),
    [
        ({"related": "A"}, "data.related"),
        ({"up_sell": ["A", ""]}, "data.up_sell[1]"),
        ({"cross_sell": [7]}, "data.cross_sell[0]"),
        ({"associated": ["x" * 65]}, "data.associated[0]"),
        ({"related": ["A"] * 1001}, "data.related"),
    ],
)
def test_links_of_another_form_are_refused(data: dict[str, Any], member: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_event(event("to_magento.product_dependencies", data))

    assert caught.value.member == member


def test_the_kinds_of_links_an_event_tells_are_parts_of_their_own() -> None:
    kind = "to_magento.product_dependencies"

    check_event(event(kind, {}))
    assert part_of(event(kind, {"up_sell": [], "related": ["A"], "cross_sell": None})) == "related,up_sell"
    assert part_of(event(kind, {})) == ""
