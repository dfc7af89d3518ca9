"""
Does a request keep to the contract? The verdict goes to the journal and never changes the answer.

As tolerant as the real shop: numeric texts pass for numbers, numbers for texts, null for what is not required.
Validators are compiled once per operation.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

from daemon.sandbox.magento.contract import Contract, Schema
from daemon.sandbox.magento.conversion import snake_case
from daemon.sandbox.magento.decimals import is_numeric

Check: TypeAlias = Callable[[object], list[str]]
"""A value to what is wrong with it; each entry begins with the place, empty for the value itself."""

_MOST_ERRORS = 20
_FINE: list[str] = []


class ContractChecker:
    """Checks bodies against the operations of the contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._compiler = _Compiler(contract)
        self._checks: dict[tuple[str, str], Check | None] = {}

    def errors(self, method: str, path: str, body: object) -> list[str]:
        """
        Say what of a request is not in the contract.

        Args:
            method: the HTTP method.
            path: the path of the operation below the store code, variables in braces.
            body: the decoded body.
        """
        key = (method, path)
        if key not in self._contract.bodies:
            return [f"{method} {path}: no such operation in the contract"]
        if key not in self._checks:
            schema = self._contract.bodies[key]
            self._checks[key] = None if schema is None else self._compiler.top(schema)
        check = self._checks[key]
        return [] if check is None else check(body)[:_MOST_ERRORS]


class _Compiler:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._components: dict[str, Check] = {}

    def top(self, schema: Schema) -> Check:
        """The body itself: unknown parameters are ignored there, and two spellings pass."""
        if schema.get("type") != "object":
            return self.compile(schema)
        properties, wanted = _parts(schema)
        checks = {name: self.compile(part) for name, part in properties.items()}
        spelled = {snake_case(name): name for name in checks}

        def check(value: object) -> list[str]:
            if not isinstance(value, dict):
                return ["body: an object expected"]
            body = {spelled.get(name, name): part for name, part in value.items()}
            errors = [f"{name}: required" for name in wanted if body.get(name) is None]
            for name, part in body.items():
                if name in checks and part is not None:
                    errors += [_below(name, error) for error in checks[name](part)]
            return errors

        return check

    def compile(self, schema: Schema) -> Check:
        """Compile any part of a body."""
        name, resolved = self._contract.resolve(schema)
        if name is not None:
            return self._component(name, resolved)
        match resolved.get("type"):
            case "array":
                return self._list(resolved["items"])
            case "object" if isinstance(resolved.get("properties"), Mapping):
                return self._object(resolved)
            case simple:
                return _SIMPLE.get(simple, _anything)

    def _component(self, name: str, schema: Schema) -> Check:
        if name not in self._components:

            def later(value: object) -> list[str]:  # a component may contain itself
                return self._components[name](value)

            self._components[name] = later
            self._components[name] = self._object(schema)
        return self._components[name]

    def _object(self, schema: Schema) -> Check:
        properties, wanted = _parts(schema)
        checks = {name: self.compile(part) for name, part in properties.items()}

        def check(value: object) -> list[str]:
            if not isinstance(value, dict):
                return [": an object expected"]
            errors = _FINE
            for name in wanted:
                if value.get(name) is None:
                    errors = [*errors, f"{name}: required"]
            for name, part in value.items():
                if part is None:
                    continue
                known = checks.get(name)
                found = [": not in the contract"] if known is None else known(part)
                if found:
                    errors = [*errors, *(_below(name, error) for error in found)]
            return errors

        return check

    def _list(self, schema: object) -> Check:
        if not isinstance(schema, Mapping):
            raise TypeError(f"not the schema of a list's elements: {schema!r}")
        element = self.compile(schema)

        def check(value: object) -> list[str]:
            if not isinstance(value, list):
                return [": a list expected"]
            errors: list[str] = []
            for position, row in enumerate(value):
                found = element(row)
                if found:
                    errors += [_below(f"[{position}]", error) for error in found]
                    if len(errors) >= _MOST_ERRORS:
                        break
            return errors

        return check


def _parts(schema: Schema) -> tuple[Mapping[str, Schema], list[str]]:
    properties, wanted = schema.get("properties"), schema.get("required")
    return (
        properties if isinstance(properties, Mapping) else {},
        [str(name) for name in wanted] if isinstance(wanted, list) else [],
    )


def _below(name: str, error: str) -> str:
    return f"{name}{error}" if error.startswith((":", "[")) else f"{name}.{error}"


def _number(value: object) -> list[str]:
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _FINE
    return _FINE if isinstance(value, str) and is_numeric(value) else [": a number expected"]


def _integer(value: object) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool):
        return _FINE
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        return _FINE
    return [": an integer expected"]


def _text(value: object) -> list[str]:
    return _FINE if isinstance(value, str | int | Decimal) else [": a text expected"]


def _flag(value: object) -> list[str]:
    return _FINE if isinstance(value, bool) or value in (0, 1) else [": a boolean expected"]


def _anything(_value: object) -> list[str]:
    return _FINE


_SIMPLE: Mapping[object, Check] = {"number": _number, "integer": _integer, "string": _text, "boolean": _flag}
