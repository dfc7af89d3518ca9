"""Refusals of price calls are brought home to the rows they mean, or to none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.magento.price_results import read_refusals
from daemon.magento.rows import Row


def rows(*skus: str, store_id: int = 0) -> list[Row]:
    return [
        Row(position=at, sku=sku, document={"sku": sku, "store_id": store_id, "price": Decimal(1)})
        for at, sku in enumerate(skus)
    ]


FORM = "Invalid attribute %fieldName = %fieldValue."


@pytest.mark.parametrize(
    ("message", "parameters", "meant"),
    [
        (FORM, ["SKU", "A-1"], {0}),
        (FORM, ["SKU", "a-1 "], {0}),
        (FORM, ["Price", "-4"], set()),
        (FORM, ["Price", "A-1"], set()),
        (FORM, ["SKU", None], set()),
        (FORM, ["SKU", "OTHER"], set()),
        (FORM, None, set()),
        ("Requested store is not found. Row ID: SKU = A-1, Store ID: 99.", ["A-1", "99"], {0}),
        ("Requested store is not found. Row ID: SKU = A-1, Store ID: .", ["A-1", None], {0}),
        ("Invalid attribute Cost = -1. Row ID: SKU = B, 2, Store ID: 0.", ["-1", "B, 2", "0"], {1}),
        (
            "Invalid attribute Price From = . Row ID: SKU = A-1, Store ID: 0, Price From: 31.12.2030, Price To: .",
            ["Price From", "A-1", "0", "31.12.2030", None],
            {0},
        ),
        ("Das Produkt gibt es nicht.", ["A-1", "0", None, None], {0}),
        ("Ungültiger Preis.", ["-1", "A-1", "0"], {0}),
        ("Something else entirely.", [], set()),
        ("Ambiguous.", ["A-1", "B, 2"], set()),
    ],
)
def test_a_refusal_means_the_row_it_names(message: str, parameters: object, meant: set[int]) -> None:
    refusals = read_refusals([{"message": message, "parameters": parameters}], rows("A-1", "B, 2"))

    assert refusals is not None
    assert set(refusals.by_position) == meant
    assert len(refusals.unclaimed) == (0 if meant else 1)


def test_a_row_may_have_several_complaints() -> None:
    document = [
        {"message": FORM, "parameters": ["SKU", "A-1"]},
        {"message": "Requested store is not found. Row ID: SKU = A-1, Store ID: 99.", "parameters": ["A-1", "99"]},
    ]

    refusals = read_refusals(document, rows("A-1"))

    assert refusals is not None
    assert [complaint.error_class for complaint in refusals.by_position[0]] == ["not_found", "mapping"]


@pytest.mark.parametrize("document", [None, {}, "[]", 5, ["x"], [{}], [{"message": 1}], [None]])
def test_what_is_no_list_of_refusals_is_not_read(document: object) -> None:
    assert read_refusals(document, rows("A-1")) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(st.fixed_dictionaries({"message": st.text() | st.just(FORM), "parameters": json_values}), max_size=4),
    st.lists(st.text(min_size=1), min_size=1, max_size=4),
)
def test_every_refusal_is_claimed_by_rows_of_the_call_or_by_none(document: object, skus: list[str]) -> None:
    refusals = read_refusals(document, rows(*skus))

    assert refusals is not None
    assert isinstance(document, list)
    assert set(refusals.by_position) <= set(range(len(skus)))
    assert len(refusals.unclaimed) <= len(document)
