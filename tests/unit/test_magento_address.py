"""Addresses of a store: what it may be called, and values that stay one segment."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.magento.address import BaseAddress, query_text


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://shop.example", "/rest/all/V1/products/A%2F1"),
        ("https://shop.example/", "/rest/all/V1/products/A%2F1"),
        ("http://127.0.0.1:8080/a/b/", "/a/b/rest/all/V1/products/A%2F1"),
        ("https://shop.example/%C3%BC x", "/%C3%BC%20x/rest/all/V1/products/A%2F1"),
    ],
)
def test_the_path_of_a_call_follows_the_base(url: str, path: str) -> None:
    assert BaseAddress.parse(url).path("all", ("V1", "products", "A/1")) == path


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://user:secret@shop.example",
        "https://shop.example/?a=1",
        "https://shop.example/#top",
    ],
)
def test_what_is_no_base_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="the store's URL must") as caught:
        BaseAddress.parse(url)

    assert "secret" not in str(caught.value)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_value_is_one_segment_that_decodes_to_itself(sku: str) -> None:
    address = BaseAddress.parse("https://shop.example")
    if sku in {".", ".."}:
        with pytest.raises(ValueError, match="cannot stand"):
            address.path("all", ("V1", "products", sku))
        return
    path = address.path("all", ("V1", "products", sku))

    assert path.count("/") == 5
    assert unquote(path.rpartition("/")[2]) == sku


def test_an_empty_segment_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        BaseAddress.parse("https://shop.example").path("all", ("products", ""))


def test_a_query_is_encoded_to_the_last_bracket() -> None:
    assert query_text([("a[0]", "x,y z&+")]) == "a%5B0%5D=x%2Cy%20z%26%2B"
