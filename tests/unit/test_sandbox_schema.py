"""Does a request keep to the contract? The verdicts of the sandbox store."""

from decimal import Decimal

import pytest

from daemon.sandbox.magento.contract import load_contract
from daemon.sandbox.magento.schema import ContractChecker

PRICES = ("POST", "V1/products/base-prices")


def errors(body: object, method: str = PRICES[0], path: str = PRICES[1]) -> list[str]:
    return ContractChecker(load_contract()).errors(method, path, body)


def test_a_proper_body_has_no_errors() -> None:
    assert errors({"prices": [{"price": Decimal("12.5"), "store_id": 0, "sku": "AC-1"}] * 3}) == []


def test_what_the_real_shop_tolerates_passes() -> None:
    assert errors({"prices": [{"price": "12.50", "store_id": "0", "sku": 12345}], "extra": 1}) == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (None, "body: an object expected"),
        ({}, "prices: required"),
        ({"prices": {}}, "prices: a list expected"),
        ({"prices": [{"price": "x", "store_id": 0, "sku": "A"}]}, "prices[0].price: a number expected"),
        ({"prices": [{"price": True, "store_id": 0, "sku": "A"}]}, "prices[0].price: a number expected"),
        ({"prices": [{"price": 1, "store_id": Decimal("0.5"), "sku": "A"}]}, "prices[0].store_id: an integer expected"),
        ({"prices": [{"price": 1, "sku": "A"}]}, "prices[0].store_id: required"),
        ({"prices": [{"price": None, "store_id": 0, "sku": "A"}]}, "prices[0].price: required"),
        ({"prices": [{"price": 1, "store_id": 0, "sku": ["A"]}]}, "prices[0].sku: a text expected"),
        ({"prices": [{"price": 1, "store_id": 0, "sku": "A", "note": 1}]}, "prices[0].note: not in the contract"),
        ({"prices": ["A"]}, "prices[0]: an object expected"),
    ],
)
def test_a_breach_is_named_with_its_place(body: object, error: str) -> None:
    assert errors(body) == [error]


def test_nested_objects_are_checked() -> None:
    body = {"product": {"sku": "A", "extension_attributes": {"stock_item": {"qty": "many"}}}}

    assert errors(body, "POST", "V1/products") == ["product.extension_attributes.stock_item.qty: a number expected"]
    assert errors({"product": {"name": "no sku"}}, "POST", "V1/products") == ["product.sku: required"]


def test_an_operation_outside_the_contract_is_told() -> None:
    assert errors({}, "POST", "V1/nosuch") == ["POST V1/nosuch: no such operation in the contract"]


def test_a_long_list_of_errors_is_cut() -> None:
    assert len(errors({"prices": [{}] * 1_000})) == 20
