"""Quantities: which one, of which warehouses, at which source (R30 to R34, R36, B42, B44)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.gates.entity import entity_gate
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.gates.stock import is_monitored
from daemon.sync.inventory import DEFAULT_SOURCE, StockChange
from daemon.sync.records.quantities import ErpQuantities
from daemon.sync.websites import websites_with_stock

_KEPT: Final = Decimal("0.0001")
"""What the shop's column keeps of a quantity."""
_BACKORDERS_ALLOWED: Final = frozenset({"1", "2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedStock:
    """
    What the shop is told of the stock of one item.

    Attributes:
        rows: one a source, sorted by it.
    """

    rows: tuple[StockChange, ...]


def map_quantities(quantities: ErpQuantities, document: SettingsDocument) -> MappedStock | KeptBack:
    """
    Give the stock of an item.

    Branch by branch, or the chosen quantity of the monitored warehouses: summed, or with a warehouse mapping source by
    source. A website with warehouses of its own has their quantity at its own sources, beside what is told for all.
    Negative quantities go out as they are.

    Args:
        quantities: read whole.
        document: all scopes: branches belong to websites.

    Returns:
        Kept back when the ERP told no quantity that counts.
    """
    settings = document.default
    totals = (
        _by_branch(quantities, document)
        if settings.inventory.mode == "branch_wise"
        else _by_warehouse(quantities, document)
    )
    sku = quantities.inventory_id.strip()
    if not totals:
        return KeptBack(reason="quantity_missing", text=f"no monitored warehouse tells a quantity of item {sku}")
    vendors = sum((each.quantity for each in quantities.vendors), Decimal(0)) if quantities.vendors else None
    if settings.inventory.vendor_quantity == "sum" and vendors is not None:
        # One place has to take it: the shop's own source if it is among them.
        place = DEFAULT_SOURCE if DEFAULT_SOURCE in totals else min(totals)
        totals = {**totals, place: totals[place] + vendors}
    return MappedStock(
        rows=tuple(_row(sku, source, total, quantities, settings) for source, total in sorted(totals.items()))
    )


def _by_warehouse(quantities: ErpQuantities, document: SettingsDocument) -> Mapping[str, Decimal]:
    """Give what is told for all websites, and what those with warehouses of their own have at their sources."""
    totals: dict[str, Decimal] = {}
    if entity_gate("inventory", document.default) is None:
        totals |= _by_source(quantities, document.default, unmapped=DEFAULT_SOURCE)
    for scope, held in websites_with_stock(document):
        if held.mappings.warehouses == document.default.mappings.warehouses:
            # The sources of the table are those of all websites: its own quantity goes to the one named as it.
            held = replace(held, mappings=replace(held.mappings, warehouses=()))  # noqa: PLW2901 - what holds for it
        totals |= _by_source(quantities, held, unmapped=scope.code)
    return totals


def _by_source(quantities: ErpQuantities, settings: ConnectorSettings, *, unmapped: str) -> Mapping[str, Decimal]:
    sources = {row.warehouse.strip().casefold(): row.source for row in settings.mappings.warehouses}
    totals: dict[str, Decimal] = {}
    for each in quantities.warehouses:
        quantity = each.of(settings.inventory.quantity)
        if quantity is None or not is_monitored(each.warehouse, settings):
            continue
        # With a mapping, a warehouse that is not in it is told nowhere: its stock belongs to no source.
        source = sources.get(each.warehouse.strip().casefold()) if sources else unmapped
        if source is not None:
            totals[source] = totals.get(source, Decimal(0)) + quantity
    return totals


def _by_branch(quantities: ErpQuantities, document: SettingsDocument) -> Mapping[str, Decimal]:
    """Give each website its branch's quantity, at the source mapped to the branch, else at one named as the website."""
    told = _branches(quantities, document.default)
    totals: dict[str, Decimal] = {}
    for scope, held in websites_with_stock(document):
        branch = (scope.branch or "").strip().casefold()
        if branch in told:
            rows = held.mappings.warehouses
            source = next((row.source for row in rows if row.warehouse.strip().casefold() == branch), scope.code)
            totals[source] = told[branch]
    return totals


def _branches(quantities: ErpQuantities, settings: ConnectorSettings) -> Mapping[str, Decimal]:
    """Give the quantity of each branch by its folded code: as the ERP defines it, else that of its warehouses."""
    if quantities.branches:
        return {each.branch.strip().casefold(): each.quantity for each in quantities.branches}
    branch_of = {row.warehouse.strip().casefold(): row.branch.strip().casefold() for row in settings.mappings.branches}
    totals: dict[str, Decimal] = {}
    for each in quantities.warehouses:
        branch, quantity = branch_of.get(each.warehouse.strip().casefold()), each.of(settings.inventory.quantity)
        if branch is not None and quantity is not None:
            totals[branch] = totals.get(branch, Decimal(0)) + quantity
    return totals


def _row(sku: str, source: str, total: Decimal, quantities: ErpQuantities, settings: ConnectorSettings) -> StockChange:
    quantity = _in_units(total, quantities, settings)
    # The shop's call needs a stock status. For items that may be ordered back, `in stock` is the one that leaves it to
    # the shop's own backorder setting whether they can be bought.
    keeps_status = settings.inventory.backorder_rule and (quantities.backorders or "").strip() in _BACKORDERS_ALLOWED
    return StockChange(sku=sku, source_code=source, quantity=quantity, in_stock=keeps_status or quantity > 0)


def _in_units(total: Decimal, quantities: ErpQuantities, settings: ConnectorSettings) -> Decimal:
    if settings.inventory.in_sales_units and quantities.units_per_sales_unit > 0:
        total /= quantities.units_per_sales_unit
    # Never more than there is.
    return total.quantize(_KEPT, rounding=ROUND_FLOOR)
