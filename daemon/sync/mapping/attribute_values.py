"""Values of attributes: stored values of the ERP as the labels, numbers and answers of the shop."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from daemon.sync.mapping.refusal import unmapped
from daemon.sync.records.attribute import ErpAttribute, ErpAttributeValue
from daemon.sync.shop.values import ShopValue
from queues.verdicts import Refused

_TRUE: Final = frozenset({"1", "true", "yes"})
_FALSE: Final = frozenset({"0", "false", "no"})


def attribute_value(told: ErpAttributeValue, definitions: Mapping[str, ErpAttribute]) -> ShopValue | Refused:
    """
    Give the value of one attribute as the shop reads it.

    Args:
        told: the record's value.
        definitions: the ERP's definitions by attribute id; without one the value goes out as the text it is.

    Returns:
        A refusal for a value that the definition does not offer.
    """
    if told.value is None or not told.value.strip():
        return None
    definition = definitions.get(told.attribute_id)
    if definition is None:
        return told.description or told.value.strip()
    return _defined(told.value.strip(), definition)


def _defined(text: str, definition: ErpAttribute) -> ShopValue | Refused:
    match definition.control:
        case "combo":
            return _label(text, definition)
        case "multi_select":
            labels = [_label(each.strip(), definition) for each in text.split(",") if each.strip()]
            wrong = next((each for each in labels if isinstance(each, Refused)), None)
            return wrong or tuple(each for each in labels if isinstance(each, str))
        case "checkbox":
            return _answer(text, definition)
        case "number":
            return _number(text, definition)
        case "datetime":
            return _day(text, definition)
        case "text" | "selector":
            return text


def _label(value: str, definition: ErpAttribute) -> str | Refused:
    for option in definition.options:
        if option.value.strip() == value:
            return option.description.strip() or value
    return unmapped(f"attribute {definition.attribute_id} has no value {value!r}; choose one that its definition lists")


def _answer(text: str, definition: ErpAttribute) -> bool | Refused:
    if text.casefold() in _TRUE | _FALSE:
        return text.casefold() in _TRUE
    return unmapped(f"attribute {definition.attribute_id} must be ticked or not, it is {text!r}")


def _day(text: str, definition: ErpAttribute) -> str | Refused:
    """Read a date: written as ISO 8601, or in the local form of the ERP's English sites; nobody tells its zone."""
    try:
        at = datetime.fromisoformat(text.replace("Z", ""))
    except ValueError:
        try:
            at = datetime.strptime(text.split(maxsplit=1)[0], "%m/%d/%Y")  # noqa: DTZ007 - a day, wherever it is one
        except ValueError:
            return unmapped(f"attribute {definition.attribute_id} must be a date such as 2026-11-21, it is {text!r}")
    return f"{at:%Y-%m-%d}"


def _number(text: str, definition: ErpAttribute) -> Decimal | Refused:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    return (
        number
        if number.is_finite()
        else unmapped(f"attribute {definition.attribute_id} must be a number, it is {text!r}")
    )
