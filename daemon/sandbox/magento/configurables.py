"""What makes a configurable product: the attributes its parts differ by, and the parts."""

from daemon.sandbox.magento.attributes import Attribute
from daemon.sandbox.magento.errors import Refusal, internal_error, no_such_product
from daemon.sandbox.magento.product import Product
from daemon.sandbox.magento.product_parts import ConfigurableOption
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.magento.stores import ALL_STORES
from daemon.sandbox.magento.values import JsonObject, integer, text


def refuse_broken(shop: Shop, product: Product) -> None:
    """
    Refuse whatever touches a configurable with an option whose attribute does not exist.

    Raises:
        Refusal: 500.
    """
    if any(shop.attributes.by_id(option.attribute_id) is None for option in product.options):
        raise internal_error()


def save_option(shop: Shop, product: Product, given: JsonObject) -> ConfigurableOption:
    """Store an option; one of the same attribute is changed."""
    wanted = text(given, "attribute_id") or ""
    attribute_id = int(wanted) if wanted.isdigit() else 0
    option = next((each for each in product.options if each.attribute_id == attribute_id), None)
    if option is None:
        option = ConfigurableOption(
            option_id=shop.next_option_id(), attribute_id=attribute_id, label=text(given, "label") or "", position=0
        )
        product.options.append(option)
    option.label = text(given, "label") or option.label
    option.position = integer(given, "position") or 0
    return option


def options_view(shop: Shop, product: Product, *, is_strict: bool = True) -> list[JsonObject]:
    """
    The options of a configurable, each with the values its parts have.

    Raises:
        Refusal: 500, *is_strict* and there is an option whose attribute does not exist.
    """
    parts = [part for child in product.children if (part := shop.catalogue.by_id(child)) is not None]
    view: list[JsonObject] = []
    for option in sorted(product.options, key=lambda each: each.position):
        attribute = shop.attributes.by_id(option.attribute_id)
        if attribute is None:
            if is_strict:
                raise internal_error()
            continue
        had = {str(part.value(attribute.code, ALL_STORES)) for part in parts}
        known = [each.option_id for each in shop.attributes.options(attribute.code)]
        view.append(
            {
                "id": option.option_id,
                "attribute_id": str(option.attribute_id),
                "label": option.label,
                "position": option.position,
                "values": [{"value_index": value} for value in known if str(value) in had],
                "product_id": product.entity_id,
            }
        )
    return view


def check_parts(shop: Shop, product: Product, children: list[int], *, newest_first: bool = False) -> None:
    """
    Refuse parts that lack a value of an option, or have the same values as another.

    Raises:
        Refusal: 400.
    """
    attributes = [found for option in product.options if (found := shop.attributes.by_id(option.attribute_id))]
    seen: dict[tuple[object, ...], int] = {}
    for child_id in children:
        part = shop.catalogue.by_id(child_id)
        if part is None:
            raise no_such_product()
        values = tuple(_value_of(part, attribute) for attribute in attributes)
        if values in seen:
            pair = (child_id, seen[values]) if newest_first else (seen[values], child_id)
            raise Refusal(
                'Products "%1" and "%2" have the same set of attribute values.', parameters=list(map(str, pair))
            )
        seen[values] = child_id


def _value_of(part: Product, attribute: Attribute) -> object:
    value = part.value(attribute.code, ALL_STORES)
    if value is None:
        raise Refusal(
            'The child product doesn\'t have the "%1" attribute value. Verify the value and try again.',
            parameters=[attribute.code],
        )
    return value
