"""The product attributes the simulated shop knows: their type, scope and place among the custom attributes."""

from dataclasses import dataclass
from typing import Literal

DEFAULT_SET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """
    One product attribute.

    Attributes:
        label: as the shop's messages name it.
        kind: the column type; `int` and `decimal` values are checked, the rest are texts.
        scope: where a value may differ: per store view, per website, or nowhere.
        sets: the attribute sets that hold it, None for all.
        position: its place among `custom_attributes`; None for those that stand at the top of a product.
        is_required: a product without a value is refused.
    """

    code: str
    label: str
    kind: Literal["int", "decimal", "varchar", "text", "datetime"]
    scope: Literal["store", "website", "global"] = "store"
    sets: frozenset[int] | None = None
    position: int | None = None
    is_required: bool = False


_TOP = (
    Attribute(code="name", label="Product Name", kind="varchar", is_required=True),
    Attribute(code="price", label="Price", kind="decimal", scope="global"),
    Attribute(code="status", label="Enable Product", kind="int", scope="website"),
    Attribute(code="visibility", label="Visibility", kind="int"),
    Attribute(code="weight", label="Weight", kind="decimal", scope="global"),
)
_CUSTOM = (
    Attribute(code="image", label="Base", kind="varchar", position=10),
    Attribute(code="small_image", label="Small", kind="varchar", position=11),
    Attribute(code="swatch_image", label="Swatch", kind="varchar", position=12),
    Attribute(code="thumbnail", label="Thumbnail", kind="varchar", position=13),
    Attribute(code="options_container", label="Display Product Options In", kind="varchar", position=20),
    Attribute(code="url_key", label="URL Key", kind="varchar", position=30),
    Attribute(
        code="msrp_display_actual_price_type",
        label="Display Actual Price",
        kind="varchar",
        scope="website",
        position=31,
    ),
    Attribute(code="required_options", label="Required Options", kind="int", scope="global", position=40),
    Attribute(code="has_options", label="Has Options", kind="int", scope="global", position=41),
    Attribute(code="tax_class_id", label="Tax Class", kind="int", scope="website", position=42),
    Attribute(code="price_type", label="Dynamic Price", kind="int", scope="global", position=45),
    Attribute(code="description", label="Description", kind="text", position=50),
    Attribute(code="short_description", label="Short Description", kind="text", position=51),
    Attribute(code="meta_title", label="Meta Title", kind="varchar", position=52),
    Attribute(code="meta_keyword", label="Meta Keywords", kind="text", position=53),
    Attribute(code="meta_description", label="Meta Description", kind="varchar", position=54),
    Attribute(code="special_price", label="Special Price", kind="decimal", scope="website", position=60),
    Attribute(code="special_from_date", label="Special From", kind="datetime", scope="website", position=61),
    Attribute(code="special_to_date", label="Special To", kind="datetime", scope="website", position=62),
    Attribute(code="cost", label="Cost", kind="decimal", scope="website", position=63),
    Attribute(code="manufacturer", label="Manufacturer", kind="int", scope="global", position=64),
    Attribute(code="color", label="Color", kind="int", scope="global", position=65),
    Attribute(code="country_of_manufacture", label="Country of Manufacture", kind="varchar", position=66),
)
STATIC_FIELDS = frozenset({"entity_id", "sku", "type_id", "attribute_set_id", "created_at", "updated_at"})
IMAGE_CODES = ("image", "small_image", "swatch_image", "thumbnail")


class AttributeRegistry:
    """The attributes and attribute sets; a shop may add its own."""

    def __init__(self) -> None:
        self._attributes = {attribute.code: attribute for attribute in (*_TOP, *_CUSTOM)}
        self.sets = {DEFAULT_SET}

    def add(self, attribute: Attribute) -> None:
        """Add an attribute of the merchant's own."""
        self._attributes[attribute.code] = attribute

    def get(self, code: str) -> Attribute | None:
        """The attribute of that code."""
        return self._attributes.get(code)

    def required_of(self, attribute_set: int) -> list[Attribute]:
        """The attributes without which a product of that set is refused."""
        return [
            attribute
            for attribute in self._attributes.values()
            if attribute.is_required and in_set(attribute, attribute_set)
        ]

    def is_searchable(self, field: str) -> bool:
        """Whether products can be searched by that name."""
        return field in STATIC_FIELDS or field in self._attributes


def in_set(attribute: Attribute, attribute_set: int) -> bool:
    """Whether a product of that attribute set has the attribute."""
    return attribute.sets is None or attribute_set in attribute.sets
