"""The calls about customer groups."""

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, invalid_value_of, no_such_entity, required
from daemon.sandbox.magento.people import GENERAL, NOT_LOGGED_IN, CustomerGroup
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.tax_class_store import BUYERS
from daemon.sandbox.magento.values import JsonObject, integer, mapping, text


def search_groups(call: Call) -> JsonObject:
    """`GET customerGroups/search?searchCriteria…`."""
    criteria = call.criteria()
    groups = call.shop.people.groups.values()
    found, total = find(groups, criteria, lambda each, field: _view(call, each).get(field))
    return result([_view(call, each) for each in found], criteria, total)


def get_group(call: Call) -> JsonObject:
    """`GET customerGroups/:id`."""
    return _view(call, _existing(call))


def _existing(call: Call) -> CustomerGroup:
    group_id = call.number("id")
    known = call.shop.people.groups.get(group_id)
    if known is None:
        raise no_such_entity("id", group_id)
    return known


def create_group(call: Call) -> JsonObject:
    """`POST customerGroups`; a code longer than 32 characters is cut without a word."""
    code, tax_class_id = _checked(call, None)
    return _view(call, call.shop.people.add_group(code, tax_class_id or BUYERS))


def update_group(call: Call) -> JsonObject:
    """`PUT customerGroups/:id`."""
    known = _existing(call)
    known.code, known.tax_class_id = _checked(call, known)
    return _view(call, known)


def _checked(call: Call, own: CustomerGroup | None) -> tuple[str, int]:
    given = mapping(call.body, "group") or {}
    code = (text(given, "code") or "").strip()
    if not code:
        raise required("code")
    tax_class_id = integer(given, "tax_class_id")
    if tax_class_id is not None:
        tax_class = call.shop.tax_classes.get(tax_class_id)
        if tax_class is None or tax_class.kind != "CUSTOMER":
            raise invalid_value_of("taxClassId", tax_class_id)
    twin = call.shop.people.group_named(code)
    if twin is not None and twin is not own:
        raise Refusal("Customer Group already exists.")
    return code, tax_class_id or (own.tax_class_id if own else BUYERS)


def delete_group(call: Call) -> bool:
    """`DELETE customerGroups/:id`; the first two stay."""
    known = _existing(call)
    if known.group_id in (NOT_LOGGED_IN, GENERAL):
        raise Refusal("Cannot delete group.")
    del call.shop.people.groups[known.group_id]
    return True


def _view(call: Call, known: CustomerGroup) -> JsonObject:
    tax_class = call.shop.tax_classes.get(known.tax_class_id)
    return {
        "id": known.group_id,
        "code": known.code,
        "tax_class_id": known.tax_class_id,
        "tax_class_name": tax_class.name if tax_class else None,
    }
