"""Values of attributes as the store takes them: option ids for labels, texts for everything else."""

import re
from decimal import Decimal
from typing import Final

from daemon.magento.attributes import Attribute, folded
from daemon.magento.talk import Halted, refuse
from daemon.sync.shop.values import ShopValue

_SHOWN_LABELS: Final = 10
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
_WORDS: Final = {"true": "1", "yes": "1", "1": "1", "false": "0", "no": "0", "0": "0"}


def written(attribute: Attribute, value: ShopValue) -> str | None:
    """
    Write *value* as the store takes it for *attribute*; None clears it.

    Raises:
        Halted: a label is none of the options, or the value does not fit the input. The store would take an option id
            that does not exist, and a text that is none.
    """
    if value is None or value == ():
        return None
    match attribute.input:
        case "multiselect":
            labels = value if isinstance(value, tuple) else (plain(value),)
            return ",".join(_option(attribute, label) for label in labels)
        case "select":
            return _option(attribute, _single(attribute, value)) if attribute.options else _single(attribute, value)
        case "boolean":
            return _yes_or_no(attribute, value)
        case "date" | "datetime":
            return _moment(attribute, value)
        case _:
            return _single(attribute, value)


def fits(attribute: Attribute, value: ShopValue) -> bool:
    """Tell whether *attribute*, as it is known, takes *value*."""
    try:
        written(attribute, value)
    except Halted:
        return False
    return True


def plain(value: str | int | bool | Decimal) -> str:  # noqa: FBT001 - a value among others, no switch
    """Write one value as a text: numbers digit for digit, true and false as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _single(attribute: Attribute, value: ShopValue) -> str:
    if value is None or isinstance(value, tuple):
        refuse("validation", f"{attribute.code} takes one value, and {len(value or ())} came")
    return plain(value)


def _option(attribute: Attribute, label: str) -> str:
    option = attribute.options.get(folded(label))
    if option is None:
        shown = ", ".join(attribute.labels[:_SHOWN_LABELS]) or "none"
        more = ", …" if len(attribute.labels) > _SHOWN_LABELS else ""
        refuse(
            "validation",
            f"{label!r} is not among the options of {attribute.code} in the store ({shown}{more}); "
            "sync the attribute, or correct the value in the ERP",
        )
    return option


def _yes_or_no(attribute: Attribute, value: ShopValue) -> str:
    word = _WORDS.get(folded(_single(attribute, value)))
    if word is None:
        refuse("validation", f"{attribute.code} is yes or no, and {value!r} came")
    return word


def _moment(attribute: Attribute, value: ShopValue) -> str:
    text = _single(attribute, value).strip()
    if not _DATE.fullmatch(text):
        refuse("validation", f"{attribute.code} is a date such as 2026-11-21, and {text!r} came")
    return text if " " in text else f"{text} 00:00:00"


def same_value(stored: object, wanted: str | None) -> bool:
    """Tell whether the store holds the wanted value; it shows decimals with six places, and no value as none."""
    if wanted is None or wanted == "":
        return stored in (None, "")
    if stored is None or isinstance(stored, list | dict):
        return False
    text = str(stored)
    return text == wanted or _as_number(text) == _as_number(wanted) != ""


def _as_number(text: str) -> str:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return ""
    return f"{number.normalize():f}" if number.is_finite() else ""
