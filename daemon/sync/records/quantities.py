"""How much of an item there is, warehouse by warehouse."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

QuantityKind: TypeAlias = Literal["available", "available_for_shipping", "on_hand"]
"""*Quantity Available*, *Quantity Available for Shipping*, *Quantity Available on Hand*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpWarehouseQuantity:
    """
    The three quantities of one warehouse, in the base unit; None: the ERP did not tell. Negative ones occur.

    Attributes:
        branch: the branch the warehouse belongs to; None: not told.
    """

    warehouse: str
    branch: str | None = None
    available: Decimal | None = None
    available_for_shipping: Decimal | None = None
    on_hand: Decimal | None = None

    def of(self, kind: QuantityKind) -> Decimal | None:
        """Give the quantity of *kind*."""
        match kind:
            case "available":
                return self.available
            case "available_for_shipping":
                return self.available_for_shipping
            case "on_hand":
                return self.on_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpBranchQuantity:
    """What the commerce add-on's branch-wise definition gives one branch, in the base unit."""

    branch: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpVendorQuantity:
    """How much a vendor has of the item, in the base unit."""

    vendor: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpQuantities:
    """
    All quantities of one item.

    Attributes:
        branches: the branch-wise definition; empty without the add-on.
        backorders: value of the item's attribute BACKORDERS (`0`, `1`, `2`); None: the item has none.
        units_per_sales_unit: base units in one sales unit, above 0; 1 where they are the same.
    """

    inventory_id: str
    warehouses: tuple[ErpWarehouseQuantity, ...] = ()
    branches: tuple[ErpBranchQuantity, ...] = ()
    vendors: tuple[ErpVendorQuantity, ...] = ()
    backorders: str | None = None
    units_per_sales_unit: Decimal = Decimal(1)
    modified_at: datetime | None = None
