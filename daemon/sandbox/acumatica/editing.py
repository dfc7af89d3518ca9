"""Changing records from outside the API, as people at the site's forms do: plain values, no rules asked."""

import base64
from datetime import datetime
from decimal import Decimal

from daemon.sandbox.acumatica.contract import Form
from daemon.sandbox.acumatica.rows import AttachedFile, JsonObject, Row, key_part, moment_text, new_id, stable_id
from daemon.sandbox.acumatica.site import STOCK, Site
from daemon.sandbox.acumatica.wrapping import read_value


class EditError(ValueError):
    """A record that cannot be changed as asked."""


def change_record(site: Site, entity: str, given: object, *, at: datetime | None = None) -> Row:
    """
    Create a record or change the given values of one; a part that is given replaces what was there.

    Args:
        site: where.
        entity: what.
        given: an object of plain values; `custom` as in the API; `files` with their contents.
        at: the stamp; None: now.

    Raises:
        EditError: a name the contract does not know, a value of the wrong kind, a key that is missing.
    """
    if not isinstance(given, dict):
        raise EditError("a record is an object of plain values")
    form, table = site.contract.forms[entity], site.table(entity)
    missing = [name for name in table.keys if given.get(name) is None]
    if missing:
        raise EditError(f"{entity} needs {', '.join(missing)}")
    known = site.find(entity, *(given[name] for name in table.keys))
    row = (
        Row(id=stable_id(entity, *(str(given[name]) for name in table.keys)), values={})
        if known is None
        else known.copy()
    )
    _fill(site, form, row, given)
    site.save(entity, row, known, at=at)
    if entity == STOCK:
        _show_on_hand(site, row)
    return row


def _fill(site: Site, form: Form, row: Row, given: JsonObject) -> None:
    for name, value in given.items():
        if name in form.fields:
            try:
                row.values[name] = read_value(form.fields[name], value)
            except (ValueError, ArithmeticError) as error:
                raise EditError(f"{name}: {form.fields[name]} expected, got {value!r}") from error
        elif name in form.parts:
            below = site.contract.forms[form.parts[name].form]
            rows = value if isinstance(value, list) else [value]
            made = [_made(site, below, each) for each in rows]
            row.parts[name] = made if form.parts[name].is_many else made[0]
        elif name == "files" and isinstance(value, list):
            row.files = [_attached(row, each) for each in value]
        elif name == "custom" and isinstance(value, dict):
            for view, fields in value.items():
                row.custom.setdefault(view, {}).update(fields)
        else:
            raise EditError(f"{form.name} has no {name}")


def _attached(row: Row, given: object) -> AttachedFile:
    """Attach a file: `filename`, `content` in base64; one of a name that was there keeps its id, as a new revision."""
    if not isinstance(given, dict) or not isinstance(given.get("filename"), str):
        raise EditError('a file is an object with "filename" and "content" (base64)')
    try:
        content = base64.b64decode(str(given.get("content") or ""), validate=True)
    except ValueError as error:
        raise EditError(f"{given['filename']}: the content is no base64") from error
    known = next((each.id for each in row.files if each.filename == given["filename"]), None)
    comment = str(given.get("comment") or "")
    return AttachedFile(id=known or new_id(), filename=given["filename"], content=content, comment=comment)


def _made(site: Site, form: Form, given: object) -> Row:
    if not isinstance(given, dict):
        raise EditError(f"{form.name}: an object expected")
    row = Row(id=new_id(), values={})
    _fill(site, form, row, given)
    return row


def _show_on_hand(site: Site, stock: Row) -> None:
    """Let the item's warehouse details follow; its own stamp does not move."""
    item = site.find("StockItem", stock.values["InventoryID"])
    for row in [] if item is None else item.many("WarehouseDetails"):
        if key_part(row.values["WarehouseID"]) == key_part(stock.values["WarehouseID"]):
            row.values["QtyOnHand"] = stock.values.get("QtyOnHand")


def record_of(site: Site, entity: str, key: str) -> Row | None:
    """The record of a key whose parts are separated by slashes; a key of one part may hold slashes itself."""
    parts = [key] if len(site.table(entity).keys) == 1 else key.split("/")
    return site.find(entity, *parts)


def remove_record(site: Site, entity: str, key: str) -> bool:
    """Take a record out; tells whether it was there."""
    row = record_of(site, entity, key)
    if row is not None:
        site.delete(entity, row)
    return row is not None


def plain_record(row: Row) -> JsonObject:
    """A record with its values unwrapped: numbers and instants as text."""
    shown: JsonObject = {"id": row.id}
    for name, value in row.values.items():
        match value:
            case Decimal():
                shown[name] = str(value)
            case datetime():
                shown[name] = moment_text(value)
            case _:
                shown[name] = value
    for name, part in row.parts.items():
        shown[name] = [plain_record(each) for each in part] if isinstance(part, list) else plain_record(part)
    if row.custom:
        shown["custom"] = row.custom
    return shown
