"""PUT and PATCH: matching, numbering, checking and merging of records."""

from collections.abc import Mapping
from decimal import Decimal

from daemon.sandbox.acumatica.errors import PlainFault, RecordFault, not_found_in_system
from daemon.sandbox.acumatica.filters import compile_filter
from daemon.sandbox.acumatica.rows import Row, Value, key_part, new_id
from daemon.sandbox.acumatica.site import Site
from daemon.sandbox.acumatica.wrapping import Patch, has_errors, refused

_NUMBERED: Mapping[str, tuple[str, str, int]] = {
    "Customer": ("CustomerID", "C", 4_001),
    "SalesOrder": ("OrderNbr", "", 100_149),
    "Shipment": ("ShipmentNbr", "", 3_190),
    "SalesInvoice": ("ReferenceNbr", "AR", 1),
    "Invoice": ("ReferenceNbr", "AR", 1),
    "Payment": ("ReferenceNbr", "", 500),
    "SalesPriceWorksheet": ("ReferenceNbr", "", 1),
    "ItemSalesCategory": ("CategoryID", "", 1),
}
"""Entities whose key the site gives: what is sent is dropped. Field, prefix, first number."""

_COMPUTED: Mapping[str, frozenset[str]] = {
    "SalesOrder": frozenset({"OrderTotal", "TaxTotal", "OrderedQty", "Status"}),
    "SalesOrderDetail": frozenset({"ExtendedPrice", "Amount", "OpenQty", "QtyOnShipments", "LineNbr"}),
    "SalesInvoice": frozenset({"Amount", "TaxTotal"}),
    "StockItemWarehouseDetail": frozenset({"QtyOnHand"}),
}
"""Fields that cannot be written; sending them has no effect."""

_REFERENCES: Mapping[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("SalesOrder", "CustomerID"): (("Customer",), "Customer"),
    ("SalesOrder", "ShipVia"): (("ShipVia",), "Ship Via"),
    ("SalesOrderDetail", "InventoryID"): (("StockItem", "NonStockItem"), "Inventory ID"),
    ("SalesOrderDetail", "WarehouseID"): (("Warehouse",), "Warehouse"),
    ("Customer", "CustomerClass"): (("CustomerClass",), "Customer Class"),
    ("StockItem", "ItemClass"): (("ItemClass",), "Item Class"),
    ("StockItem", "TaxCategory"): (("TaxCategory",), "Tax Category"),
    ("NonStockItem", "ItemClass"): (("ItemClass",), "Item Class"),
    ("CategoryStockItem", "CategoryID"): (("ItemSalesCategory",), "Category"),
}
_ITEM_STATUSES = frozenset({"Active", "Inactive", "No Sales", "No Purchases", "No Request", "Marked for Deletion"})
_LISTS: Mapping[tuple[str, str], frozenset[str]] = {
    ("StockItem", "ItemStatus"): _ITEM_STATUSES,
    ("NonStockItem", "ItemStatus"): _ITEM_STATUSES,
}


def put(site: Site, entity: str, patch: Patch, query: Mapping[str, str], headers: Mapping[str, str]) -> Row:
    """
    Create or update one record.

    Raises:
        RecordFault: 422, a field was refused.
        PlainFault: 412, `If-Match` or `If-None-Match` does not hold.
    """
    row = match(site, entity, patch, query.get("$filter", ""))
    if (row is not None and headers.get("if-none-match") == "*") or (row is None and headers.get("if-match") == "*"):
        raise PlainFault(412)
    return _save(site, entity, patch, row)


def patch_only(site: Site, entity: str, patch: Patch, query: Mapping[str, str]) -> Row:
    """
    Update one record that is there.

    Raises:
        PlainFault: 404, it is not.
        RecordFault: 422, a field was refused.
    """
    row = match(site, entity, patch, query.get("$filter", ""))
    if row is None:
        raise PlainFault(404)
    return _save(site, entity, patch, row)


def match(site: Site, entity: str, patch: Patch, condition: str = "") -> Row | None:
    """Find the record a body means: by id, by condition, or by its keys."""
    table = site.table(entity)
    if patch.id is not None:
        return table.ids.get(patch.id)
    if condition:
        holds = compile_filter(site.contract, site.contract.forms[entity], condition)
        return next((row for row in table.listed() if holds(row)), None)
    if not all(patch.values.get(name) is not None for name in table.keys):
        return None
    return site.find(entity, *(patch.values[name] for name in table.keys))


