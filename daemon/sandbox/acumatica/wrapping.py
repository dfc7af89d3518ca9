"""Between the wire and the rows: `{"F": {"value": …}}` in, unknown names ignored in silence; rows out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from daemon.sandbox.acumatica.contract import SYSTEM_MEMBERS, Contract, Form, Kind
from daemon.sandbox.acumatica.errors import BodyFault
from daemon.sandbox.acumatica.rows import JsonObject, Row, Value, moment_text, read_moment


@dataclass(slots=True, kw_only=True)
class Patch:
    """
    What a body says of a record.

    Attributes:
        errors: field to what is wrong with its value.
    """

    id: str | None = None
    is_deleted: bool = False
    values: dict[str, Value] = field(default_factory=dict)
    parts: dict[str, "Patch | list[Patch]"] = field(default_factory=dict)
    custom: dict[str, dict[str, object]] = field(default_factory=dict)
    note: str | None = None
    errors: dict[str, str] = field(default_factory=dict)


def read_patch(contract: Contract, form: Form, given: object) -> Patch:
    """
    Read a record from a body.

    Raises:
        BodyFault: it has not the shape of a record at all.
    """
    if not isinstance(given, dict):
        raise BodyFault("An object was expected.")
    patch = Patch(id=given.get("id"), is_deleted=given.get("delete") is True, custom=given.get("custom") or {})
    note = given.get("note")
    if isinstance(note, dict):
        patch.note = str(note.get("value") or "")
    for name, member in given.items():
        if name in form.fields:
            _read_field(form.fields[name], name, member, patch)
        elif name in form.parts:
            below = contract.forms[form.parts[name].form]
            if form.parts[name].is_many:
                if not isinstance(member, list):
                    raise BodyFault(f"{name}: a list was expected.")
                patch.parts[name] = [read_patch(contract, below, each) for each in member]
            elif isinstance(member, dict) and member:
                patch.parts[name] = read_patch(contract, below, member)
    return patch


def _read_field(kind: Kind, name: str, member: object, patch: Patch) -> None:
    if not isinstance(member, dict):
        raise BodyFault(f"{name}: an object with a value was expected.")
    if "value" not in member:
        return
    try:
        patch.values[name] = read_value(kind, member["value"])
    except (ValueError, InvalidOperation):
        patch.values[name] = str(member["value"])
        patch.errors[name] = f"'{member['value']}' is not a valid value for '{name}'."


def read_value(kind: Kind, given: object) -> Value:
    """
    Read a value of a kind, as tolerant as the site.

    Raises:
        ValueError, InvalidOperation: it is none of the kind.
    """
    return None if given is None else _READERS[kind](given)


def _flag(given: object) -> Value:
    text = str(given).lower()
    if text not in ("true", "false"):
        raise ValueError("not a flag")
    return text == "true"


def _moment(given: object) -> Value:
    return given if isinstance(given, datetime) else read_moment(str(given))


_READERS: Mapping[Kind, Callable[[object], Value]] = {
    "flag": _flag,
    "integer": lambda given: int(str(given)),
    "number": lambda given: Decimal(str(given)),
    "moment": _moment,
    "text": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a record is shown: names by path of the part, the empty path for the record itself."""

    expanded: frozenset[str] = frozenset()
    selected: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has_files: bool = False
    custom: frozenset[str] = frozenset()

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Selection":
        """Read `$expand`, `$select`, `$custom`."""
        expanded = frozenset(_names(query.get("$expand", "")))
        selected: dict[str, set[str]] = {}
        for name in _names(query.get("$select", "")):
            part, _, last = name.rpartition("/")
            selected.setdefault(part, set()).add(last)
            if part:
                selected.setdefault("", set())
        return cls(
            expanded=expanded,
            selected={part: frozenset(names) for part, names in selected.items()},
            has_files="files" in expanded,
            custom=frozenset(_names(query.get("$custom", ""))),
        )

    def shows(self, path: str, name: str) -> bool:
        """Whether a field of the part at *path* is shown."""
        chosen = self.selected.get(path)
        return chosen is None or name in chosen or not chosen

    def shows_part(self, path: str) -> bool:
        """Whether the part at *path* is shown: expanded, and a choice of fields names it or something below it."""
        below = f"{path}/"
        if path not in self.expanded and not any(each.startswith(below) for each in self.expanded):
            return False
        head, _, last = path.rpartition("/")
        return (
            not self.selected
            or last in self.selected.get(head, ())
            or any(each == path or each.startswith(below) for each in self.selected)
        )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def render(
    contract: Contract, form: Form, row: Row, selection: Selection, *, number: int = 1, path: str = "", base: str = ""
) -> JsonObject:
    """Show a row; *base* is the address its files are found below."""
    shown: JsonObject = {
        "id": row.id,
        "rowNumber": number,
        "note": None if path and row.note is None else {"value": row.note or ""},
    }
    for name, kind in form.fields.items():
        if selection.shows(path, name):
            shown[name] = wrap(kind, row.values.get(name))
    for name, part in form.parts.items():
        below = f"{path}/{name}" if path else name
        if not selection.shows_part(below):
            continue
        form_below = contract.forms[part.form]
        if part.is_many:
            shown[name] = [
                render(contract, form_below, each, selection, number=place, path=below)
                for place, each in enumerate(row.many(name), start=1)
            ]
        else:
            linked = row.one(name)
            shown[name] = None if linked is None else render(contract, form_below, linked, selection, path=below)
    shown["custom"] = _custom(row, selection) if not path else {}
    if selection.has_files and not path:
        shown["files"] = [
            {"id": file.id, "filename": file.filename, "href": f"{base}/files/{file.id}", "comment": file.comment}
            for file in row.files
        ]
    return shown


