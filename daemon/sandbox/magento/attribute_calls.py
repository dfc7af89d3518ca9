"""The calls about product attributes and their options."""

import re
from dataclasses import replace
from typing import Literal

from daemon.sandbox.magento.attributes import Attribute, Option
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, invalid_value_of, required
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.values import JsonObject, flag, integer, mapping, rows, text

_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_Kind = Literal["int", "decimal", "varchar", "text", "datetime"]
_KINDS: dict[str, _Kind] = {
    "text": "varchar",
    "textarea": "text",
    "texteditor": "text",
    "date": "datetime",
    "datetime": "datetime",
    "boolean": "int",
    "multiselect": "text",
    "select": "int",
    "price": "decimal",
    "media_image": "varchar",
    "weee": "varchar",
}
_SOURCES = {
    "select": "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Table",
    "boolean": "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Boolean",
}
_BACKENDS = {"multiselect": "Magento\\Eav\\Model\\Entity\\Attribute\\Backend\\ArrayBackend"}
_INPUTS = {"int": "select", "decimal": "price", "varchar": "text", "text": "textarea", "datetime": "date"}
_FLAGS = (
    "is_wysiwyg_enabled",
    "is_html_allowed_on_front",
    "used_for_sort_by",
    "is_filterable",
    "is_filterable_in_search",
    "is_used_in_grid",
    "is_visible_in_grid",
    "is_filterable_in_grid",
)
_TEXT_FLAGS = (
    "is_searchable",
    "is_visible_in_advanced_search",
    "is_comparable",
    "is_used_for_promo_rules",
    "is_visible_on_front",
    "used_in_product_listing",
)


def existing_attribute(call: Call, code: str) -> Attribute:
    """
    The attribute of a code.

    Raises:
        Refusal: 404.
    """
    attribute = call.shop.attributes.get(code)
    if attribute is None:
        raise Refusal(
            'The attribute with a "%1" attributeCode doesn\'t exist. Verify the attribute and try again.',
            status=404,
            parameters=[code],
        )
    return attribute


def create_attribute(call: Call) -> JsonObject:
    """`POST products/attributes`."""
    given = mapping(call.body, "attribute") or {}
    shown_label = text(given, "default_frontend_label")
    if not shown_label:
        raise required("frontend_label")
    code = text(given, "attribute_code") or _slug(shown_label)
    if not _CODE.fullmatch(code):
        raise invalid_value_of("attribute_code", code)
    kind = _kind(given)
    if call.shop.attributes.get(code) is not None:
        raise Refusal("%1 already exists.", parameters=["Attribute with the same code"])
    attribute = call.shop.attributes.add(
        Attribute(
            code=code,
            label=shown_label,
            kind=kind,
            input=text(given, "frontend_input"),
            scope=_scope(given) or "global",
            sets=frozenset(),
            is_required=flag(given, "is_required") or False,
        )
    )
    _add_options(call, attribute, given)
    return attribute_view(call, attribute)


def update_attribute(call: Call) -> JsonObject:
    """`PUT products/attributes/:code`; the input must be sent, although it cannot be changed."""
    attribute = existing_attribute(call, call.path["attributeCode"])
    given = mapping(call.body, "attribute") or {}
    _kind(given)
    changed = replace(
        attribute,
        label=text(given, "default_frontend_label") or attribute.label,
        scope=_scope(given) or attribute.scope,
        is_required=attribute.is_required if flag(given, "is_required") is None else bool(flag(given, "is_required")),
    )
    call.shop.attributes.add(changed)
    _add_options(call, changed, given)
    return attribute_view(call, changed)


def _kind(given: JsonObject) -> _Kind:
    kind = _KINDS.get(text(given, "frontend_input") or "")
    if kind is None:
        raise invalid_value_of("frontend_input", text(given, "frontend_input"))
    return kind


def _scope(given: JsonObject) -> Literal["store", "website", "global"] | None:
    match text(given, "scope"):
        case "global":
            return "global"
        case "website":
            return "website"
        case "store":
            return "store"
        case _:
            return None


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def _add_options(call: Call, attribute: Attribute, given: JsonObject) -> None:
    if not attribute.has_options:
        return
    known = {option.label.lower() for option in call.shop.attributes.options(attribute.code)}
    for row in rows(given, "options"):
        label = (text(row, "label") or "").strip()
        if label and label.lower() not in known:
            known.add(label.lower())
            call.shop.attributes.add_option(attribute.code, label, position=integer(row, "sort_order") or 0)


def delete_attribute(call: Call) -> bool:
    """`DELETE products/attributes/:code`."""
    attribute = existing_attribute(call, call.path["attributeCode"])
    call.shop.attributes.remove(attribute.code)
    return True


def get_attribute(call: Call) -> JsonObject:
    """`GET products/attributes/:code`."""
    return attribute_view(call, existing_attribute(call, call.path["attributeCode"]))


def search_attributes(call: Call) -> JsonObject:
    """`GET products/attributes?searchCriteria…`."""
    criteria = call.criteria()
    found, total = find(call.shop.attributes, criteria, lambda each, field: attribute_view(call, each).get(field))
    return result([attribute_view(call, each) for each in found], criteria, total)


def attribute_view(call: Call, attribute: Attribute) -> JsonObject:
    """An attribute as the shop shows it."""
    entered = attribute.input or _INPUTS[attribute.kind]
    view: JsonObject = {
        **dict.fromkeys(_FLAGS, False),
        "position": 0,
        "apply_to": [],
        **dict.fromkeys(_TEXT_FLAGS, "0"),
        "is_visible": True,
        "scope": attribute.scope,
        "attribute_id": attribute.attribute_id or 0,
        "attribute_code": attribute.code,
        "frontend_input": entered,
        "entity_type_id": "4",
        "is_required": attribute.is_required,
        "options": option_rows(call, attribute) if attribute.has_options else [],
        "is_user_defined": attribute.attribute_id is not None,
        "default_frontend_label": attribute.label,
        "frontend_labels": [],
        "backend_type": attribute.kind,
    }
    if entered in _BACKENDS:
        view["backend_model"] = _BACKENDS[entered]
    if entered in _SOURCES:
        view["source_model"] = _SOURCES[entered]
    if attribute.has_options:
        view["default_value"] = ""
    return {**view, "is_unique": "0", "validation_rules": []}


def option_rows(call: Call, attribute: Attribute) -> list[JsonObject]:
    """The options of an attribute as a store view sees them; a blank one comes first."""
    if not attribute.has_options:
        return []
    return [{"label": " ", "value": ""}, *(_option_row(option, call.store_id) for option in _options(call, attribute))]


def _options(call: Call, attribute: Attribute) -> list[Option]:
    return call.shop.attributes.options(attribute.code)


def _option_row(option: Option, store_id: int) -> JsonObject:
    return {"label": _label(option, store_id), "value": str(option.option_id)}


def _label(option: Option, store_id: int) -> str:
    return option.label if store_id == ALL_STORES else option.store_labels.get(store_id, option.label)
