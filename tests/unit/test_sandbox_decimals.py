"""Money and quantities of the sandbox store: exact inside, rounded and written as the recorded shop did."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.magento.decimals import as_price, as_quantity, is_numeric, number, six_places, text
from daemon.sandbox.magento.rendering import result_reply


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("12.3456789", "12.345679"),
        ("0.0000005", "0.000001"),
        ("0.00000049", "0"),
        ("0.1", "0.1"),
        ("1e20", "99999999999999.999999"),
        ("-1e400", "-99999999999999.999999"),
        ("1e-999999", "0"),
    ],
)
def test_a_price_is_rounded_to_six_decimals_and_cut_at_the_top(sent: str, stored: str) -> None:
    assert as_price(Decimal(sent)) == Decimal(stored)


def test_a_quantity_is_rounded_to_four_decimals() -> None:
    assert as_quantity(Decimal("1.23456")) == Decimal("1.2346")


@given(st.decimals(min_value=0, max_value=Decimal("9999999.999999"), places=6))
def test_a_price_of_six_decimals_comes_back_exactly(price: Decimal) -> None:
    body = result_reply({"price": number(as_price(price))}).body

    assert json.loads(body, parse_float=Decimal, parse_int=Decimal)["price"] == price


def test_whole_numbers_are_written_without_a_point() -> None:
    assert result_reply([number(Decimal("20.000000")), number(Decimal("12.50")), number(Decimal(100))]).body == (
        b"[20,12.5,100]"
    )


def test_the_largest_price_reads_as_the_shop_reads_it() -> None:
    assert number(as_price(Decimal("1e20"))) == 100_000_000_000_000


@pytest.mark.parametrize("numeric", ["12", "12.5", ".5", "5.", "-4", "+4", "1e3", " 7", "7 ", "007"])
def test_php_takes_it_for_a_number(numeric: str) -> None:
    assert is_numeric(numeric)


@pytest.mark.parametrize("other", ["", "12,50", "abc", "0x1A", "1_000", "NaN", "Infinity", "1e", ".", "٣"])
def test_php_does_not_take_it_for_a_number(other: str) -> None:
    assert not is_numeric(other)


def test_numbers_in_messages_and_attributes_have_their_own_forms() -> None:
    assert text(Decimal("-4.50")) == "-4.5"
    assert text(Decimal("1E+3")) == "1000"
    assert six_places(Decimal("9.5")) == "9.500000"
