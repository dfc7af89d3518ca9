"""
Magento's conversion of a decoded body into typed arguments (ServiceInputProcessor), with its refusals.

Converters are compiled once from the contract's schemas: one call per value, no schema look-ups per row.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

from daemon.sandbox.magento.contract import Contract, Schema
from daemon.sandbox.magento.decimals import is_numeric
from daemon.sandbox.magento.decimals import text as number_text
from daemon.sandbox.magento.errors import PhpFault, Refusal, required
from daemon.sandbox.magento.values import JsonObject

Converter: TypeAlias = Callable[[object, str, int | None], object]
"""(value, name of its field, limit on lists of objects) to the typed value."""

_WRONG_TYPE = "Error occurred during"
_LARGEST_INT = 2**63 - 1
_UNCOUNTED = frozenset({"framework-attribute-interface"})  # custom_attributes have no limit


class BodyConverter:
    """Turns the top-level parameters of one operation into typed values."""

    def __init__(self, contract: Contract, schema: Schema) -> None:
        properties = schema.get("properties")
        wanted = schema.get("required")
        if not isinstance(properties, Mapping) or not isinstance(wanted, list | None):
            raise TypeError(f"not the schema of a body: {schema!r}")
        compiler = _Compiler(contract)
        self._required = frozenset(wanted or ())
        self._parameters = [(name, snake_case(name), compiler.compile(part)) for name, part in properties.items()]

    def convert(self, body: Mapping[str, object], array_limit: int | None) -> JsonObject:
        """
        Convert every known parameter; unknown ones are ignored.

        Raises:
            Refusal: a parameter is missing, a value has the wrong type, a field is unknown, a list is too long.
            PhpFault: null or a text stands where an object belongs.
        """
        converted: JsonObject = {}
        for name, snake, converter in self._parameters:
            value = body.get(name)
            if value is None:
                value = body.get(snake)
            if value is not None:
                converted[name] = converter(value, name, array_limit)
            elif name in self._required:
                raise required(name)
        return converted


class _Compiler:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._objects: dict[str, Converter] = {}

    def compile(self, schema: Schema) -> Converter:
        """Compile any part of a body."""
        name, resolved = self._contract.resolve(schema)
        if name is not None:
            return self._component(name, resolved)
        match resolved.get("type"):
            case "array":
                return self._list(resolved["items"])
            case "object":
                return self._object(resolved)
            case simple:
                return _SIMPLE.get(simple, _as_it_is)

    def _component(self, name: str, schema: Schema) -> Converter:
        known = self._objects.get(name)
        if known is not None:
            return known

        def later(value: object, field: str, limit: int | None) -> object:  # a component may contain itself
            return self._objects[name](value, field, limit)

        self._objects[name] = later
        self._objects[name] = self._object(schema)
        return self._objects[name]

    def _object(self, schema: Schema) -> Converter:
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            return _as_it_is
        compiled: dict[str, tuple[str, Converter]] = {}
        for name, part in properties.items():
            entry = (name, self.compile(part))
            compiled[name] = entry
            compiled[camel_case(name)] = entry

        def convert(value: object, _field: str, limit: int | None) -> object:
            if not isinstance(value, dict):
                return {}
            result: JsonObject = {}
            for key, item in value.items():
                entry = compiled.get(key) or compiled.get(camel_case(key))
                if entry is None:
                    raise Refusal(
                        '"%fieldName" is not supported. Correct the field name and try again.',
                        parameters={"fieldName": camel_case(key)},
                    )
                name, converter = entry
                result[name] = None if item is None else _within(name, converter, item, limit)
            return result

        return convert

    def _list(self, schema: object) -> Converter:
        if not isinstance(schema, Mapping):
            raise TypeError(f"not the schema of a list's elements: {schema!r}")
        name, _ = self._contract.resolve(schema)
        element = self.compile(schema)
        if name is None:
            return _simple_list(element)
        counted = name not in _UNCOUNTED
        php_type = php_interface(name)

        def convert(value: object, field: str, limit: int | None) -> object:
            if isinstance(value, dict):
                value = list(value.values())  # an object where a list belongs is taken apart
            if not isinstance(value, list):
                raise PhpFault
            if counted and limit is not None and len(value) > limit:
                raise Refusal('Maximum items of type "%type" is %max', parameters={"type": php_type, "max": limit})
            if any(row is None for row in value):
                raise PhpFault
            if not counted and not all(isinstance(row, dict) for row in value):
                raise PhpFault  # custom attributes as a map: PHP asks a text for its attribute code
            return [element(row, field, limit) for row in value]

        return convert


def _simple_list(element: Converter) -> Converter:
    def convert(value: object, field: str, limit: int | None) -> object:
        entries = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(entries, list):
            raise wrong_type(_TYPE_NAMES.get(type(value), "string"), field, "string[]")
        return [None if entry is None else element(entry, field, limit) for entry in entries]

    return convert


_TYPE_NAMES: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean", Decimal: "double"}


def _within(name: str, converter: Converter, value: object, limit: int | None) -> object:
    """Convert a member; a wrong type further in is told with every member on the way to it."""
    try:
        return converter(value, name, limit)
    except Refusal as refusal:
        is_leaf = refusal.message.startswith(f'{_WRONG_TYPE} "{name}"')
        if is_leaf or not refusal.message.startswith(_WRONG_TYPE):
            raise
        raise Refusal(f'{_WRONG_TYPE} "{name}" processing. {refusal.message}') from refusal


def to_float(value: object, field: str, _limit: int | None) -> object:
    """A PHP float, kept exact: numbers and numeric texts."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and is_numeric(value):
        return Decimal(value.strip())
    raise wrong_type(value, field, "float")


