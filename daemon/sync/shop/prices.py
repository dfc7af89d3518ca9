"""The prices of a product that depend on quantity and customer group."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPrice:
    """
    One tier.

    Attributes:
        quantity: from how many, 1 or more.
        price: the price of one, or with *is_discount* the percentage off, 0 to 100.
        group: code of the customer group; None: all groups.
        website: code of the website; None: all websites.
    """

    quantity: Decimal
    price: Decimal
    is_discount: bool = False
    group: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopTierPrices:
    """
    All tier prices of one product; an empty tuple takes them all away.

    Attributes:
        websites: codes of the websites that *tiers* are all of: those of others stay; None: of all websites.
    """

    sku: str
    tiers: tuple[TierPrice, ...]
    websites: tuple[str, ...] | None = None
