"""What of a request body is not in the published contract of Magento's REST calls; strictly, and nested members too."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

FILE = Path(__file__).parents[1] / "daemon" / "sandbox" / "magento-rest.schema.json"


@cache
def _contract() -> dict[str, Any]:
    contract: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return contract


def operations() -> set[tuple[str, str]]:
    """Give method and path (below `/rest/<code>/`, variables in braces) of every operation."""
    return {
        (method.upper(), path.removeprefix("/rest/{storeCode}/"))
        for path, verbs in _contract()["paths"].items()
        for method in verbs
    }


def contract_errors(method: str, path: str, document: object) -> list[str]:
    """Check a body of *method* on *path* (below `/rest/<code>/V1/`, variables in braces)."""
    operation = _contract()["paths"][f"/rest/{{storeCode}}/V1/{path}"][method.lower()]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft4Validator({**schema, "components": _contract()["components"]})
    errors = [error.message for error in validator.iter_errors(document)]
    return errors + [f"{member} is unknown" for member in _unknown(schema, document, "")]


def _unknown(schema: dict[str, Any], value: object, path: str) -> Iterator[str]:
    """Magento refuses nested members it does not know; JSON schema would let them pass."""
    if "$ref" in schema:
        schema = _contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        properties = _properties(schema)
        for name, each in value.items():
            if name in properties:
                yield from _unknown(properties[name], each, f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(value, list):
        for each in value:
            yield from _unknown(schema.get("items", {}), each, f"{path}[]")


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The members of an object, those of all parts of an `allOf` among them."""
    if "$ref" in schema:
        schema = _contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    parts = [_properties(part) for part in schema.get("allOf", ())]
    return {name: each for part in [schema.get("properties", {}), *parts] for name, each in part.items()}
