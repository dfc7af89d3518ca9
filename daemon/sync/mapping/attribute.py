"""Attributes and attribute sets: definitions and item classes of the ERP as the shop holds them (R49, R78, R86)."""

from collections.abc import Mapping
from typing import Final

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.mapping.fields import ATTRIBUTES, mapped_fields
from daemon.sync.records.attribute import ErpAttribute, ErpControl
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.shop.attribute import AttributeInput, ShopAttribute, ShopAttributeSet, ShopOption

_INPUTS: Final[Mapping[ErpControl, AttributeInput]] = {
    "text": "text",
    "combo": "select",
    "multi_select": "multiselect",
    "checkbox": "boolean",
    "datetime": "date",
    "number": "text",
    "selector": "text",
}


def attribute_codes(settings: ConnectorSettings) -> Mapping[str, str]:
    """Give the shop's code of every product attribute that takes part, by the ERP's attribute id."""
    mapped = mapped_fields(
        settings.mappings.product_fields, settings.schema.active("product"), "to_magento", is_new=None
    )
    return {name.removeprefix(ATTRIBUTES): code for name, code in mapped.items() if name.startswith(ATTRIBUTES)}


def map_attribute(attribute: ErpAttribute, settings: ConnectorSettings) -> ShopAttribute | None:
    """Give the attribute as the shop is to hold it; None: it is not active in the schema."""
    code = attribute_codes(settings).get(attribute.attribute_id)
    if code is None:
        return None
    labels: dict[str, ShopOption] = {}
    for option in sorted(attribute.options, key=lambda each: (each.position, each.value)):
        label = option.description.strip() or option.value.strip()
        # Two values that read the same are one choice to a customer, and the shop refuses a label twice.
        labels.setdefault(label.casefold(), ShopOption(label=label, position=len(labels)))
    return ShopAttribute(
        code=code,
        label=attribute.description.strip() or attribute.attribute_id,
        input=_INPUTS[attribute.control],
        options=tuple(labels.values()) if attribute.control in {"combo", "multi_select"} else (),
    )


def map_attribute_set(item_class: ErpItemClass, settings: ConnectorSettings) -> ShopAttributeSet:
    """Give the attribute set of an item class: its name is the class, its attributes the active ones."""
    codes = attribute_codes(settings)
    return ShopAttributeSet(
        name=item_class.class_id.strip(),
        attributes=tuple(codes[each] for each in item_class.attributes if each in codes),
    )
