"""The contract file: which operations exist, and the schema of each one's body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias, cast

Schema: TypeAlias = Mapping[str, object]
_PREFIX = "/rest/{storeCode}/"
_METHODS = ("get", "post", "put", "delete")
# Operations of the vendor's published interface that the contract file leaves out although it has their schemas.
_ALSO_PUBLISHED: Mapping[tuple[str, str], Schema | None] = {
    ("POST", "V1/taxClasses"): {
        "type": "object",
        "required": ["taxClass"],
        "properties": {"taxClass": {"$ref": "#/components/schemas/tax-data-tax-class-interface"}},
    },
    ("GET", "V1/directory/countries/{countryId}"): None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """
    The operations and schemas of `magento-rest.schema.json`.

    Attributes:
        bodies: (method, path below the store code) of every operation, and the schema of its body, None without one.
        components: the named schemas.
    """

    bodies: Mapping[tuple[str, str], Schema | None]
    components: Mapping[str, Schema]

    def resolve(self, schema: Schema) -> tuple[str | None, Schema]:
        """
        Follow a `$ref` once, and lay the parts of an `allOf` over one another.

        Returns:
            The name of the component, None for a schema that stands where it is used; and the schema itself.
        """
        parts = schema.get("allOf")
        if isinstance(parts, list):
            return None, self._merged([self.resolve(part)[1] for part in parts])
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return None, schema
        name = reference.rpartition("/")[2]
        return name, self.components[name]

    def _merged(self, parts: list[Schema]) -> Schema:
        merged: dict[str, object] = {"type": "object"}
        for member in ("required", "properties"):
            values = [part[member] for part in parts if member in part]
            if member == "required":
                merged[member] = [name for value in values if isinstance(value, list) for name in value]
            else:
                merged[member] = {
                    name: part for value in values if isinstance(value, Mapping) for name, part in value.items()
                }
        return merged


@cache
def load_contract() -> Contract:
    """Read the contract of the package; once per process, since it takes a while and never changes."""
    document = json.loads((resources.files("daemon.sandbox") / "magento-rest.schema.json").read_bytes())
    bodies: dict[tuple[str, str], Schema | None] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                bodies[method.upper(), path.removeprefix(_PREFIX)] = _body_schema(operations[method])
    bodies |= _ALSO_PUBLISHED
    return Contract(bodies=bodies, components=document["components"]["schemas"])


def _body_schema(operation: Mapping[str, Mapping[str, Mapping[str, Mapping[str, object]]]]) -> Schema | None:
    body = operation.get("requestBody")
    return None if body is None else cast("Schema", body["content"]["application/json"]["schema"])
