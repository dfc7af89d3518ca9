"""Catalogues of the sandbox store: read from outside, and the one it starts with."""

from decimal import Decimal

import pytest

from daemon.sandbox.catalogue_files import CatalogueError, fill_shop, read_catalogue
from daemon.sandbox.default_catalogue import default_rows, fill_default
from daemon.sandbox.magento.product_view import price_of
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.settings import ShopConfiguration


def shop() -> Shop:
    return Shop(ShopConfiguration())


def test_json_and_csv_say_the_same() -> None:
    as_json = b'{"products": [{"sku": "A 1", "name": "One", "price": 12.50, "quantity": "7"}, {"sku": "B"}]}'
    as_csv = b"\xef\xbb\xbfsku,name,price,quantity\r\nA 1,One,12.50,7\r\nB,,,\r\n"

    assert read_catalogue(as_json) == read_catalogue(as_csv)


def test_prices_are_read_exactly() -> None:
    (row,) = read_catalogue(b'[{"sku": "A", "price": 0.1000000000000000055511151231257827}]')

    assert row.price == Decimal("0.1000000000000000055511151231257827")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"rows": []}', "products"),
        (b'[{"sku": "A"}, {"name": "no sku"}]', "row 2: sku is missing"),
        (b'[{"sku": "A", "price": "cheap"}]', "row 1: price must be a number, got 'cheap'"),
        (b'[{"sku": "A", "price": NaN}]', "row 1: price must be a number"),
        (b'[{"sku": "A", "colour": "red"}]', "row 1: unknown colour"),
        (b"sku,price\nA,1\nB,x\n", "row 2: price must be a number, got 'x'"),
        (b"[1]", "row 1: an object expected"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_refused_with_its_row(body: bytes, complaint: str) -> None:
    with pytest.raises(CatalogueError, match=complaint):
        read_catalogue(body)


def test_loading_lies_over_what_is_there() -> None:
    store = shop()
    fill_shop(store, read_catalogue(b'[{"sku": "A", "price": 1, "quantity": 5, "sources": {"west": 2}}]'))
    fill_shop(store, read_catalogue(b'[{"sku": "a", "name": "New", "price": 2}]'))

    product = store.catalogue.get("A")
    assert product is not None
    assert len(store.catalogue) == 1
    assert price_of(store, product, 0) == 2
    quantities = {item.source_code: int(item.quantity) for item in store.inventory.items_of("A")}
    assert quantities == {"west": 2, "default": 5}


def test_the_default_catalogue_is_the_same_every_time() -> None:
    assert list(default_rows(2_000)) == list(default_rows(2_000))
    assert len({row.sku for row in default_rows(2_000)}) == 2_004


def test_the_default_catalogue_has_one_of_each_kind() -> None:
    store = shop()
    fill_default(store, 2_000)

    assert {product.type_id for product in store.catalogue} == {"simple", "configurable", "bundle", "virtual"}
    assert store.catalogue.get("AC-1000") is not None
    assert store.catalogue.get("AC-2999") is not None
    assert store.catalogue.get("AC/4 x 12+") is not None
    assert set(store.inventory.sources) == {"default", "west"}


def test_an_empty_start_has_only_the_default_source() -> None:
    store = shop()
    fill_default(store, 0)

    assert len(store.catalogue) == 0
    assert set(store.inventory.sources) == {"default"}
