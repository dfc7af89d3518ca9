"""How the sandbox store converts bodies, and what it refuses on the way, in Magento's words."""

from decimal import Decimal

import pytest

from daemon.sandbox.magento.contract import load_contract
from daemon.sandbox.magento.conversion import BodyConverter, php_interface
from daemon.sandbox.magento.errors import PhpFault, Refusal
from daemon.sandbox.magento.values import JsonObject


def convert(method: str, path: str, body: JsonObject, limit: int | None = None) -> JsonObject:
    contract = load_contract()
    schema = contract.bodies[method, path]
    assert schema is not None
    return BodyConverter(contract, schema).convert(body, limit)


def prices(*rows: object, limit: int | None = None) -> object:
    return convert("POST", "V1/products/base-prices", {"prices": list(rows)}, limit)["prices"]


def test_numeric_texts_become_exact_numbers() -> None:
    assert prices({"price": "12.50", "store_id": "0", "sku": 12345}) == [
        {"price": Decimal("12.50"), "store_id": 0, "sku": "12345"}
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [("abc", "abc"), ("12,50", "12,50"), ("", ""), (True, "1"), ([], "array"), ({}, "array")]
)
def test_a_value_of_the_wrong_type_refuses_the_call(value: object, shown: str) -> None:
    with pytest.raises(Refusal) as refused:
        prices({"price": value})

    assert refused.value.body() == {
        "message": f'Error occurred during "price" processing. The "{shown}" value\'s type is invalid. '
        'The "float" type was expected. Verify and try again.'
    }


def test_null_passes_every_type() -> None:
    assert prices({"price": None, "sku": None}) == [{"price": None, "sku": None}]


def test_an_unknown_nested_field_is_named_in_camel_case() -> None:
    with pytest.raises(Refusal) as refused:
        convert("PUT", "V1/products/{sku}", {"product": {"colour_of_box": "red"}})

    assert refused.value.parameters == {"fieldName": "ColourOfBox"}


def test_camel_case_and_snake_case_both_name_a_field() -> None:
    sent: JsonObject = {"source_items": [{"sourceCode": "default", "sku": "A"}]}

    assert convert("POST", "V1/inventory/source-items", sent) == {
        "sourceItems": [{"source_code": "default", "sku": "A"}]
    }


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(Refusal) as refused:
        convert("POST", "V1/products/base-prices", {"foo": []})

    assert refused.value.body() == {
        "message": '"%fieldName" is required. Enter and try again.',
        "parameters": {"fieldName": "prices"},
    }


def test_an_object_where_a_list_belongs_becomes_rows_of_nothing() -> None:
    body: JsonObject = {"prices": {"price": 3, "sku": "A"}}

    assert convert("POST", "V1/products/base-prices", body)["prices"] == [{}, {}]


@pytest.mark.parametrize("rows", ["text", [None]])
def test_null_or_a_text_where_rows_belong_breaks_php(rows: object) -> None:
    with pytest.raises(PhpFault):
        convert("POST", "V1/products/base-prices", {"prices": rows})


def test_the_input_limit_names_interface_and_number() -> None:
    with pytest.raises(Refusal) as refused:
        prices({}, {}, {}, limit=2)

    assert refused.value.body() == {
        "message": 'Maximum items of type "%type" is %max',
        "parameters": {"type": "\\Magento\\Catalog\\Api\\Data\\BasePriceInterface", "max": 2},
    }
    assert prices({}, {}, limit=2) == [{}, {}]


def test_custom_attributes_do_not_count_against_the_limit() -> None:
    attributes: list[object] = [{"attribute_code": f"c{n}", "value": "1"} for n in range(25)]
    body: JsonObject = {"product": {"custom_attributes": attributes}}

    assert convert("PUT", "V1/products/{sku}", body, 20) == body


def test_the_interface_of_another_module_has_its_own_namespace() -> None:
    assert php_interface("inventory-api-data-source-item-interface") == (
        "\\Magento\\InventoryApi\\Api\\Data\\SourceItemInterface"
    )
