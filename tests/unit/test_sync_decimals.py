"""Money and quantities: exactly what came, or a refusal that names it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sync.decimals import DecimalRange, read_decimal, read_optional_decimal
from daemon.sync.inventory import QUANTITIES
from daemon.sync.pricing import PRICES
from queues.errors import InvalidMessage

HUGE = "1" * 400


@given(st.decimals(min_value=0, max_value=10**14, places=6), st.sampled_from([str, Decimal]))
def test_a_price_is_read_as_the_very_number_that_came(value: Decimal, form: Any) -> None:  # noqa: ANN401 - str or Decimal
    assert read_decimal({"price": form(value)}, "price", PRICES) == value


@given(st.decimals(min_value=Decimal(-99999999), max_value=Decimal(99999999), places=4))
def test_a_quantity_may_be_negative(value: Decimal) -> None:
    assert read_decimal({"quantity": value}, "quantity", QUANTITIES) == value


@pytest.mark.parametrize(
    ("came", "written"),
    [
        (0, "0"),
        (Decimal("-0"), "0"),
        (Decimal("0E+99999999"), "0"),
        (Decimal("0E-99999999"), "0"),
        (Decimal("1E+3"), "1000"),
        ("12.50", "12.50"),
        (" 12.5 ", "12.5"),
        ("+7", "7"),
        ("1.5e2", "150"),
        (Decimal("12.50000000000000000000000000000000"), "12.5"),
        ("0.000001", "0.000001"),
        (10**14, "100000000000000"),
    ],
)
def test_the_value_is_kept_in_plain_notation(came: object, written: str) -> None:
    assert str(read_decimal({"price": came}, "price", PRICES)) == written


@pytest.mark.parametrize(
    "came",
    [
        None,
        True,
        1.5,
        "",
        "abc",
        "12,50",
        "1_000",
        "٣",
        "NaN",
        "Infinity",
        "0x10",
        "-0.01",
        "1e99999999",
        "1e-99999999",
        "1e9999999999999999999",
        "0.0000001",
        "100000000000000.000001",
        HUGE,
        f"{HUGE}{HUGE}",
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+99999999"),
        Decimal("1E-99999999"),
        Decimal("1.0000000000000000000000000000000000000001"),
        -1,
        [1],
        {"price": 1},
    ],
)
def test_what_is_no_price_is_refused_with_its_member_and_what_came(came: object) -> None:
    with pytest.raises(InvalidMessage) as caught:
        read_decimal({"price": came}, "price", PRICES)

    assert caught.value.code == "invalid"
    assert caught.value.member == "data.price"
    assert "a decimal from 0 to 100000000000000 with at most 6 decimals" in caught.value.text
    assert len(caught.value.text) < 300


def test_an_integer_too_long_to_be_written_out_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="got an integer of 29898 bits"):
        read_decimal({"price": 10**9000}, "price", PRICES)


def test_a_missing_price_is_told_as_missing() -> None:
    with pytest.raises(InvalidMessage) as caught:
        read_decimal({}, "price", PRICES)

    assert (caught.value.code, caught.value.member) == ("missing", "data.price")
    assert caught.value.text.endswith("got nothing")


def test_an_optional_decimal_may_be_absent_or_null() -> None:
    assert read_optional_decimal({}, "cost", PRICES) is None
    assert read_optional_decimal({"cost": None}, "cost", PRICES) is None


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.decimals(),
        st.lists(st.integers()),
        st.from_regex(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,9})?", fullmatch=True),
    )
)
def test_whatever_comes_is_read_exactly_or_refused(came: object) -> None:
    allowed = DecimalRange(lowest=Decimal(-1000), highest=Decimal(1000), places=3)
    try:
        value = read_decimal({"x": came}, "x", allowed)
    except InvalidMessage:
        return
    assert isinstance(came, int | str | Decimal)
    assert value == Decimal(came.strip() if isinstance(came, str) else came)
    assert -1000 <= value <= 1000
