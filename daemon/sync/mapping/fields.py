"""Which fields of a record go out: active in the schema, mapped, in the right direction (R48, R49, B1, B2, B17)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from daemon.settings.document.mappings import FieldMapping
from daemon.settings.document.syncs import SyncDirection
from daemon.sync.mapping.codes import attribute_code
from daemon.sync.records.values import ErpFields, ErpValue
from daemon.sync.shop.values import ShopValue

ATTRIBUTES: Final = "Attributes."
"""What the schema names of attributes begin with."""


def mapped_fields(
    rows: tuple[FieldMapping, ...], active: frozenset[str], direction: SyncDirection, *, is_new: bool | None
) -> Mapping[str, str]:
    """
    Name the attribute of the shop for every field that goes there.

    Args:
        rows: the mapping table.
        active: schema names of the fields that take part; an active attribute without a row gets a code of its own.
        direction: of the sync, which limits each field's own.
        is_new: the record is not in the shop yet; None: not known, and rows for either case count.
    """
    if direction == "to_acumatica":
        return {}
    wanted = {None: ("create", "update", "both"), True: ("create", "both"), False: ("update", "both")}[is_new]
    told = {row.field: row for row in rows}
    by_itself = {name: attribute_code(name.removeprefix(ATTRIBUTES)) for name in active if name.startswith(ATTRIBUTES)}
    mapped = {
        row.field: row.attribute
        for row in rows
        if row.field in active and row.direction != "to_acumatica" and row.use_in in wanted
    }
    return mapped | {name: code for name, code in by_itself.items() if name not in told}


def plain_values(fields: ErpFields, mapped: Mapping[str, str]) -> Iterator[tuple[str, ShopValue]]:
    """Give attribute code and value of the *mapped* fields that the record has; attributes are another matter."""
    for name, code in mapped.items():
        if name in fields and not name.startswith(ATTRIBUTES):
            yield code, shop_value(fields[name])


def shop_value(value: ErpValue) -> ShopValue:
    """Give a value of the ERP as the shop reads it: instants in UTC, days as they are."""
    match value:
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case _:
            return value
