"""The contract file: which forms exist, what fields and parts they have, what can be done with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["text", "flag", "integer", "number", "moment"]

_KINDS: Mapping[str, Kind] = {
    "StringValue": "text",
    "GuidValue": "text",
    "BooleanValue": "flag",
    "ByteValue": "integer",
    "IntValue": "integer",
    "LongValue": "integer",
    "ShortValue": "integer",
    "DecimalValue": "number",
    "DoubleValue": "number",
    "DateTimeValue": "moment",
}
SYSTEM_MEMBERS = frozenset({"id", "rowNumber", "note", "delete", "error", "custom", "files", "_links"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A linked (one) or detail (many) part of a form."""

    form: str
    is_many: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    One entity, or one part of an entity.

    Attributes:
        keys: the key fields, in the order of an address.
        stamps: the fields that show a change; empty where there are none.
        is_inquiry: read with PUT; nothing is stored.
    """

    name: str
    fields: Mapping[str, Kind]
    parts: Mapping[str, Part]
    keys: tuple[str, ...]
    stamps: tuple[str, ...]
    is_inquiry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """
    The published contract.

    Attributes:
        forms: by name, entities and parts.
        operations: (method, path below the endpoint, variables in braces).
        actions: (entity, action) to the names of its parameters.
    """

    version: str
    forms: Mapping[str, Form]
    entities: frozenset[str]
    operations: frozenset[tuple[str, str]]
    actions: Mapping[tuple[str, str], frozenset[str]]


@cache
def load_contract() -> Contract:
    """Read the contract of the package; once per process, since it takes a while and never changes."""
    document = json.loads((resources.files("daemon.sandbox") / "acumatica-rest.schema.json").read_bytes())
    schemas: dict[str, Any] = document["components"]["schemas"]
    prefix = next(path for path in document["paths"] if path.endswith("/StockItem")).removesuffix("StockItem")
    operations = set()
    actions = {}
    for path, verbs in document["paths"].items():
        below = path.removeprefix(prefix)
        operations |= {(verb.upper(), below) for verb in verbs if verb != "parameters"}
        entity, _, action = below.partition("/")
        if path.startswith(prefix) and action and "/" not in action and "post" in verbs:
            body = verbs["post"]["requestBody"]["content"]["application/json"]["schema"]
            actions[entity, action] = frozenset(body["properties"]["parameters"].get("properties", {}))
    return Contract(
        version=prefix.rstrip("/").rpartition("/")[2],
        forms={
            name: _form(name, schema) for name, schema in schemas.items() if "rowNumber" in schema.get("properties", {})
        },
        entities=frozenset(name for name, schema in schemas.items() if schema.get("x-top-level")),
        operations=frozenset(operations),
        actions=actions,
    )


def _form(name: str, schema: Mapping[str, Any]) -> Form:
    fields: dict[str, Kind] = {}
    parts: dict[str, Part] = {}
    for member, given in schema["properties"].items():
        if member in SYSTEM_MEMBERS:
            continue
        items = given.get("items")
        target = str((items or given)["$ref"]).rpartition("/")[2]
        if target in _KINDS:
            fields[member] = _KINDS[target]
        else:
            parts[member] = Part(form=target, is_many=items is not None)
    return Form(
        name=name,
        fields=fields,
        parts=parts,
        keys=tuple(schema.get("x-keys", ())),
        stamps=tuple(schema.get("x-changed-by", ())),
        is_inquiry=bool(schema.get("x-inquiry")),
    )