def _save(site: Site, entity: str, patch: Patch, known: Row | None) -> Row:
    form = site.contract.forms[entity]
    _check(site, entity, patch)
    if has_errors(patch):
        raise RecordFault(refused(site.contract, form, patch) or {})
    row = Row(id=new_id(), values={}) if known is None else known.copy()
    if known is None:
        _number(site, entity, patch)
    elif entity in _NUMBERED:
        patch.values.pop(_NUMBERED[entity][0], None)
    _merge(site, entity, row, patch)
    _compute(entity, row)
    site.save(entity, row, known)
    return row


def _number(site: Site, entity: str, patch: Patch) -> None:
    if entity == "SalesOrder":
        patch.values.setdefault("OrderType", "SO")
        patch.values.setdefault("Hold", True)
    if entity == "Customer":
        patch.values.setdefault("Status", "Active")
    if entity in ("StockItem", "NonStockItem"):
        patch.values.setdefault("ItemStatus", "Active")
    if entity not in _NUMBERED:
        return
    field, prefix, first = _NUMBERED[entity]
    number = site.next_number(entity, first)
    if entity == "ItemSalesCategory":
        patch.values[field] = number
    elif entity == "SalesOrder":
        patch.values[field] = f"{str(patch.values['OrderType'])[:1]}-{number:06d}"
    else:
        patch.values[field] = f"{prefix}{number:06d}"


def _check(site: Site, form: str, patch: Patch) -> None:
    for name, value in patch.values.items():
        if value in (None, ""):
            continue
        tables, label = _REFERENCES.get((form, name), ((), ""))
        if tables and all(site.find(table, value) is None for table in tables):
            patch.errors[name] = not_found_in_system(label)
        allowed = _LISTS.get((form, name))
        if allowed is not None and value not in allowed:
            patch.errors[name] = f"The list value '{value}' is not allowed for the {name} field."
    for name, part in patch.parts.items():
        below = site.contract.forms[form].parts[name].form
        for each in part if isinstance(part, list) else [part]:
            _check(site, below, each)


def _merge(site: Site, form: str, row: Row, patch: Patch) -> None:
    computed = _COMPUTED.get(form, frozenset()) | set(site.contract.forms[form].stamps)
    row.values.update({name: value for name, value in patch.values.items() if name not in computed})
    for view, fields in patch.custom.items():
        row.custom.setdefault(view, {}).update(fields)
    row.note = row.note if patch.note is None else patch.note
    for name, part in patch.parts.items():
        below = site.contract.forms[form].parts[name].form
        if isinstance(part, list):
            _merge_rows(site, below, row.many(name), part)
        else:
            linked = row.one(name) or Row(id=new_id(), values={})
            _merge(site, below, linked, part)
            row.parts[name] = linked


def _merge_rows(site: Site, form: str, rows: list[Row], patches: list[Patch]) -> None:
    for patch in patches:
        row = next((each for each in rows if _is_meant(site, form, each, patch)), None)
        if patch.is_deleted:
            if row is not None:
                rows.remove(row)
            continue
        if row is None:
            # A row that matches nothing is added: repeating an order without ids doubles its lines.
            row = Row(id=new_id(), values={})
            rows.append(row)
            if form == "SalesOrderDetail":
                row.values["LineNbr"] = 1 + max((int(str(each.values.get("LineNbr") or 0)) for each in rows), default=0)
        _merge(site, form, row, patch)


def _is_meant(site: Site, form: str, row: Row, patch: Patch) -> bool:
    if patch.id is not None:
        return row.id == patch.id
    keys = site.contract.forms[form].keys or {
        "AttributeValue": ("AttributeID",),
        "CategoryStockItem": ("CategoryID",),
    }.get(form, ())
    return bool(keys) and all(
        patch.values.get(name) is not None and key_part(row.values.get(name)) == key_part(patch.values[name])
        for name in keys
    )


def _compute(entity: str, row: Row) -> None:
    if entity != "SalesOrder":
        return
    total, ordered = Decimal(0), Decimal(0)
    for line in row.many("Details"):
        line.values.setdefault("OrderQty", Decimal(0))
        quantity, price = _decimal(line.values.get("OrderQty")), _decimal(line.values.get("UnitPrice"))
        line.values["ExtendedPrice"] = quantity * price
        ordered += quantity
        total += quantity * price
    taxes = sum((_decimal(tax.values.get("TaxAmount")) for tax in row.many("TaxDetails")), Decimal(0))
    row.values |= {"OrderedQty": ordered, "TaxTotal": taxes, "OrderTotal": total + taxes}
    if row.values.get("Status") in (None, "On Hold", "Open"):
        row.values["Status"] = "On Hold" if row.values.get("Hold") else "Open"


def _decimal(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))
