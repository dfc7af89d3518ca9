"""The body of a product's save: all of a new one, of one that is there only what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.magento.attribute_values import same_value
from daemon.magento.stored_products import StoredProduct
from daemon.magento.talk import Document, refuse
from daemon.magento.url_keys import slug
from daemon.sync.shop.product import CategoryPlace, ShopProduct, Visibility

VISIBILITIES: Final[Mapping[Visibility, int]] = {
    "not_visible_individually": 1,
    "catalog": 2,
    "search": 3,
    "catalog_search": 4,
}
_ENABLED: Final = 1
_DISABLED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """
    What a record says, in the store's ids and texts.

    Attributes:
        attribute_set_id: None: not told.
        website_ids: None: not told.
        categories: by id; None: not told.
        values: custom attributes as the store takes them; None clears one.
    """

    attribute_set_id: int | None
    website_ids: Sequence[int] | None
    categories: Mapping[int, CategoryPlace] | None
    values: Mapping[str, str | None]


def new_body(record: ShopProduct, resolved: Resolved) -> Document:
    """
    Write everything of a product that the store does not have yet.

    Raises:
        Halted: the name or the attribute set is missing.
    """
    if not record.name or not record.name.strip():
        refuse("validation", f"{record.sku} is new to the store and has no name; give it a description in the ERP")
    if resolved.attribute_set_id is None:
        refuse("validation", f"{record.sku} is new to the store and has no attribute set; give it an item class")
    body: Document = {
        "sku": record.sku,
        "name": record.name,
        "attribute_set_id": resolved.attribute_set_id,
        "type_id": record.type,
        "status": _DISABLED if record.is_enabled is False else _ENABLED,
        "visibility": VISIBILITIES[record.visibility or "catalog_search"],
    }
    if record.type != "configurable":
        # A configurable ignores its price; a simple product without one is taken, and cannot be bought.
        body["price"] = Decimal(0) if record.price is None else record.price
    if record.weight is not None and record.type == "simple":
        body["weight"] = record.weight
    extensions: Document = {}
    if resolved.website_ids is not None:
        extensions["website_ids"] = list(resolved.website_ids)
    if resolved.categories:
        extensions["category_links"] = [
            _link(category, place.position) for category, place in resolved.categories.items()
        ]
    if extensions:
        body["extension_attributes"] = extensions
    # Derived from the name alone it would clash with the next product of that name.
    key = record.url_key or slug(f"{record.name} {record.sku}")
    values = {"url_key": key, **{code: value for code, value in resolved.values.items() if value is not None}}
    body["custom_attributes"] = [{"attribute_code": code, "value": value} for code, value in values.items()]
    return body


def _link(category_id: int, position: int) -> Document:
    return {"category_id": str(category_id), "position": position}


def changed_body(record: ShopProduct, resolved: Resolved, stored: StoredProduct) -> Document:
    """Write what of a stored product differs; empty if nothing does. Price and attribute set are left alone."""
    body: Document = {}
    told: Document = {
        "name": record.name,
        "status": None if record.is_enabled is None else (_ENABLED if record.is_enabled else _DISABLED),
        "visibility": None if record.visibility is None else VISIBILITIES[record.visibility],
    }
    for name, value in told.items():
        if value is not None and stored.document.get(name) != value:
            body[name] = value
    if record.weight is not None and record.type == "simple" and not _same_number(stored, record.weight):
        body["weight"] = record.weight
    extensions: Document = {}
    websites = resolved.website_ids
    if websites is not None and sorted(stored.extension("website_ids")) != sorted(websites):
        extensions["website_ids"] = list(websites)
    links = _new_links(resolved, stored)
    if links:
        extensions["category_links"] = links
    if extensions:
        body["extension_attributes"] = extensions
    values = dict(resolved.values)
    if record.url_key is not None:
        values["url_key"] = record.url_key
    custom = [
        {"attribute_code": code, "value": value}
        for code, value in values.items()
        if not same_value(stored.values.get(code), value)
    ]
    if custom:
        body["custom_attributes"] = custom
    return body


def _same_number(stored: StoredProduct, wanted: Decimal) -> bool:
    shown = stored.document.get("weight")
    return isinstance(shown, int | float | str | Decimal) and Decimal(str(shown)) == wanted


def _new_links(resolved: Resolved, stored: StoredProduct) -> list[Document]:
    """The links to add or to move: a list adds and moves, but never removes."""
    return [
        _link(category, place.position)
        for category, place in (resolved.categories or {}).items()
        if category not in stored.categories or place.position not in (0, stored.categories[category])
    ]


def stale_categories(resolved: Resolved, stored: StoredProduct) -> list[int]:
    """Name the categories the product is to leave."""
    if resolved.categories is None:
        return []
    return [category for category in stored.categories if category not in resolved.categories]
