"""The product attributes the simulated shop knows: their type, scope, options and place among the custom attributes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

DEFAULT_SET = 4
_FIRST_OWN_ID = 137
_FIRST_OPTION_ID = 4
OWN_POSITION = 21
"""Where the merchant's own attributes stand among the custom attributes of a product."""


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
        attribute_id: None for those that came with the shop: nothing asks for theirs.
        input: how it is entered, as the merchant chose.
    """

    code: str
    label: str
    kind: Literal["int", "decimal", "varchar", "text", "datetime"]
    scope: Literal["store", "website", "global"] = "store"
    sets: frozenset[int] | None = None
    position: int | None = None
    is_required: bool = False
    attribute_id: int | None = None
    input: str | None = None

    @property
    def has_options(self) -> bool:
        """Whether its values are options."""
        return self.input in ("select", "multiselect")


@dataclass(slots=True, kw_only=True)
class Option:
    """One option of an attribute; a call may rename it, hence not frozen. `store_labels` by store view id."""

    option_id: int
    label: str
    position: int = 0
    store_labels: dict[int, str] = field(default_factory=dict)


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
    """The attributes and their options; a shop may add its own."""

    def __init__(self) -> None:
        self._attributes = {attribute.code: attribute for attribute in (*_TOP, *_CUSTOM)}
        self._options: dict[str, list[Option]] = {}
        self._last_id = _FIRST_OWN_ID - 1
        self._last_option_id = _FIRST_OPTION_ID - 1

    def __iter__(self) -> Iterator[Attribute]:
        return iter(list(self._attributes.values()))

    def add(self, attribute: Attribute) -> Attribute:
        """Add an attribute of the merchant's own; it gets an id if it has none."""
        if attribute.attribute_id is None:
            self._last_id += 1
            attribute = replace(attribute, attribute_id=self._last_id)
        self._attributes[attribute.code] = attribute
        return attribute

    def remove(self, code: str) -> None:
        """Take an attribute away, with its options."""
        del self._attributes[code]
        self._options.pop(code, None)

    def get(self, code: str) -> Attribute | None:
        """The attribute of that code."""
        return self._attributes.get(code)

    def by_id(self, attribute_id: int) -> Attribute | None:
        """The attribute of that id."""
        return next((each for each in self._attributes.values() if each.attribute_id == attribute_id), None)

    def place(self, code: str, attribute_set: int, *, position: int = OWN_POSITION) -> None:
        """Make an attribute part of a set."""
        attribute = self._attributes[code]
        if attribute.sets is not None:
            self._attributes[code] = replace(
                attribute, sets=attribute.sets | {attribute_set}, position=attribute.position or position
            )

    def displace(self, code: str, attribute_set: int) -> None:
        """Take an attribute out of a set."""
        attribute = self._attributes[code]
        if attribute.sets is not None:
            self._attributes[code] = replace(attribute, sets=attribute.sets - {attribute_set})

    def rank(self, attribute: Attribute) -> tuple[int, int]:
        """By what custom attributes are sorted in an answer: their place, then which was there first."""
        return attribute.position or 0, attribute.attribute_id or 0

    def options(self, code: str) -> list[Option]:
        """The options of an attribute in their order."""
        return sorted(self._options.get(code, ()), key=lambda option: (option.position, option.option_id))

    def add_option(self, code: str, label: str, *, position: int = 0) -> Option:
        """Add an option."""
        self._last_option_id += 1
        option = Option(option_id=self._last_option_id, label=label, position=position)
        self._options.setdefault(code, []).append(option)
        return option

    def remove_option(self, code: str, option: Option) -> None:
        """Take an option away."""
        self._options[code].remove(option)

    def required_of(self, attribute_set: int) -> list[Attribute]:
        """The attributes without which a product of that set is refused."""
        return [
            attribute
            for attribute in self._attributes.values()
            if attribute.is_required and in_set(attribute, attribute_set)
        ]

    def is_searchable(self, field_name: str) -> bool:
        """Whether products can be searched by that name."""
        return field_name in STATIC_FIELDS or field_name in self._attributes


def in_set(attribute: Attribute, attribute_set: int) -> bool:
    """Whether a product of that attribute set has the attribute."""
    return attribute.sets is None or attribute_set in attribute.sets
