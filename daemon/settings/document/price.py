"""`price`: Price Sync Preferences (R29, B35, B36)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean, Choice, Text

PriceSource: TypeAlias = Literal["default_price", "sales_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePreferences:
    """
    Which price goes out.

    Attributes:
        source: Default Price or, with CommercePro only, Sales Price.
        sales_price_sync: promotional prices go out as special prices and quantity breaks as tier prices (B36).
        currency: prices in another currency than this one are left out; None: the base currency of the ERP.
    """

    source: PriceSource = setting(Choice(("default_price", "sales_price")), "default_price")
    sales_price_sync: bool = setting(Boolean(), default=False, scope="website")
    currency: str | None = setting(Text(optional=True), None, scope="website")