def _custom(row: Row, selection: Selection) -> JsonObject:
    shown: JsonObject = {}
    for view, fields in row.custom.items():
        chosen = {name: value for name, value in fields.items() if f"{view}.{name}" in selection.custom}
        if chosen:
            shown[view] = chosen
    return shown


def wrap(kind: Kind, value: Value) -> JsonObject:
    """Wrap a value; null is an object without value."""
    if value is None:
        return {}
    if kind == "number" and isinstance(value, Decimal | int):
        return {"value": shown_number(Decimal(value))}
    if isinstance(value, datetime):
        return {"value": moment_text(value)}
    return {"value": value}


def shown_number(value: Decimal) -> Decimal:
    """A number with at least one decimal: `14` is shown as `14.0`."""
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal("0.1")) if isinstance(exponent, int) and exponent >= 0 else value


def refused(contract: Contract, form: Form, patch: Patch) -> JsonObject | None:
    """Echo a patch with its errors, at any depth; None when it has none."""
    if not has_errors(patch):
        return None
    echo: JsonObject = {"id": patch.id or "00000000-0000-0000-0000-000000000000"}
    for name in {**patch.values, **patch.errors}:
        wrapped = wrap(form.fields.get(name, "text"), patch.values.get(name))
        echo[name] = {**wrapped, "error": patch.errors[name]} if name in patch.errors else wrapped
    for name, part in patch.parts.items():
        below = contract.forms[form.parts[name].form]
        rows = part if isinstance(part, list) else [part]
        shown = [refused(contract, below, each) or {"id": each.id} for each in rows]
        echo[name] = shown if isinstance(part, list) else shown[0]
    return echo


def has_errors(patch: Patch) -> bool:
    """Whether anything in a patch, or below it, was refused."""
    below: Sequence[Patch] = [
        each for part in patch.parts.values() for each in (part if isinstance(part, list) else [part])
    ]
    return bool(patch.errors) or any(has_errors(each) for each in below)


def unknown_names(contract: Contract, form: Form, given: object, path: str = "") -> list[str]:
    """Name what of a body the contract does not know, by path: the site would ignore it in silence."""
    if not isinstance(given, dict):
        return [f"{path or 'body'}: an object expected"]
    found: list[str] = []
    for name, member in given.items():
        here = f"{path}.{name}" if path else name
        if name in form.parts:
            rows = member if form.parts[name].is_many and isinstance(member, list) else [member]
            for each in rows:
                found += unknown_names(contract, contract.forms[form.parts[name].form], each, here)
        elif name in form.fields:
            found += _wrong_value(form.fields[name], member, here)
        elif name not in SYSTEM_MEMBERS:
            found.append(f"{here}: not in the contract")
    return found


def _wrong_value(kind: Kind, member: object, here: str) -> list[str]:
    if not isinstance(member, dict) or set(member) - {"value", "error"}:
        return [f"{here}: an object with a value expected"]
    value = member.get("value")
    fits = {
        "text": isinstance(value, str),
        "flag": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | Decimal) and not isinstance(value, bool),
        "moment": isinstance(value, str),
    }[kind]
    return [] if value is None or fits else [f"{here}: {kind} expected"]
