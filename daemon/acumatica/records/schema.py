"""The fields an entity has: those of the contract, attributes, and the custom ones the site tells (R45, R50)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from daemon.acumatica.client import AcumaticaClient, Call, NotDone
from daemon.acumatica.field_table import FieldTable
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import make_all
from daemon.acumatica.wire import wrong_form
from daemon.acumatica.wrapped import Wrapped
from daemon.settings.document.schema import SchemaEntity
from daemon.sync.schema.fields import ErpSchemaField

_ENTITIES: Final[Mapping[SchemaEntity, tuple[str, ...]]] = {
    "product": ("StockItem", "NonStockItem", "TemplateItems"),
    "category": ("ItemSalesCategory",),
    "customer": ("Customer",),
}
_CLASSES: Final[Mapping[SchemaEntity, str]] = {"product": "ItemClass", "customer": "CustomerClass"}
_PARTS_FIELD_BY_FIELD: Final = frozenset({"MainContact", "BillingContact", "ShippingContact"})
"""Parts whose fields are chosen one by one; of the others the part is one field."""
_NOT_CHOSEN: Final = frozenset({"Attributes", "Matrix", "NoteID", "CreatedDateTime", "CreatedDate"})
_DEEPEST: Final = 2


async def read_schema(client: AcumaticaClient, entity: SchemaEntity) -> list[ErpSchemaField] | NotDone:
    """Read every field that a record of *entity* has on this site, each once."""
    table = await client.table()
    if isinstance(table, NotDone):
        return table
    found = {
        field.schema: field
        for form in _ENTITIES[entity]
        if form in table.forms
        for field in _fields_of_contract(table, form)
    }
    for form in _ENTITIES[entity]:
        custom = await _custom(client, form) if form in table.forms else []
        if isinstance(custom, NotDone):
            return custom
        found |= {field.schema: field for field in custom if field.schema not in found}
    attributes = await _attributes(client, entity)
    if isinstance(attributes, NotDone):
        return attributes
    return [*found.values(), *attributes]


def _fields_of_contract(table: FieldTable, form: str, path: str = "", depth: int = 0) -> Iterator[ErpSchemaField]:
    described = table.form(form)
    for name in described.fields:
        if name not in _NOT_CHOSEN and name not in described.stamps and described.has(name, table.version):
            yield ErpSchemaField(schema=f"{path}{name}")
    for name, part in described.parts.items():
        if name in _NOT_CHOSEN or not described.has(name, table.version):
            continue
        if path or name in _PARTS_FIELD_BY_FIELD:
            if depth < _DEEPEST:
                yield from _fields_of_contract(table, part, f"{path}{name}.", depth + 1)
        else:
            yield ErpSchemaField(schema=name)


async def _custom(client: AcumaticaClient, form: str) -> list[ErpSchemaField] | NotDone:
    reply = await client.call(Call(method="GET", segments=(form, "$adHocSchema")))
    if isinstance(reply, NotDone):
        return reply
    told = reply.document.get("custom") if isinstance(reply.document, dict) else None
    if not isinstance(told, dict):
        # A site without customizations tells nothing of them.
        return [] if isinstance(reply.document, dict) else NotDone(verdict=wrong_form(reply.exchange, "no schema came"))
    return [
        ErpSchemaField(schema=f"{view}.{name}", name=name.removeprefix("Usr"))
        for view, fields in told.items()
        for name in (fields if isinstance(fields, dict) else {})
    ]


async def _attributes(client: AcumaticaClient, entity: SchemaEntity) -> list[ErpSchemaField] | NotDone:
    """Read the attributes that a class of *entity* has, with their names."""
    of_class = _CLASSES.get(entity)
    if of_class is None:
        return []
    classes = await make_all(
        client, Reading(entity=of_class, fields=("ClassID", "Attributes/AttributeID")), _attribute_ids
    )
    if isinstance(classes, NotDone):
        return classes
    wanted = {attribute_id for each in classes for attribute_id in each}
    names = await make_all(
        client, Reading(entity="AttributeDefinition", fields=("AttributeID", "Description")), _name_of
    )
    if isinstance(names, NotDone):
        return names
    told: dict[str, Any] = dict(names)
    return [
        ErpSchemaField(schema=f"Attributes.{attribute_id}", name=told.get(attribute_id) or attribute_id)
        for attribute_id in sorted(wanted)
    ]


def _attribute_ids(row: Wrapped) -> tuple[str, ...]:
    return tuple(each.required("AttributeID") for each in row.rows("Attributes"))


def _name_of(row: Wrapped) -> tuple[str, str | None]:
    return row.required("AttributeID"), row.text("Description")
