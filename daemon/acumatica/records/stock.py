"""Quantities and sales prices: read by inquiries."""

from collections.abc import Collection
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import inquire, misformed
from daemon.acumatica.wrapped import NotInForm, Wrapped
from daemon.sync.records.quantities import ErpQuantities, ErpWarehouseQuantity
from daemon.sync.records.sales_price import ErpPriceType, ErpSalesPrice

_STOCK: Final = (
    "InventoryID", "WarehouseID", "QtyOnHand", "QtyAvailable", "QtyHardAvailable", "LastModifiedDateofWarehouseQty"
)  # fmt: skip
_PRICES: Final = (
    "RecordID", "InventoryID", "PriceType", "PriceCode", "UOM", "BreakQty", "Price", "CurrencyID", "EffectiveDate",
    "ExpirationDate", "Promotion", "Warehouse", "LastModifiedDateTime",
)  # fmt: skip
_PRICE_TYPES: Final[MappingProxyType[str, ErpPriceType]] = MappingProxyType(
    {"base": "base", "customer": "customer", "customer price class": "customer_price_class"}
)


async def read_quantities(
    client: AcumaticaClient, items: Collection[str] | None = None, *, warehouse: str | None = None
) -> dict[str, ErpQuantities] | NotDone:
    """
    Read the quantities of many items at once, by inventory id; an item without stock is absent.

    Args:
        client: where.
        items: those wanted; None: all. The inquiry answers all of them in any case.
        warehouse: one alone; None: all.
    """
    parameters = {"WarehouseID": warehouse} if warehouse else {}
    rows = await inquire(client, "StorageDetailsInquiry", "StorageDetails", _STOCK, parameters)
    if isinstance(rows, NotDone):
        return rows
    wanted = None if items is None else {each.casefold() for each in items}
    found: dict[str, ErpQuantities] = {}
    try:
        for row in rows:
            item = row.required("InventoryID")
            if wanted is None or item.casefold() in wanted:
                found[item] = _with(found.get(item) or ErpQuantities(inventory_id=item), row)
    except NotInForm as error:
        return misformed(error)
    return found


def _with(known: ErpQuantities, row: Wrapped) -> ErpQuantities:
    at = row.moment("LastModifiedDateofWarehouseQty")
    stamps = [each for each in (known.modified_at, at) if each is not None]
    quantity = ErpWarehouseQuantity(
        warehouse=row.required("WarehouseID"),
        available=row.number("QtyAvailable"),
        # "Hard available" is the inquiry's name for what can be shipped.
        available_for_shipping=row.number("QtyHardAvailable"),
        on_hand=row.number("QtyOnHand"),
    )
    return ErpQuantities(
        inventory_id=known.inventory_id,
        warehouses=(*known.warehouses, quantity),
        modified_at=max(stamps) if stamps else None,
    )


async def read_sales_prices(
    client: AcumaticaClient, inventory_id: str | None = None
) -> tuple[ErpSalesPrice, ...] | NotDone:
    """Read the sales prices of an item, or of all; rows of other kinds than base, customer and class are left out."""
    parameters = {"InventoryID": inventory_id} if inventory_id else {}
    rows = await inquire(client, "SalesPricesInquiry", "SalesPriceDetails", _PRICES, parameters)
    if isinstance(rows, NotDone):
        return rows
    try:
        prices = [_price(row) for row in rows]
    except NotInForm as error:
        return misformed(error)
    return tuple(price for price in prices if price is not None)


def _price(row: Wrapped) -> ErpSalesPrice | None:
    kind = _PRICE_TYPES.get((row.text("PriceType") or "").lower())
    if kind is None:
        return None
    effective, expires = row.moment("EffectiveDate"), row.moment("ExpirationDate")
    return ErpSalesPrice(
        record_id=str(row.whole("RecordID")),
        inventory_id=row.required("InventoryID"),
        price=row.number("Price") or Decimal(0),
        price_type=kind,
        price_code=row.text("PriceCode"),
        unit=row.text("UOM"),
        currency=row.text("CurrencyID"),
        break_quantity=row.number("BreakQty") or Decimal(0),
        effective_on=effective.date() if effective else None,
        expires_on=expires.date() if expires else None,
        is_promotion=bool(row.flag("Promotion")),
        warehouse=row.text("Warehouse"),
        modified_at=row.moment("LastModifiedDateTime"),
    )
