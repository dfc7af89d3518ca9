"""The calls about attribute sets, their groups, and the attributes in them."""

from daemon.sandbox.magento.attribute_calls import attribute_view, existing_attribute
from daemon.sandbox.magento.attribute_set_store import PRODUCT_ENTITY_TYPE, AttributeGroup, AttributeSet
from daemon.sandbox.magento.attributes import in_set
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, invalid_value_of, no_such_entity
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.values import JsonObject, integer, mapping, text


def create_set(call: Call) -> JsonObject:
    """`POST products/attribute-sets` and `POST eav/attribute-sets`."""
    given = mapping(call.body, "attributeSet") or {}
    set_id = integer(given, "attribute_set_id")
    if set_id is not None:
        raise invalid_value_of("id", set_id)
    if integer(call.body, "skeletonId") not in call.shop.attribute_sets:
        raise Refusal("The attribute set couldn't be created because it's based on a non-existing attribute set.")
    name = _checked_name(call, given, None)
    return set_view(call.shop.attribute_sets.create(name, integer(given, "sort_order") or 0))


def _checked_name(call: Call, given: JsonObject, own: AttributeSet | None) -> str:
    name = (text(given, "attribute_set_name") or "").strip()
    if not name:
        raise Refusal("The attribute set name is empty. Enter the name and try again.")
    twin = call.shop.attribute_sets.named(name)
    if twin is not None and twin is not own:
        raise Refusal(f'A "{name}" attribute set name already exists. Create a new name and try again.')
    return name


def _existing_set(call: Call, set_id: int | None, field: str) -> AttributeSet:
    known = None if set_id is None else call.shop.attribute_sets.get(set_id)
    if known is None:
        raise no_such_entity(field, set_id)
    return known


def _set_of_path(call: Call) -> AttributeSet:
    return _existing_set(call, call.number("attributeSetId"), "id")


def get_set(call: Call) -> JsonObject:
    """`GET products/attribute-sets/:id`."""
    return set_view(_set_of_path(call))


def update_set(call: Call) -> JsonObject:
    """`PUT products/attribute-sets/:id`."""
    known = _set_of_path(call)
    given = mapping(call.body, "attributeSet") or {}
    known.name = _checked_name(call, given, known)
    known.sort_order = integer(given, "sort_order") or known.sort_order
    return set_view(known)


def delete_set(call: Call) -> bool:
    """`DELETE products/attribute-sets/:id`, with the products in it."""
    known = _set_of_path(call)
    for product in [each for each in call.shop.catalogue if each.attribute_set_id == known.set_id]:
        call.shop.catalogue.remove(product)
    call.shop.attribute_sets.remove(known.set_id)
    return True


def search_sets(call: Call) -> JsonObject:
    """`GET products/attribute-sets/sets/list?searchCriteria…`."""
    criteria = call.criteria()
    found, total = find(
        call.shop.attribute_sets.all(), criteria, lambda each, field: {**set_view(each), "entity_type_code": 1}[field]
    )
    return result([set_view(each) for each in found], criteria, total)


def set_view(known: AttributeSet) -> JsonObject:
    """A set as the shop shows it."""
    return {
        "attribute_set_id": known.set_id,
        "attribute_set_name": known.name,
        "sort_order": known.sort_order,
        "entity_type_id": PRODUCT_ENTITY_TYPE,
    }


def list_attributes(call: Call) -> list[JsonObject]:
    """`GET products/attribute-sets/:id/attributes`."""
    known = _set_of_path(call)
    return [attribute_view(call, each) for each in call.shop.attributes if in_set(each, known.set_id)]


def assign_attribute(call: Call) -> str:
    """`POST products/attribute-sets/attributes`; doing it again is no fault."""
    known = _existing_set(call, integer(call.body, "attributeSetId"), "id")
    group = call.shop.attribute_sets.group(integer(call.body, "attributeGroupId") or 0)
    if group is None:
        raise no_such_entity("id", integer(call.body, "attributeGroupId"))
    if group.set_id != known.set_id:
        raise Refusal("The attribute group doesn't belong to the attribute set.")
    attribute = existing_attribute(call, text(call.body, "attributeCode") or "")
    call.shop.attributes.place(attribute.code, known.set_id)
    return str(call.shop.attribute_sets.assign(known.set_id, group.group_id, attribute.code))


def unassign_attribute(call: Call) -> bool:
    """`DELETE products/attribute-sets/:id/attributes/:code`."""
    known = _set_of_path(call)
    attribute = existing_attribute(call, call.path["attributeCode"])
    if not in_set(attribute, known.set_id):
        raise Refusal(
            'The "%1" attribute wasn\'t found in the "%2" attribute set. Enter the attribute and try again.',
            parameters=[attribute.code, known.set_id],
        )
    call.shop.attributes.displace(attribute.code, known.set_id)
    call.shop.attribute_sets.places.pop((known.set_id, attribute.code), None)
    return True


def create_group(call: Call) -> JsonObject:
    """`POST products/attribute-sets/groups`."""
    given = mapping(call.body, "group") or {}
    known = _existing_set(call, integer(given, "attribute_set_id"), "attributeSetId")
    name = text(given, "attribute_group_name") or ""
    if any(each.set_id == known.set_id and each.name == name for each in call.shop.attribute_sets.groups()):
        raise Refusal("The attributeGroup can't be saved.")
    return group_view(call.shop.attribute_sets.add_group(known.set_id, name))


def search_groups(call: Call) -> JsonObject:
    """`GET products/attribute-sets/groups/list?searchCriteria…`."""
    criteria = call.criteria()
    found, total = find(
        call.shop.attribute_sets.groups(), criteria, lambda each, field: {**group_view(each)}.get(field)
    )
    return result([group_view(each) for each in found], criteria, total)


def group_view(group: AttributeGroup) -> JsonObject:
    """A group as the shop shows it: its id is a text."""
    return {
        "attribute_group_id": str(group.group_id),
        "attribute_group_name": group.name,
        "attribute_set_id": group.set_id,
    }
