"""Lists of codes that settings refer to: warehouses, classes, terms, methods, accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from daemon.acumatica.answers import storable
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import Condition, all_of, where
from daemon.acumatica.odata import ODataAccess, read_table
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import make_all
from daemon.acumatica.wrapped import Wrapped
from daemon.settings.document.references import ReferenceKind
from daemon.sync.records.list_entry import ErpListEntry
from queues.verdicts import Refused

Entries: TypeAlias = Sequence[ErpListEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entity:
    """A list that is an entity of the contract; *active* and *description* name the fields, where it has them."""

    entity: str
    code: str
    description: str | None = "Description"
    active: str | None = None
    condition: Condition | None = None

    def reading(self) -> Reading:
        names = (self.code, self.description, self.active)
        return Reading(entity=self.entity, fields=tuple(name for name in names if name))

    def entry(self, row: Wrapped) -> ErpListEntry:
        return ErpListEntry(
            code=row.required(self.code),
            description=(row.text(self.description) or "") if self.description else "",
            is_active=row.flag(self.active) is not False if self.active else True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A list that is a table of the site, read over OData."""

    table: str
    code: str
    description: str
    active: str | None = None

    def entry(self, row: Mapping[str, Any]) -> ErpListEntry | None:
        code = row.get(self.code)
        if not isinstance(code, str) or not code.strip():
            return None
        told = row.get(self.description)
        return ErpListEntry(
            code=storable(code).strip(),
            description=storable(told).strip() if isinstance(told, str) else "",
            is_active=self.active is None or row.get(self.active) is not False,
        )


_ENTITIES: Final[Mapping[str, _Entity]] = {
    "warehouses": _Entity(entity="Warehouse", code="WarehouseID", active="Active"),
    "item_classes": _Entity(entity="ItemClass", code="ClassID"),
    "customer_classes": _Entity(entity="CustomerClass", code="ClassID"),
    "customer_price_classes": _Entity(entity="CustomerPriceClass", code="PriceClassID"),
    "ship_vias": _Entity(entity="ShipVia", code="CarrierID"),
    "tax_categories": _Entity(entity="TaxCategory", code="TaxCategoryID", active="Active"),
    "payment_methods": _Entity(
        entity="PaymentMethod", code="PaymentMethodID", active="Active", condition=where("UseInAR", "eq", value=True)
    ),
    "sales_accounts": _Entity(
        entity="Account",
        code="AccountCD",
        active="Active",
        condition=all_of(where("Type", "eq", "Income"), where("Active", "eq", value=True)),
    ),
}
_TABLES: Final[Mapping[str, _Table]] = {
    "customer_terms": _Table(table="PX_Objects_CS_Terms", code="TermsID", description="Descr"),
    "statement_cycles": _Table(table="PX_Objects_AR_ARStatementCycle", code="StatementCycleId", description="Descr"),
    "order_types": _Table(table="PX_Objects_SO_SOOrderType", code="OrderType", description="Descr", active="Active"),
    "branches": _Table(table="PX_Objects_GL_Branch", code="BranchCD", description="AcctName"),
}
_ON_CLASSES: Final[Mapping[str, str]] = {"customer_terms": "Terms", "statement_cycles": "StatementCycleID"}
"""Where a site gives no OData, customer classes name at least the codes in use."""


async def read_reference(client: AcumaticaClient, access: ODataAccess, kind: ReferenceKind) -> Entries | NotDone:
    """Read one list, sorted by code; each code once."""
    if kind == "cash_accounts":
        found = await _cash_accounts(client)
    elif kind in _ENTITIES:
        found = await _of_entity(client, _ENTITIES[kind])
    else:
        found = await _of_table(client, access, _TABLES[kind])
        if isinstance(found, NotDone) and isinstance(found.verdict, Refused) and kind in _ON_CLASSES:
            on_classes = await _of_classes(client, _ON_CLASSES[kind])
            found = found if isinstance(on_classes, NotDone) else on_classes
    return found if isinstance(found, NotDone) else _sorted(found)


async def _of_entity(client: AcumaticaClient, wanted: _Entity) -> Entries | NotDone:
    return await make_all(client, wanted.reading(), wanted.entry, wanted.condition)


async def _of_table(client: AcumaticaClient, access: ODataAccess, wanted: _Table) -> Entries | NotDone:
    rows = await read_table(client, access, wanted.table)
    if isinstance(rows, NotDone):
        return rows
    entries = [wanted.entry(row) for row in rows]
    if rows and not any(entries):
        text = f"{wanted.table} has no column {wanted.code}"
        return NotDone(verdict=Refused(error_class="mapping", text=text))
    return [each for each in entries if each is not None]


async def _of_classes(client: AcumaticaClient, field: str) -> Entries | NotDone:
    codes = await make_all(client, Reading(entity="CustomerClass", fields=("ClassID", field)), _text_of(field))
    if isinstance(codes, NotDone):
        return codes
    return [ErpListEntry(code=code, description="named by customer classes") for code in codes if code]


def _text_of(field: str) -> Callable[[Wrapped], str | None]:
    return lambda row: row.text(field)


async def _cash_accounts(client: AcumaticaClient) -> Entries | NotDone:
    """Read those that payment methods allow: no other can be paid with."""
    names = ("CashAccount", "Description", "UseInAR")
    reading = Reading(
        entity="PaymentMethod", fields=("PaymentMethodID", *(f"AllowedCashAccounts/{name}" for name in names))
    )
    methods = await make_all(client, reading, _allowed)
    return methods if isinstance(methods, NotDone) else [each for method in methods for each in method]


def _allowed(row: Wrapped) -> Entries:
    return [
        ErpListEntry(code=each.required("CashAccount"), description=each.text("Description") or "")
        for each in row.rows("AllowedCashAccounts")
        if each.flag("UseInAR") is not False
    ]


def _sorted(entries: Entries) -> Entries:
    by_code = {each.code: each for each in entries}
    return [by_code[code] for code in sorted(by_code)]
