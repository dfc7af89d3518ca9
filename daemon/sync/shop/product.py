"""A product as the shop is to hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, TypeAlias

from daemon.sync.shop.values import ShopValues

ProductType: TypeAlias = Literal["simple", "virtual", "configurable"]
Visibility: TypeAlias = Literal["not_visible_individually", "catalog", "search", "catalog_search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryPlace:
    """
    A category the product stands in.

    Attributes:
        mark: `ShopCategory.mark` of the category.
        position: its place among the category's products, 0 or more.
    """

    mark: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurableParts:
    """
    What a configurable product is made of.

    Attributes:
        options: codes of the attributes its parts differ by, in the order shown; each a select of global scope.
        children: SKUs of the parts, simple or virtual products that the shop has already.
    """

    options: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProduct:
    """
    One product; a member that is None is not told and stays as it is in the shop.

    Attributes:
        sku: 1 to 64 characters, letter by letter.
        type: what it is in the shop; never changed once there.
        name: needed for a product that is new.
        attribute_set: exact name of the attribute set; needed for a product that is new. Never changed afterwards.
        is_enabled: whether it is offered; a new product is enabled if this is not told.
        visibility: where it shows; a new product shows everywhere if this is not told.
        price: base price of a product that is new; afterwards pricing events carry it. Not for configurables.
        weight: in the shop's unit, 0 or more.
        url_key: for a new product; made from name and SKU if not told. Sent again only if told.
        tax_class: name of a product tax class; empty for none.
        websites: codes of all websites that are to offer it.
        categories: all categories it is to stand in, no others; empty takes it out of all.
        values: further attributes.
        parts: of a configurable, exactly these.
    """

    sku: str
    type: ProductType = "simple"
    name: str | None = None
    attribute_set: str | None = None
    is_enabled: bool | None = None
    visibility: Visibility | None = None
    price: Decimal | None = None
    weight: Decimal | None = None
    url_key: str | None = None
    tax_class: str | None = None
    websites: tuple[str, ...] | None = None
    categories: tuple[CategoryPlace, ...] | None = None
    values: ShopValues = field(default_factory=lambda: MappingProxyType({}))
    parts: ConfigurableParts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRemoval:
    """A product that the shop is not to hold any more; absent already is as good."""

    sku: str


LinkKind: TypeAlias = Literal["related", "up_sell", "cross_sell", "associated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLinks:
    """
    Which products a product points at.

    Attributes:
        links: SKUs by kind, in the order shown; all of that kind, so that an empty tuple takes them all away. A kind
            that is absent stays as it is. `associated` is for the parts of a grouped product (kits).
    """

    sku: str
    links: Mapping[LinkKind, tuple[str, ...]]
