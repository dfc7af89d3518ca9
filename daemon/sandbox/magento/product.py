"""One product of the catalogue: its values per store view, its stock item, its tier prices."""

from dataclasses import dataclass, field
from decimal import Decimal

from daemon.sandbox.magento.product_parts import ConfigurableOption, GalleryEntry, ProductLink
from daemon.sandbox.magento.stores import ALL_STORES

STOCK_TYPES = frozenset({"simple", "virtual", "downloadable"})
TIER_TYPES = STOCK_TYPES | {"bundle"}
SIMPLE_PRICE_TYPES = STOCK_TYPES
KNOWN_TYPES = STOCK_TYPES | {"configurable", "bundle", "grouped"}


@dataclass(slots=True, kw_only=True)
class StockItem:
    """The legacy stock item. Changes with every stock call, hence not frozen; `quantity` None was never set."""

    item_id: int
    quantity: Decimal | None = None
    is_in_stock: bool = False
    low_stock_date: str | None = None
    changed_auto: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPrice:
    """One tier price; `group` is the customer group as it was named."""

    price: Decimal
    is_discount: bool
    website_id: int
    group: str
    group_id: int
    quantity: Decimal


@dataclass(slots=True, kw_only=True)
class Product:
    """
    The stored state of one product; calls change it in place, hence not frozen.

    Attributes:
        values: attribute code, then store view id (0 = global) to the value.
        category_links: category id to position.
        created_at: in Magento's form, UTC.
        gallery: images, the newest first.
        options, children: of a configurable; the children by product id.
    """

    entity_id: int
    sku: str
    type_id: str
    attribute_set_id: int
    created_at: str
    updated_at: str
    stock: StockItem
    values: dict[str, dict[int, object]] = field(default_factory=dict)
    website_ids: list[int] = field(default_factory=lambda: [1])
    category_links: dict[int, int] = field(default_factory=dict)
    tier_prices: list[TierPrice] = field(default_factory=list)
    gallery: list[GalleryEntry] = field(default_factory=list)
    links: list[ProductLink] = field(default_factory=list)
    options: list[ConfigurableOption] = field(default_factory=list)
    children: list[int] = field(default_factory=list)

    def value(self, code: str, store_id: int) -> object:
        """The value a store view sees: its own, else the global one, else None."""
        by_store = self.values.get(code)
        if by_store is None:
            return None
        if store_id in by_store:
            return by_store[store_id]
        return by_store.get(ALL_STORES)

    def set_value(self, code: str, store_id: int, value: object) -> None:
        """Store a value; None removes it, and a value equal to the inherited one is not kept."""
        by_store = self.values.setdefault(code, {})
        if value is None or (store_id != ALL_STORES and by_store.get(ALL_STORES) == value):
            by_store.pop(store_id, None)
        else:
            by_store[store_id] = value

    @property
    def carries_stock(self) -> bool:
        """Whether products of this type have a quantity of their own."""
        return self.type_id in STOCK_TYPES

    @property
    def has_own_price(self) -> bool:
        """Whether the price calls accept it: not configurable or grouped, and a bundle only with a fixed price."""
        if self.type_id == "bundle":
            return self.value("price_type", ALL_STORES) == "1"
        return self.type_id in SIMPLE_PRICE_TYPES


def sku_key(sku: str) -> str:
    """What SKUs are compared by: the database ignores letter case and trailing blanks, not leading ones."""
    return sku.rstrip(" ").lower()
