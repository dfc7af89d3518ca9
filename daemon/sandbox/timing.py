"""How long the recorded shop took: seconds by kind of call and number of rows."""

from dataclasses import dataclass

# Medians of a Magento 2.4.7-p3 on two cores, one keep-alive connection, milliseconds. Only the ratios carry over.
_PRICE_CALL, _PRICE_ROW = 36.0, 0.13
_STOCK_CALL, _STOCK_ROW = 40.0, 3.0
_PRODUCT_SAVE = 95.0
_STOCK_ITEM_SAVE = 55.0
_OTHER = 29.0
_CORES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopTimes:
    """The recorded times, multiplied by `scale`."""

    scale: float = 1.0

    def seconds(self, *, method: str, path: str, rows: int) -> float:
        """
        How long a call takes when nothing else runs.

        Args:
            method: the HTTP method.
            path: the path of the route below `V1/`, empty if there is none.
            rows: the records in the body.
        """
        return self._milliseconds(method, path, rows) * self.scale / 1_000

    def _milliseconds(self, method: str, path: str, rows: int) -> float:
        writes = method in ("POST", "PUT")
        if writes and path == "inventory/source-items":
            return _STOCK_CALL + _STOCK_ROW * rows
        if writes and path in PRICE_PATHS:
            return _PRICE_CALL + _PRICE_ROW * rows
        if writes and path in ("products", "products/{sku}"):
            return _PRODUCT_SAVE
        if writes and path.endswith("/stockItems/{itemId}"):
            return _STOCK_ITEM_SAVE
        return _OTHER


PRICE_PATHS = frozenset({"products/base-prices", "products/special-price", "products/tier-prices", "products/cost"})
WORKERS = _CORES
"""Calls that make progress at the same time: two writers got twice the throughput, four no more than two."""
