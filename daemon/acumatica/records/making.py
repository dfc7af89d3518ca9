"""Reading one record, or all of a list, and making ours of it."""

from collections.abc import Callable
from typing import TypeVar

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import Condition
from daemon.acumatica.paging import read_all
from daemon.acumatica.reading import Key, Reading, misformed, read_one
from daemon.acumatica.wrapped import NotInForm, Wrapped
from daemon.sync.records.values import ErpValue
from queues.verdicts import Refused

T = TypeVar("T")


async def make_one(client: AcumaticaClient, reading: Reading, key: Key, convert: Callable[[Wrapped], T]) -> T | NotDone:
    """Read the record of *key* and convert it; an answer without what was asked for is a failure."""
    row = await read_one(client, reading, key)
    if isinstance(row, NotDone):
        return row
    try:
        return convert(row)
    except NotInForm as error:
        return misformed(error)


async def make_all(
    client: AcumaticaClient, reading: Reading, convert: Callable[[Wrapped], T], condition: Condition | None = None
) -> tuple[T, ...] | NotDone:
    """Read all records that meet *condition*, in no order, and convert them."""
    rows = await read_all(client, reading, condition, convert)
    return rows if isinstance(rows, NotDone) else tuple(rows.values())


def is_missing(found: object) -> bool:
    """Tell whether the ERP has no such record, rather than that it could not be asked."""
    return (
        isinstance(found, NotDone) and isinstance(found.verdict, Refused) and found.verdict.error_class == "not_found"
    )


def fields_of(row: Wrapped, names: tuple[str, ...], custom: tuple[str, ...] = ()) -> dict[str, ErpValue]:
    """Give plain and custom values by schema name; fields of parts are left out."""
    values: dict[str, ErpValue] = {name: row.value(name) for name in names if "/" not in name}
    for name in custom:
        view, _, field = name.partition(".")
        values[name] = row.custom(view, field)
    return values


def custom_fields(*names: str | None) -> tuple[str, ...]:
    """Give the custom fields to ask for, each once; None: the site has no such field."""
    return tuple(dict.fromkeys(name for name in names if name is not None))