def to_int(value: object, field: str, _limit: int | None) -> object:
    """A PHP int: numbers and numeric texts, cut at the decimal point."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and is_numeric(value):
        value = Decimal(value.strip())
    if isinstance(value, Decimal):
        return int(value) if value.adjusted() < len(str(_LARGEST_INT)) - 1 else _LARGEST_INT
    raise wrong_type(value, field, "int")


def to_string(value: object, field: str, _limit: int | None) -> object:
    """A PHP string: texts, numbers and booleans."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int | Decimal):
        return number_text(value)
    raise wrong_type(value, field, "string")


def to_bool(value: object, field: str, _limit: int | None) -> object:
    """A PHP bool: booleans, numbers and the usual words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return value != 0
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false", "off", "no")
    raise wrong_type(value, field, "boolean")


def _as_it_is(value: object, _field: str, _limit: int | None) -> object:
    return value


_SIMPLE: Mapping[object, Converter] = {
    "number": to_float,
    "integer": to_int,
    "string": to_string,
    "boolean": to_bool,
}


def wrong_type(value: object, field: str, expected: str) -> Refusal:
    """The refusal of a value that cannot be *expected*."""
    return Refusal(f'{_WRONG_TYPE} "{field}" processing. {invalid_value(value, expected)} Verify and try again.')


def invalid_value(value: object, expected: str) -> str:
    """The sentences about a value of the wrong type, as they stand in several refusals."""
    shown = "array" if isinstance(value, dict | list) else to_string(value, "", None)
    return f'The "{shown}" value\'s type is invalid. The "{expected}" type was expected.'


_WORD_START = re.compile(r"(?<=\w)(?=[A-Z])")


def snake_case(name: str) -> str:
    """`sourceItems` to `source_items`: the other spelling a top-level parameter may have."""
    return _WORD_START.sub("_", name).lower()


def camel_case(name: str) -> str:
    """`colour_of_box` to `ColourOfBox`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def php_interface(component: str) -> str:
    r"""`catalog-data-base-price-interface` to `\Magento\Catalog\Api\Data\BasePriceInterface`."""
    module, _, name = component.partition("-data-")
    module_name, class_name = (camel_case(part.replace("-", "_")) for part in (module, name))
    return f"\\Magento\\{module_name}\\Api\\Data\\{class_name}"
