"""The REST routes of the simulated shop: method, path, permission, service."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_plus

from daemon.sandbox.magento import (
    base_prices,
    costs,
    legacy_stock,
    products,
    source_items,
    sources,
    special_prices,
    stores,
    tier_prices,
)
from daemon.sandbox.magento.access import ANONYMOUS, Access
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.search import result
from daemon.sandbox.magento.values import JsonObject

Service: TypeAlias = Callable[[Call], object]

_PRODUCTS = "Magento_Catalog::products"
_PRICES = "Magento_Catalog::catalog"
_LEGACY_STOCK = "Magento_Catalog::catalog_inventory"
_STORE = "Magento_Backend::store"
_SOURCE = "Magento_InventoryApi::source"
_SOURCE_EDIT = "Magento_InventoryApi::source_edit"
_STOCK = "Magento_InventoryApi::stock"
_SOURCE_ITEM = "Magento_InventoryApi::stock_source_item_assign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route; `path` is below `V1/`, with variables in braces as in the contract."""

    method: str
    path: str
    resource: str
    service: Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A route and the decoded variables of the path."""

    route: Route
    variables: Mapping[str, str]


def magento_routes(access: Access) -> list[Route]:
    """Every route of the shop."""
    return [
        *_rows(
            _STORE,
            [
                ("GET", "store/storeConfigs", lambda call: stores.store_configs(_store_codes(call))),
                ("GET", "store/storeViews", lambda _: stores.store_views()),
                ("GET", "store/websites", lambda _: stores.websites()),
                ("GET", "store/storeGroups", lambda _: stores.store_groups()),
            ],
        ),
        *_rows("Magento_Backend::admin", [("GET", "modules", lambda _: list(stores.MODULES))]),
        *_rows(ANONYMOUS, [("POST", "integration/admin/token", access.admin_token)]),
        *_rows(
            _PRODUCTS,
            [
                ("GET", "products", products.search_products),
                ("POST", "products", products.save_product_call),
                ("GET", "products/{sku}", products.get_product),
                ("PUT", "products/{sku}", products.save_product_call),
                ("DELETE", "products/{sku}", products.delete_product),
                ("POST", "products/{sku}/websites", products.assign_website),
                ("PUT", "products/{sku}/websites", products.assign_website),
                ("DELETE", "products/{sku}/websites/{websiteId}", products.unassign_website),
                ("PUT", "products/{productSku}/stockItems/{itemId}", legacy_stock.put_stock_item),
            ],
        ),
        *_rows(
            _PRICES,
            [
                ("POST", "products/base-prices", base_prices.update_base_prices),
                ("POST", "products/base-prices-information", base_prices.base_price_information),
                ("POST", "products/special-price", special_prices.update_special_prices),
                ("POST", "products/special-price-delete", special_prices.delete_special_prices),
                ("POST", "products/special-price-information", special_prices.special_price_information),
                ("POST", "products/tier-prices", tier_prices.add_tier_prices),
                ("PUT", "products/tier-prices", tier_prices.replace_tier_prices),
                ("POST", "products/tier-prices-delete", tier_prices.delete_tier_prices),
                ("POST", "products/tier-prices-information", tier_prices.tier_price_information),
                ("GET", "products/{sku}/group-prices/{customerGroupId}/tiers", products.tier_list),
                ("POST", "products/cost", costs.update_costs),
                ("POST", "products/cost-delete", costs.delete_costs),
                ("POST", "products/cost-information", costs.cost_information),
            ],
        ),
        *_rows(
            _LEGACY_STOCK,
            [
                ("GET", "stockItems/{productSku}", legacy_stock.get_stock_item),
                ("GET", "stockStatuses/{productSku}", legacy_stock.get_stock_status),
            ],
        ),
        *_rows(
            _SOURCE_ITEM,
            [
                ("POST", "inventory/source-items", source_items.save_source_items),
                ("POST", "inventory/source-items-delete", source_items.delete_source_items),
            ],
        ),
        *_rows(
            _SOURCE,
            [
                ("GET", "inventory/source-items", source_items.search_source_items),
                ("GET", "inventory/sources", sources.search_sources),
                ("GET", "inventory/sources/{sourceCode}", sources.get_source),
            ],
        ),
        *_rows(
            _SOURCE_EDIT,
            [
                ("POST", "inventory/sources", sources.save_source),
                ("PUT", "inventory/sources/{sourceCode}", sources.save_source),
            ],
        ),
        *_rows(
            _STOCK,
            [
                ("GET", "inventory/stocks", sources.search_stocks),
                ("GET", "inventory/get-product-salable-quantity/{sku}/{stockId}", sources.salable_quantity),
                ("GET", "inventory/is-product-salable/{sku}/{stockId}", sources.is_salable),
            ],
        ),
        *_rows("Magento_Sales::actions_view", [("GET", "orders", _no_orders)]),
    ]


def _rows(resource: str, entries: Iterable[tuple[str, str, Service]]) -> list[Route]:
    return [Route(method=method, path=path, resource=resource, service=service) for method, path, service in entries]


def _store_codes(call: Call) -> list[str]:
    return [value for name, value in call.query if name.startswith(("storeCodes", "store_codes"))]


def _no_orders(call: Call) -> JsonObject:
    """`GET orders?searchCriteria…`: the sandbox has sold nothing yet."""
    return result([], call.criteria(), 0)


class Router:
    """Finds the route of a method and path; literal parts win over variables."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in sorted(routes, key=lambda route: route.path.count("{")):
            parts = route.path.split("/")
            self._by_shape.setdefault((route.method, len(parts)), []).append((parts, route))

    def match(self, method: str, raw_parts: list[str]) -> Match | None:
        """
        Match the parts of the path below `V1`.

        Parts are decoded the form way, one by one: `+` is a blank, `%2F` a slash that does not divide.
        """
        parts = [unquote_plus(part) for part in raw_parts]
        for pattern, route in self._by_shape.get((method, len(parts)), ()):
            variables: dict[str, str] = {}
            for expected, part in zip(pattern, parts, strict=True):
                if expected.startswith("{"):
                    variables[expected[1:-1]] = part
                elif expected != part:
                    break
            else:
                return Match(route=route, variables=variables)
        return None
