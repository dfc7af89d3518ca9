"""The calls about tax classes."""

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, invalid_value_of, required
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.tax_class_store import TaxClass
from daemon.sandbox.magento.values import JsonObject, mapping, text

_KINDS = frozenset({"PRODUCT", "CUSTOMER"})


def search_tax_classes(call: Call) -> JsonObject:
    """`GET taxClasses/search?searchCriteria…`."""
    criteria = call.criteria()
    found, total = find(call.shop.tax_classes.all(), criteria, lambda each, field: _view(each).get(field))
    return result([_view(each) for each in found], criteria, total)


def create_tax_class(call: Call) -> str:
    """`POST taxClasses`; the id comes back as a text."""
    given = mapping(call.body, "taxClass") or {}
    name, kind = (text(given, "class_name") or "").strip(), text(given, "class_type") or ""
    for field, value in (("class_name", name), ("class_type", kind)):
        if not value:
            raise required(field)
    if kind not in _KINDS:
        raise invalid_value_of("class_type", kind)
    if any(each.name.lower() == name.lower() and each.kind == kind for each in call.shop.tax_classes.all()):
        raise Refusal("A class with the same name already exists for ClassType %1.", parameters=[kind])
    return str(call.shop.tax_classes.add(name, kind).class_id)


def _view(known: TaxClass) -> JsonObject:
    return {"class_id": known.class_id, "class_name": known.name, "class_type": known.kind}
