"""Sales prices."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

ErpPriceType: TypeAlias = Literal["base", "customer", "customer_price_class"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSalesPrice:
    """
    One row of the ERP's sales prices.

    Attributes:
        price_code: the customer or the price class it is for; None for base prices.
        break_quantity: from how many *unit* on, 0 or more.
        effective_on, expires_on: first and last day it holds, both inclusive, in the ERP's calendar; None: unbounded.
        is_promotion: a promotional price, which goes before the regular one while it holds.
        warehouse: the warehouse it is for; None: all.
    """

    record_id: str
    inventory_id: str
    price: Decimal
    price_type: ErpPriceType = "base"
    price_code: str | None = None
    unit: str | None = None
    currency: str | None = None
    break_quantity: Decimal = Decimal(0)
    effective_on: date | None = None
    expires_on: date | None = None
    is_promotion: bool = False
    warehouse: str | None = None
    modified_at: datetime | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether the price holds on *day*."""
        return (self.effective_on is None or self.effective_on <= day) and (
            self.expires_on is None or day <= self.expires_on
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpItemPrices:
    """
    All that makes the prices of one item.

    Attributes:
        default_price, sales_price, msrp: as in `ErpItem`.
        rows: every row of the sales prices, of the past and the future too.
    """

    inventory_id: str
    default_price: Decimal | None = None
    sales_price: Decimal | None = None
    msrp: Decimal | None = None
    cost: Decimal | None = None
    sales_unit: str | None = None
    base_currency: str | None = None
    rows: tuple[ErpSalesPrice, ...] = ()
