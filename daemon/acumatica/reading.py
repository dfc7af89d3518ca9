"""Reading records: every name checked against the contract before, and looked for in the answer after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from daemon.acumatica.client import AcumaticaClient, Answered, Call, NotDone
from daemon.acumatica.conditions import Condition, all_of, where
from daemon.acumatica.field_table import FieldTable, UnknownName
from daemon.acumatica.wire import wrong_form
from daemon.acumatica.wrapped import NotInForm, Wrapped, wrap
from queues.verdicts import Refused

Key: TypeAlias = tuple[str, ...]
"""The parts of a key, in the order of an address; joined by slashes where one text is needed."""

_NOT_IN_A_PATH: Final = frozenset("/\\%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    What to read of an entity.

    Attributes:
        fields: `InventoryID`, `Attributes/Value`; parts are expanded as they are named.
        custom: custom fields, `Document.UsrShop`, which no contract lists.
        with_files: attached files, too.
    """

    entity: str
    fields: tuple[str, ...]
    custom: tuple[str, ...] = ()
    with_files: bool = False

    def check(self, table: FieldTable) -> None:
        """
        See that the contract has every name.

        Raises:
            UnknownName: it has not: the ERP would leave it out without a word.
        """
        for name in self.fields:
            table.kind_of(self.entity, name)
        for name in self.custom:
            if len(name.split(".")) != 2:  # noqa: PLR2004 - view and field
                raise UnknownName(f"{name!r} is no custom field: View.Field is")

    def query(self) -> list[tuple[str, str]]:
        """Write `$select`, `$expand` and `$custom`."""
        parts = dict.fromkeys(
            "/".join(steps[:depth])
            for steps in (name.split("/") for name in self.fields)
            for depth in range(1, len(steps))
        )
        expanded = [*parts, *(("files",) if self.with_files else ())]
        query = [("$select", ",".join(self.fields))]
        if expanded:
            query.append(("$expand", ",".join(expanded)))
        if self.custom:
            query.append(("$custom", ",".join(self.custom)))
        return query


async def read_one(client: AcumaticaClient, reading: Reading, key: Key) -> Wrapped | NotDone:
    """Read one record by its key; `not_found` when there is none."""
    table = await client.table()
    if isinstance(table, NotDone):
        return table
    try:
        reading.check(table)
        names = table.form(reading.entity).keys
    except UnknownName as unknown:
        return unknown_name(unknown)
    if len(names) != len(key):
        text = f"{reading.entity} has the key {', '.join(names)}, got {len(key)} parts"
        return NotDone(verdict=Refused(error_class="mapping", text=text))
    if any(not part or part in (".", "..") or _NOT_IN_A_PATH & set(part) for part in key):
        # The web server decodes a path before it cuts it: such a key arrives whole in a condition only.
        return await _read_by_condition(client, reading, names, key)
    reply = await client.call(Call(method="GET", segments=(reading.entity, *key), query=reading.query()))
    return reply if isinstance(reply, NotDone) else formed(reply, f"{reading.entity} {'/'.join(key)}")


async def _read_by_condition(client: AcumaticaClient, reading: Reading, names: Key, key: Key) -> Wrapped | NotDone:
    condition = all_of(*(where(name, "eq", part) for name, part in zip(names, key, strict=True)))
    found = await read_page(client, reading, condition, top=1)
    if isinstance(found, NotDone):
        return found
    if not found:
        text = f"there is no {reading.entity} {'/'.join(key)}"
        return NotDone(verdict=Refused(error_class="not_found", text=text))
    return found[0]


async def read_page(
    client: AcumaticaClient, reading: Reading, condition: Condition | None = None, *, top: int, skip: int = 0
) -> list[Wrapped] | NotDone:
    """Read *top* records from *skip* on, in whatever order; an empty page is the end, a short one is not."""
    reply = await _list(client, reading, condition, (("$top", str(top)), *((("$skip", str(skip)),) if skip else ())))
    return reply if isinstance(reply, NotDone) else rows_of(reply, reading.entity)


async def _list(
    client: AcumaticaClient, reading: Reading, condition: Condition | None, more: Sequence[tuple[str, str]]
) -> Answered | NotDone:
    table = await client.table()
    if isinstance(table, NotDone):
        return table
    try:
        reading.check(table)
        for name in condition.names if condition else ():
            table.kind_of(reading.entity, name)
    except UnknownName as unknown:
        return unknown_name(unknown)
    filtered = [("$filter", condition.text)] if condition else []
    return await client.call(Call(method="GET", segments=(reading.entity,), query=[*reading.query(), *filtered, *more]))


async def inquire(
    client: AcumaticaClient, inquiry: str, part: str, fields: Sequence[str], parameters: dict[str, str]
) -> list[Wrapped] | NotDone:
    """Read an inquiry: a PUT that changes nothing, its rows under *part*."""
    table = await client.table()
    if isinstance(table, NotDone):
        return table
    reading = Reading(entity=inquiry, fields=tuple(f"{part}/{name}" for name in fields))
    try:
        reading.check(table)
        for name in parameters:
            table.kind_of(inquiry, name)
    except UnknownName as unknown:
        return unknown_name(unknown)
    reply = await client.call(
        Call(method="PUT", segments=(inquiry,), query=reading.query(), document=wrap({**parameters}))
    )
    if isinstance(reply, NotDone):
        return reply
    try:
        return list(Wrapped(reply.document, inquiry).rows(part))
    except NotInForm as error:
        return NotDone(verdict=wrong_form(reply.exchange, str(error)))


def rows_of(reply: Answered, entity: str) -> list[Wrapped] | NotDone:
    """Take the records of a list."""
    if not isinstance(reply.document, list):
        return NotDone(verdict=wrong_form(reply.exchange, f"the answer is no list of {entity}"))
    try:
        return [Wrapped(row, entity) for row in reply.document]
    except NotInForm as error:
        return NotDone(verdict=wrong_form(reply.exchange, str(error)))


def formed(reply: Answered, text: str) -> Wrapped | NotDone:
    """Take the one record of an answer."""
    try:
        return Wrapped(reply.document, text)
    except NotInForm as error:
        return NotDone(verdict=wrong_form(reply.exchange, str(error)))


def unknown_name(error: UnknownName) -> NotDone:
    """Refuse a name before it is sent."""
    return NotDone(verdict=Refused(error_class="mapping", text=str(error)))


def misformed(error: NotInForm) -> NotDone:
    """Judge a record that lacks what was asked for, or holds it in another form."""
    return NotDone(verdict=Refused(error_class="target_error", text=str(error), status=200))
