"""
The names the contract knows: what is not in this table the ERP would ignore without a word.

`fields.json` beside this file is made from the published contract by `table_of`; a test holds the two together.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, TypeAlias

Kind: TypeAlias = Literal["text", "flag", "whole", "number", "moment"]

TABLE_VERSION: Final = "24.200.001"

_KINDS: Final[Mapping[str, Kind]] = {
    "StringValue": "text",
    "GuidValue": "text",
    "BooleanValue": "flag",
    "ByteValue": "whole",
    "IntValue": "whole",
    "LongValue": "whole",
    "ShortValue": "whole",
    "DecimalValue": "number",
    "DoubleValue": "number",
    "DateTimeValue": "moment",
}
_STAMPS: Final = ("LastModifiedDateTime", "LastModified", "LastModifiedDate")
"""The fields that show a change, the best first: entities and versions differ."""
_SYSTEM: Final = frozenset({"id", "rowNumber", "note", "delete", "error", "custom", "files", "_links"})


class UnknownName(ValueError):
    """A field or part that the contract of this version does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    One entity, or one part of one.

    Attributes:
        keys: the key fields in the order of an address.
        stamps: the fields that show a change.
        is_inquiry: read with PUT.
        fields: name to kind.
        parts: name to the form below.
        since: name to the version that brought it; absent: 20.200.001 or before.
    """

    name: str
    keys: tuple[str, ...]
    stamps: tuple[str, ...]
    is_inquiry: bool
    fields: Mapping[str, Kind]
    parts: Mapping[str, str]
    since: Mapping[str, str]

    def has(self, name: str, version: str) -> bool:
        """Whether the form has that field or part in *version*."""
        return (name in self.fields or name in self.parts) and self.since.get(name, "") <= version


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTable:
    """All forms, as one version of the contract has them."""

    version: str
    forms: Mapping[str, Form]

    def form(self, entity: str) -> Form:
        """
        Give the form of an entity.

        Raises:
            UnknownName: there is none.
        """
        form = self.forms.get(entity)
        if form is None:
            raise UnknownName(f"the contract {self.version} has no entity {entity}")
        return form

    def kind_of(self, entity: str, path: str) -> Kind:
        """
        Give the kind of a field, `InventoryID` or `Attributes/Value`.

        Raises:
            UnknownName: the contract has not that field.
        """
        form = self.form(entity)
        *parts, name = path.split("/")
        for part in parts:
            if not form.has(part, self.version) or part not in form.parts:
                raise UnknownName(f"{entity} has no part {part} in the contract {self.version}")
            form = self.forms[form.parts[part]]
        if name not in form.fields or not form.has(name, self.version):
            raise UnknownName(f"{entity} has no field {path} in the contract {self.version}")
        return form.fields[name]

    def knows(self, entity: str, path: str) -> bool:
        """Whether the contract has that field."""
        try:
            self.kind_of(entity, path)
        except UnknownName:
            return False
        return True

    def stamp(self, entity: str) -> str | None:
        """The field that shows a change of an entity; None: it has none, compare contents."""
        form = self.form(entity)
        return next((name for name in _STAMPS if name in form.stamps and form.has(name, self.version)), None)


@cache
def load_table(version: str = TABLE_VERSION) -> FieldTable:
    """Read the table for a version of the contract; a later version has at least what the table has."""
    document = json.loads((resources.files("daemon.acumatica") / "fields.json").read_bytes())
    return FieldTable(
        version=version,
        forms={
            name: Form(
                name=name,
                keys=tuple(form["keys"]),
                stamps=tuple(form["stamps"]),
                is_inquiry=form["is_inquiry"],
                fields=form["fields"],
                parts=form["parts"],
                since=form["since"],
            )
            for name, form in document["forms"].items()
        },
    )


def table_of(contract: Mapping[str, Any]) -> dict[str, Any]:
    """Make the table from the published contract (OpenAPI)."""
    forms = {}
    for name, schema in contract["components"]["schemas"].items():
        members = schema.get("properties", {})
        if "rowNumber" not in members:
            continue
        fields: dict[str, str] = {}
        parts: dict[str, str] = {}
        for member, given in members.items():
            if member not in _SYSTEM:
                target = str(given.get("items", given)["$ref"]).rpartition("/")[2]
                (fields if target in _KINDS else parts)[member] = _KINDS.get(target, target)
        forms[name] = {
            "keys": list(schema.get("x-keys", ())),
            "stamps": list(schema.get("x-changed-by", ())),
            "is_inquiry": bool(schema.get("x-inquiry")),
            "fields": fields,
            "parts": parts,
            "since": dict(schema.get("x-fields-since", {})),
        }
    return {"version": TABLE_VERSION, "forms": forms}
