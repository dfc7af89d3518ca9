"""Websites, store groups and store views of the simulated shop, and the calls that list them."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.sandbox.magento.values import JsonObject

ALL_STORES = 0
_BASE_URL = "http://magento.example/"
_STATIC = "static/version1754759768/"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """One store view; id 0 is the admin scope, which the path calls `all`."""

    id: int
    code: str
    name: str
    website_id: int
    group_id: int
    is_active: bool = True


ADMIN_STORE = StoreView(id=ALL_STORES, code="admin", name="Admin", website_id=0, group_id=0)
DEFAULT_STORE = StoreView(id=1, code="default", name="Default Store View", website_id=1, group_id=1)
SECOND_STORE = StoreView(id=2, code="second", name="Second View", website_id=1, group_id=1)
CLOSED_STORE = StoreView(id=3, code="closed", name="Closed View", website_id=1, group_id=1, is_active=False)
STORE_VIEWS = (DEFAULT_STORE, ADMIN_STORE, SECOND_STORE, CLOSED_STORE)  # in the order Magento lists them
FRONT_STORES = (DEFAULT_STORE, SECOND_STORE, CLOSED_STORE)
STORE_IDS = frozenset(store.id for store in STORE_VIEWS)
WEBSITE_IDS = frozenset({1})
_BY_CODE = {store.code: store.id for store in FRONT_STORES} | {"all": ALL_STORES, "admin": ALL_STORES}

# The modules a client asks for to choose between stock calls; a real list is some 300 names long.
MODULES = (
    "Magento_Store",
    "Magento_InventoryApi",
    "Magento_Webapi",
    "Magento_WebapiAsync",
    "Magento_Backend",
    "Magento_Catalog",
    "Magento_CatalogInventory",
    "Magento_ConfigurableProduct",
    "Magento_Customer",
    "Magento_Eav",
    "Magento_Integration",
    "Magento_Inventory",
    "Magento_InventoryCatalog",
    "Magento_InventorySales",
    "Magento_InventorySalesApi",
    "Magento_JwtUserToken",
    "Magento_Sales",
    "Magento_Tax",
)


def store_of_code(code: str) -> int | None:
    """The store id of a code in the path (letter case counts), None when no store view has it."""
    return _BY_CODE.get(code)


def stores_of_website(store_id: int) -> list[int]:
    """Every store view that shares the website of store view *store_id*."""
    website = next(store.website_id for store in STORE_VIEWS if store.id == store_id)
    return [store.id for store in STORE_VIEWS if store.website_id == website]


def store_configs(codes: Sequence[str]) -> list[JsonObject]:
    """`store/storeConfigs`, of the named store views or of all."""
    return [_config(store) for store in FRONT_STORES if not codes or store.code in codes]


def _config(store: StoreView) -> JsonObject:
    config: JsonObject = {
        "id": store.id,
        "code": store.code,
        "website_id": store.website_id,
        "locale": "en_US",
        "base_currency_code": "USD",
        "default_display_currency_code": "USD",
        "timezone": "UTC",
        "weight_unit": "lbs",
    }
    for secure in ("", "secure_"):
        config[f"{secure}base_url"] = _BASE_URL
        config[f"{secure}base_link_url"] = _BASE_URL
        config[f"{secure}base_static_url"] = _BASE_URL + _STATIC
        config[f"{secure}base_media_url"] = _BASE_URL + "media/"
    return config


def store_views() -> list[JsonObject]:
    """`store/storeViews`."""
    return [
        {
            "id": store.id,
            "code": store.code,
            "name": store.name,
            "website_id": store.website_id,
            "store_group_id": store.group_id,
            "is_active": int(store.is_active),
        }
        for store in STORE_VIEWS
    ]


def websites() -> list[JsonObject]:
    """`store/websites`."""
    return [
        {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0},
        {"id": 1, "code": "base", "name": "Main Website", "default_group_id": 1},
    ]


def store_groups() -> list[JsonObject]:
    """`store/storeGroups`."""
    return [
        {
            "id": 0,
            "website_id": 0,
            "root_category_id": 0,
            "default_store_id": 0,
            "name": "Default",
            "code": "default",
        },
        {
            "id": 1,
            "website_id": 1,
            "root_category_id": 2,
            "default_store_id": 1,
            "name": "Main Website Store",
            "code": "main_website_store",
        },
    ]
