"""The calls about options of product attributes."""

from daemon.sandbox.magento.attribute_calls import existing_attribute, option_rows
from daemon.sandbox.magento.attributes import Attribute, Option
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.values import JsonObject, integer, mapping, rows, text


def list_options(call: Call) -> list[JsonObject]:
    """`GET products/attributes/:code/options`; a blank one comes first."""
    return option_rows(call, existing_attribute(call, call.path["attributeCode"]))


def add_option(call: Call) -> str:
    """`POST products/attributes/:code/options`."""
    attribute = existing_attribute(call, call.path["attributeCode"])
    given = mapping(call.body, "option") or {}
    if not attribute.has_options:
        raise Refusal('The "%1" attribute doesn\'t work with options.', parameters=[attribute.code])
    label = _checked_label(given)
    _refuse_twin(call, attribute, label, None)
    option = call.shop.attributes.add_option(attribute.code, label.strip(), position=integer(given, "sort_order") or 0)
    _set_store_labels(option, given)
    return str(option.option_id)


def _checked_label(given: JsonObject) -> str:
    label = text(given, "label") or ""
    if not label.strip():
        raise Refusal("The attribute option label is empty. Enter the value and try again.")
    return label


def _refuse_twin(call: Call, attribute: Attribute, label: str, own: Option | None) -> None:
    for option in call.shop.attributes.options(attribute.code):
        if option is not own and option.label.lower() == label.strip().lower():
            raise Refusal('Admin store attribute option label "%1" is already exists.', parameters=[label])


def _set_store_labels(option: Option, given: JsonObject) -> None:
    for row in rows(given, "store_labels"):
        store, label = integer(row, "store_id"), text(row, "label")
        if store is not None and label is not None:
            option.store_labels[store] = label


def update_option(call: Call) -> bool:
    """`PUT products/attributes/:code/options/:optionId`."""
    attribute = existing_attribute(call, call.path["attributeCode"])
    option_id = call.path["optionId"]
    given = mapping(call.body, "option") or {}
    option = _option(call, attribute, option_id)
    if option is None:
        raise Refusal(
            "The '%1' attribute doesn't include an option id '%2'.",
            parameters=[attribute.code, int(option_id) if option_id.isdigit() else option_id],
        )
    label = _checked_label(given)
    _refuse_twin(call, attribute, label, option)
    option.label = label.strip()
    option.position = integer(given, "sort_order") or option.position
    _set_store_labels(option, given)
    return True


def delete_option(call: Call) -> bool:
    """`DELETE products/attributes/:code/options/:optionId`."""
    attribute = existing_attribute(call, call.path["attributeCode"])
    option = _option(call, attribute, call.path["optionId"])
    if option is None:
        raise Refusal(
            'The "%1" attribute doesn\'t include an option with "%2" ID.',
            status=404,
            parameters=[attribute.code, call.path["optionId"]],
        )
    call.shop.attributes.remove_option(attribute.code, option)
    return True


def _option(call: Call, attribute: Attribute, option_id: str) -> Option | None:
    options = call.shop.attributes.options(attribute.code)
    return next((option for option in options if str(option.option_id) == option_id), None)
