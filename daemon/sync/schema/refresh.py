"""Refresh Schema: lay the ERP's fields of today beside the chosen ones (R45, R50, R53)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from daemon.settings.document.schema import SchemaEntity, SchemaField
from daemon.sync.schema.fields import ErpSchemaField, tab_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedSchema:
    """
    What a refresh came to.

    Attributes:
        rows: the new table: what was there in its order, then what is new by its name.
        added, vanished, returned: schema names of the fields that are new, gone, and there again.
    """

    rows: tuple[SchemaField, ...]
    added: tuple[str, ...]
    vanished: tuple[str, ...]
    returned: tuple[str, ...]


def refresh_schema(
    entity: SchemaEntity, rows: tuple[SchemaField, ...], told: Iterable[ErpSchemaField]
) -> RefreshedSchema:
    """
    Lay the fields the ERP has now beside the table.

    New fields come in inactive; what is there keeps its tick, tab, name and destination; what the ERP does not have any
    more stays, marked missing, and is not sent.

    Args:
        entity: whose table it is.
        rows: the table.
        told: every field of the ERP; of a name told twice the first counts.
    """
    found = {field.schema: field for field in reversed(list(told))}
    known = {row.schema for row in rows}
    new = [_new(entity, found[schema]) for schema in sorted(found.keys() - known)]
    return RefreshedSchema(
        rows=(*(replace(row, is_missing=row.schema not in found) for row in rows), *new),
        added=tuple(row.schema for row in new),
        vanished=tuple(row.schema for row in rows if row.schema not in found and not row.is_missing),
        returned=tuple(row.schema for row in rows if row.schema in found and row.is_missing),
    )


def _new(entity: SchemaEntity, field: ErpSchemaField) -> SchemaField:
    schema, *rest = field.schema.split(".")
    name = field.name or field.schema
    tab = tab_of(entity, field.schema)
    if entity != "customer":
        return SchemaField(tab=tab, schema=field.schema, name=name)
    # Where the value is written in the ERP; people adjust it before the first sync.
    path = "/root/" if not rest else f"/{'/'.join([schema, *rest[:-1]])}/"
    return SchemaField(tab=tab, schema=field.schema, name=name, api_path=path, api_name=rest[-1] if rest else schema)
