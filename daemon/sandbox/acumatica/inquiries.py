"""Inquiries: read with PUT, parameters in the body, keys padded with blanks in what they answer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from daemon.sandbox.acumatica.rows import Row, Value, key_part, stable_id
from daemon.sandbox.acumatica.site import PRICES, QUANTITY_STAMP, STOCK, Site
from daemon.sandbox.acumatica.wrapping import Patch

_PADDED: Mapping[str, int] = {"InventoryID": 30, "WarehouseID": 10, "PriceCode": 30}


def padded(values: Mapping[str, Value]) -> dict[str, Value]:
    """Values with their keys padded, as inquiries and pushes show them."""
    return {
        name: value.ljust(_PADDED[name]) if name in _PADDED and isinstance(value, str) else value
        for name, value in values.items()
    }


def inquire(site: Site, inquiry: str, patch: Patch) -> Row:
    """Answer an inquiry: its parameters, and its rows as parts."""
    found = _INQUIRIES[inquiry](site, patch.values)
    part, form = next((name, part.form) for name, part in site.contract.forms[inquiry].parts.items())
    sums = _allocation_sums(site, patch.values) if inquiry == "InventoryAllocationInquiry" else {}
    answer = Row(id=stable_id(inquiry), values={**patch.values, **sums})
    fields = site.contract.forms[form].fields
    answer.parts[part] = [
        Row(id=row.id, values=padded({name: value for name, value in row.values.items() if name in fields}))
        for row in found
    ]
    return answer


def _stock_rows(site: Site, parameters: Mapping[str, Value]) -> list[Row]:
    warehouse, item = key_part(parameters.get("WarehouseID")), key_part(parameters.get("InventoryID"))
    return [
        row
        for row in site.table(STOCK).listed()
        if (not warehouse or warehouse == key_part(row.values["WarehouseID"]))
        and (not item or item == key_part(row.values["InventoryID"]))
    ]


def _summary(site: Site, parameters: Mapping[str, Value]) -> Iterable[Row]:
    if not parameters.get("InventoryID"):
        return []  # with a warehouse alone a live site answered nothing
    item = site.find("StockItem", parameters["InventoryID"])
    unit = None if item is None else item.values.get("BaseUOM")
    return [
        Row(
            id=stable_id("summary", row.id),
            values={
                "WarehouseID": row.values["WarehouseID"],
                "LocationID": "R1S1",
                "BaseUOM": unit,
                "QtyOnHand": row.values["QtyOnHand"],
                "QtyAvailable": row.values["QtyAvailable"],
                "QtyAvailableForShipment": row.values["QtyHardAvailable"],
                "QtyNotAvailable": Decimal(0),
            },
        )
        for row in _stock_rows(site, parameters)
    ]


def _available(site: Site, parameters: Mapping[str, Value]) -> Iterable[Row]:
    since = parameters.get("LastModifiedDateTime")
    sums: dict[Value, Row] = {}
    for row in _stock_rows(site, parameters):
        item, moment = row.values["InventoryID"], row.values[QUANTITY_STAMP]
        total = sums.setdefault(
            item,
            Row(
                id=stable_id("available", str(item)),
                values={"InventoryID": item, "QtyAvailable": Decimal(0), "LastModifiedDateTime": moment},
            ),
        )
        total.values["QtyAvailable"] = _number(total.values["QtyAvailable"]) + _number(row.values["QtyAvailable"])
        total.values["LastModifiedDateTime"] = max(_moment(total.values["LastModifiedDateTime"]), _moment(moment))
    rows = sums.values()
    return (
        rows
        if since is None
        else [row for row in rows if _moment(row.values["LastModifiedDateTime"]) >= _moment(since)]
    )


def _by_location(site: Site, parameters: Mapping[str, Value]) -> Iterable[Row]:
    names = {
        "QtyOnHand": "QtyOnHandinWarehouse",
        "QtyAvailable": "QtyAvailableinWarehouse",
        "QtyAvailableforIssue": "QtyAvailableforIssueinWarehouse",
        "QtyHardAvailable": "QtyAvailableforShippinginWarehouse",
    }
    for row in _stock_rows(site, parameters):
        values = {names.get(name, name): value for name, value in row.values.items()}
        yield Row(id=stable_id("location", row.id), values={**values, "LocationID": "R1S1"})


def _allocation(site: Site, parameters: Mapping[str, Value]) -> Iterable[Row]:
    return [
        Row(id=stable_id("allocation", row.id), values={"WarehouseID": row.values["WarehouseID"]})
        for row in (_stock_rows(site, parameters) if parameters.get("InventoryID") else [])
    ]


_ALLOCATION_SUMS: Mapping[str, str] = {
    "OnHand": "QtyOnHand",
    "Available": "QtyAvailable",
    "AvailableForShipping": "QtyHardAvailable",
    "AvailableForIssue": "QtyAvailableforIssue",
}


def _allocation_sums(site: Site, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """The sums at the head of the allocation inquiry, for one item."""
    rows = _stock_rows(site, parameters) if parameters.get("InventoryID") else []
    return {
        shown: sum((_number(row.values[name]) for row in rows), Decimal(0)) for shown, name in _ALLOCATION_SUMS.items()
    }


def _prices(site: Site, parameters: Mapping[str, Value]) -> Iterable[Row]:
    wanted = {
        name: key_part(parameters.get(name))
        for name in ("PriceType", "PriceCode", "InventoryID")
        if parameters.get(name) not in (None, "", "All Prices")
    }
    at = parameters.get("EffectiveAsOf")
    for row in site.table(PRICES).listed():
        if any(key_part(row.values.get(name)) != value for name, value in wanted.items()):
            continue
        if at is None or _is_effective(row, _moment(at)):
            yield row


def _is_effective(row: Row, at: datetime) -> bool:
    begins, ends = row.values.get("EffectiveDate"), row.values.get("ExpirationDate")
    return (begins is None or _moment(begins) <= at) and (ends is None or at <= _moment(ends))


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def _moment(value: Value) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"an instant expected, got {value!r}")
    return value


_INQUIRIES: Mapping[str, Callable[[Site, Mapping[str, Value]], Iterable[Row]]] = {
    "StorageDetailsInquiry": _stock_rows,
    "StorageDetailsByLocationInquiry": _by_location,
    "InventorySummaryInquiry": _summary,
    "InventoryQuantityAvailable": _available,
    "InventoryAllocationInquiry": _allocation,
    "SalesPricesInquiry": _prices,
}
