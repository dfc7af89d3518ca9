"""Quantities of items as change capture reads them, many items at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Self

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import groups_of
from daemon.acumatica.reading import Reading, misformed, read_page
from daemon.acumatica.records.making import custom_fields
from daemon.acumatica.records.stock import read_quantities
from daemon.acumatica.wrapped import NotInForm, Wrapped
from daemon.capture.value_events import DocumentInForce
from daemon.erp.keys import by_key
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.hydrating import NotRead
from daemon.sync.records.quantities import ErpQuantities, ErpVendorQuantity
from daemon.sync.records.values import number_of

_BACKORDERS: Final = "BACKORDERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What of the item itself the settings ask for, beside its quantities in warehouses."""

    backorders: bool
    vendor_field: str | None
    units: bool

    @classmethod
    def by(cls, settings: ConnectorSettings) -> Self:
        told = settings.inventory
        return cls(
            backorders=told.backorder_rule and f"Attributes.{_BACKORDERS}" in settings.schema.active("product"),
            vendor_field=told.vendor_field if told.vendor_quantity == "sum" else None,
            units=told.in_sales_units,
        )

    @property
    def reading(self) -> Reading | None:
        """What to read; None: nothing."""
        if not (self.backorders or self.vendor_field or self.units):
            return None
        fields = ["InventoryID"]
        if self.backorders:
            fields += ("Attributes/AttributeID", "Attributes/Value")
        if self.units:
            fields += ("BaseUOM", "SalesUOM")
            fields += (
                f"UOMConversions/{each}" for each in ("FromUOM", "ToUOM", "ConversionFactor", "MultiplyOrDivide")
            )
        return Reading(entity="StockItem", fields=tuple(fields), custom=custom_fields(self.vendor_field))


class QuantityReader:
    """
    Matches `RecordsReader`: the quantities of items.

    Args:
        client: of the ERP.
        settings: tell what of the item itself is needed; only then is it read.
    """

    def __init__(self, client: AcumaticaClient, settings: DocumentInForce) -> None:
        self._client = client
        self._settings = settings

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpQuantities] | NotRead:
        """Read the quantities that there are, under the keys they were asked for by. Raises DatabaseUnavailable."""
        wanted = _Wanted.by((await self._settings.document()).default)
        found = await read_quantities(self._client, keys)
        if isinstance(found, NotDone):
            return found.verdict
        quantities, reading = by_key(keys, found.values(), lambda each: each.inventory_id), wanted.reading
        return quantities if reading is None else await self._with_items(quantities, wanted, reading)

    async def _with_items(
        self, quantities: Mapping[str, ErpQuantities], wanted: _Wanted, reading: Reading
    ) -> Mapping[str, ErpQuantities] | NotRead:
        keys, whole = list(quantities), dict(quantities)
        for group, condition in groups_of("InventoryID", keys):
            # So many keys cannot be on more than one page.
            rows = await read_page(self._client, reading, condition, top=len(group))
            if isinstance(rows, NotDone):
                return rows.verdict
            try:
                items = [_of_item(row, wanted) for row in rows]
            except NotInForm as error:
                return misformed(error).verdict
            for key, item in by_key(group, items, lambda each: each.inventory_id).items():
                whole[key] = replace(
                    whole[key],
                    vendors=item.vendors,
                    backorders=item.backorders,
                    units_per_sales_unit=item.units_per_sales_unit,
                )
        return whole


def _of_item(row: Wrapped, wanted: _Wanted) -> ErpQuantities:
    vendors: tuple[ErpVendorQuantity, ...] = ()
    if wanted.vendor_field is not None:
        view, _, name = wanted.vendor_field.partition(".")
        quantity = number_of(row.custom(view, name))
        vendors = () if quantity is None else (ErpVendorQuantity(vendor="", quantity=quantity),)
    return ErpQuantities(
        inventory_id=row.required("InventoryID"),
        vendors=vendors,
        backorders=_backorders(row) if wanted.backorders else None,
        units_per_sales_unit=_units(row) if wanted.units else Decimal(1),
    )


def _backorders(row: Wrapped) -> str | None:
    values = {each.required("AttributeID").upper(): each.text("Value") for each in row.rows("Attributes")}
    return values.get(_BACKORDERS)


def _units(row: Wrapped) -> Decimal:
    """Give the base units in one sales unit; 1 where the ERP tells no conversion."""
    base, sales = row.text("BaseUOM"), row.text("SalesUOM")
    for each in row.rows("UOMConversions"):
        factor = each.number("ConversionFactor")
        if base != sales and (each.text("FromUOM"), each.text("ToUOM")) == (sales, base) and factor:
            return 1 / factor if (each.text("MultiplyOrDivide") or "").startswith("D") else factor
    return Decimal(1)
