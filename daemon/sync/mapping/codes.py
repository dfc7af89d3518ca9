"""Names in the shop made from keys of the ERP: attribute codes and category marks."""

import re
from typing import Final

_LONGEST: Final = 60
_OWN: Final = frozenset(
    {
        "sku", "name", "price", "special_price", "special_from_date", "special_to_date", "cost", "weight", "status",
        "visibility", "description", "short_description", "url_key", "url_path", "tax_class_id", "category_ids",
        "image", "small_image", "thumbnail", "media_gallery", "gallery", "tier_price", "minimal_price", "quantity",
        "quantity_and_stock_status", "created_at", "updated_at", "type_id", "attribute_set_id", "options_container",
        "has_options", "required_options", "meta_title", "meta_keyword", "meta_description", "news_from_date",
        "news_to_date", "country_of_manufacture", "links_title", "shipment_type", "msrp", "store_id", "entity_id",
    }
)  # fmt: skip
"""Codes that mean something in every shop: an attribute of the ERP that happens to be called so is another one."""


def attribute_code(attribute_id: str) -> str:
    """Make an attribute code: a lower case letter, then lower case letters, digits, underscores; at most 60."""
    code = re.sub(r"[^a-z0-9_]+", "_", attribute_id.strip().lower()).strip("_") or "attribute"
    if not code[0].isalpha() or code in _OWN:
        code = f"erp_{code}"
    return code[:_LONGEST]


def category_mark(category_id: str) -> str:
    """Make the mark of a category (`erp-1042`), which never changes."""
    slug = re.sub(r"[^a-z0-9]+", "-", category_id.strip().lower()).strip("-")
    return f"erp-{slug}"[:_LONGEST]
