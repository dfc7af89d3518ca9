"""The times of the recorded shop, and the locks it holds meanwhile."""

import pytest

from daemon.sandbox.row_locks import RowLocks
from daemon.sandbox.timing import ShopTimes


@pytest.mark.parametrize(
    ("method", "path", "rows", "milliseconds"),
    [
        ("POST", "products/base-prices", 1, 36.13),
        ("POST", "products/base-prices", 50, 42.5),
        ("POST", "products/base-prices", 1_000, 166),
        ("POST", "inventory/source-items", 1, 43),
        ("POST", "inventory/source-items", 50, 190),
        ("PUT", "products/{sku}", 1, 95),
        ("PUT", "products/{productSku}/stockItems/{itemId}", 1, 55),
        ("GET", "store/storeConfigs", 0, 29),
        ("POST", "products/base-prices-information", 50, 29),
    ],
)
def test_a_call_takes_as_long_as_recorded(method: str, path: str, rows: int, milliseconds: float) -> None:
    assert ShopTimes().seconds(method=method, path=path, rows=rows) == pytest.approx(milliseconds / 1_000)
    assert ShopTimes(scale=0.5).seconds(method=method, path=path, rows=rows) == pytest.approx(milliseconds / 2_000)


def test_two_calls_in_the_same_order_do_not_clash() -> None:
    locks = RowLocks()
    with locks.hold(["A", "B", "C"]) as first, locks.hold(["A", "C", "D"]) as second:
        assert (first, second) == (True, True)


def test_of_two_calls_in_another_order_the_later_one_is_the_victim() -> None:
    locks = RowLocks()
    with locks.hold(["A", "B"]) as first:
        with locks.hold(["b", "x", "a"]) as second:
            assert (first, second) == (True, False)
        with locks.hold(["b", "x"]) as third:
            assert third


def test_rows_are_free_again_when_their_call_is_over() -> None:
    locks = RowLocks()
    with locks.hold(["A", "B"]):
        pass
    with locks.hold(["B", "A"]) as free:
        assert free
